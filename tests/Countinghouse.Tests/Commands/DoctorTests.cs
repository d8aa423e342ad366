using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public abstract class DoctorContract(Engine engine)
{
    private static readonly string[] Quiet = ["--urls", "http://127.0.0.1:0"];

    [Fact]
    public async Task A_database_in_use_is_found_in_order_and_its_server_is_known()
    {
        await using var database = await TestDatabase.Create(engine, migrate: false);
        await using var server = await TestProgram.Serve(TestProgram.On(database));
        Assert.Equal(0, (await TestProgram.Run(["verify", .. TestProgram.On(database)])).Code);

        var (code, found) = await Doctor(database, "--urls", server.Origin.ToString());

        Assert.Empty(found.Where(one => one.Level == "wrong" && one.Subject != "owner").Select(one => one.Text));
        Assert.Equal(found.Any(one => one.Level == "wrong") ? 1 : 0, code);
        Assert.Contains(found, one => one.Subject == "address" && one.Text.EndsWith("answered by Countinghouse"));
        Assert.Contains(found, one => one is { Subject: "verification", Level: "ok" } && one.Text.StartsWith("clean"));
        Assert.Contains(found, one => one is { Subject: "schema", Level: "ok" });
        Assert.Contains(found, one => one is { Subject: "rollups", Level: "ok" });
        Assert.Contains(found, one => one is { Subject: "journal", Level: "ok" });
    }

    [Fact]
    public async Task An_empty_database_stays_empty()
    {
        await using var database = await TestDatabase.Create(engine, migrate: false);
        await database.Database.Write(
            connection => connection.Execute("CREATE TABLE mine (id integer)", CancellationToken.None),
            CancellationToken.None);

        var (_, found) = await Doctor(database, Quiet);

        Assert.Contains(found, one => one is { Subject: "schema", Level: "note" } && one.Text.Contains("empty"));
        var tables = await database.Database.Read(
            connection => connection.Number(
                engine == Engine.Postgres
                    ? "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"
                    : "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'",
                CancellationToken.None),
            CancellationToken.None);
        Assert.Equal(1, tables);
    }

    [Theory]
    [InlineData("INSERT INTO schema_migration (number, name, applied_at) VALUES (9000, 'later', 0)", "schema")]
    [InlineData(
        """
        INSERT INTO verification (verification_id, trigger_name, state, started_at, finished_at, organization_count,
                                  batch_count, event_count, difference_count, differences)
        VALUES ('01890000-0000-7000-8000-000000000001', 'test', 'different', 1, 2, 1, 1, 1, 1, '[]')
        """,
        "verification")]
    public async Task What_is_wrong_with_the_books_is_said(string harm, string subject)
    {
        await using var database = await TestDatabase.Create(engine);
        await Harm(database, harm);

        var (code, found) = await Doctor(database, Quiet);

        Assert.Equal(1, code);
        Assert.Contains(found, one => one is { Level: "wrong" } && one.Subject == subject && one.Advice.Length > 0);
    }

    [Fact]
    public async Task Wrong_settings_are_findings_among_the_others()
    {
        await using var database = await TestDatabase.Create(engine);

        var (code, found) = await Doctor(
            database, "--urls", "http://127.0.0.1:0", "--set", "Ingest:VerifyAtHourUtc=25", "--set", "Nonsense=1");

        Assert.Equal(1, code);
        Assert.Contains(found, one => one.Subject == "settings" && one.Text.StartsWith("Ingest:VerifyAtHourUtc is"));
        Assert.Contains(found, one => one.Subject == "settings" && one.Text.StartsWith("There is no setting Nonsense"));
        Assert.Contains(found, one => one is { Subject: "schema", Level: "ok" });
    }

    protected static Task Harm(TestDatabase database, string sql) => database.Database.Write(
        connection => connection.Execute(sql, CancellationToken.None), CancellationToken.None);

    protected static Task<(int Code, List<Found> Found)> Doctor(TestDatabase database, params string[] arguments) =>
        DoctorHostTests.Doctor(null, [.. TestProgram.On(database), .. arguments]);
}

/// <summary>A line of the doctor's, as JSON has it.</summary>
public sealed record Found(string Level, string Subject, string Text, string Advice);

public sealed class SqliteDoctor() : DoctorContract(Engine.Sqlite)
{
    [Fact]
    public async Task Looking_changes_no_byte_of_the_file()
    {
        await using var database = await TestDatabase.Create(Engine.Sqlite);
        await database.Database.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        var before = SHA256.HashData(await File.ReadAllBytesAsync(database.File));

        var (_, found) = await Doctor(database, "--urls", "http://127.0.0.1:0");

        Assert.Contains(found, one => one is { Subject: "file", Level: "ok" });
        Assert.Equal(before, SHA256.HashData(await File.ReadAllBytesAsync(database.File)));
    }

    [Fact]
    public async Task A_file_that_everybody_can_read_is_wrong()
    {
        await using var database = await TestDatabase.Create(Engine.Sqlite);
        DoctorHostTests.SetMode(database.Settings.DataDirectory, 0b111_101_101);
        DoctorHostTests.SetMode(database.File, 0b110_100_100);

        var (code, found) = await Doctor(database, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, code);
        Assert.Contains(found, one => one is { Subject: "owner", Level: "wrong" } && one.Advice.StartsWith("chmod"));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_one_finding()
    {
        var folder = Directory.CreateTempSubdirectory("countinghouse-doctor-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "countinghouse.db"), new string('x', 5000));

        var (code, found) = await DoctorHostTests.Doctor(
            null, "--data", folder.FullName, "--urls", "http://127.0.0.1:0");
        folder.Delete(recursive: true);

        Assert.Equal(1, code);
        Assert.Contains("not a database", Assert.Single(found, one => one.Level == "wrong").Text);
    }
}

public sealed class PostgresDoctor() : DoctorContract(Engine.Postgres)
{
    [Theory]
    [InlineData("SET synchronous_commit = off", "synchronous_commit")]
    [InlineData("SET default_transaction_read_only = on", "read only")]
    public async Task A_server_that_loses_or_refuses_is_wrong(string setting, string subject)
    {
        await using var database = await TestDatabase.Create(Engine.Postgres);
        var name = new Npgsql.NpgsqlConnectionStringBuilder(database.Settings.Postgres).Database;
        await Harm(database, $"ALTER DATABASE {name} {setting}");

        var (code, found) = await Doctor(database, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, code);
        Assert.Contains(found, one => one.Level == "wrong" && one.Subject == subject);
    }

    [Fact]
    public async Task More_nodes_than_the_server_has_connections_for_are_wrong()
    {
        await using var database = await TestDatabase.Create(Engine.Postgres);

        var (code, found) = await Doctor(database, "--urls", "http://127.0.0.1:0", "--nodes", "1000");

        Assert.Equal(1, code);
        Assert.Contains(found, one => one is { Subject: "connections", Level: "wrong" } && one.Text.Contains("1000 x"));
    }

    [Fact]
    public async Task Without_a_partition_for_the_coming_month_something_is_wrong()
    {
        await using var database = await TestDatabase.Create(Engine.Postgres);
        Assert.Equal(0, (await TestProgram.Run(["verify", .. TestProgram.On(database)])).Code);
        var (_, before) = await Doctor(database, "--urls", "http://127.0.0.1:0");
        await Harm(
            database,
            """
            DO $$ DECLARE month record; BEGIN
                FOR month IN SELECT inhrelid::regclass AS name FROM pg_inherits
                    WHERE inhparent = 'ingest_batch'::regclass AND inhrelid <> 'ingest_batch_other'::regclass
                LOOP EXECUTE 'DROP TABLE ' || month.name; END LOOP;
            END $$
            """);

        var (code, after) = await Doctor(database, "--urls", "http://127.0.0.1:0");

        Assert.Contains(before, one => one is { Subject: "months", Level: "ok" });
        Assert.Equal(1, code);
        Assert.Contains(after, one => one is { Subject: "months", Level: "wrong" });
    }

    [Theory]
    [InlineData("Host=/nowhere;Username=x;Password=never_shown", "database")]
    [InlineData("Host=/nowhere;Pasword=never_shown", "settings")]
    public async Task A_server_that_is_not_there_is_one_finding_without_the_password(string postgres, string subject)
    {
        var ended = await TestProgram.Run(
            "doctor", "--postgres", postgres, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Error);
        Assert.Contains(ended.Output.Split('\n'), line => line.StartsWith($"WRONG  {subject}: "));
        Assert.DoesNotContain("never_shown", ended.Output);
        Assert.DoesNotContain("   at ", ended.Output);
    }
}

public sealed class DoctorHostTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-doctor-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_configuration_file_with_secrets_is_not_for_everybody()
    {
        var file = Path.Combine(_folder.FullName, "c.json");
        await File.WriteAllTextAsync(file, """{ "Accounts": { "SmtpPassword": "never_shown" } }""");
        string[] arguments = ["--config", file, "--data", _folder.FullName, "--urls", "http://127.0.0.1:0"];

        SetMode(file, 0b110_100_100);
        var open = await Doctor(null, arguments);
        SetMode(file, 0b110_100_000);
        var closed = await Doctor(null, arguments);

        Assert.Equal(1, open.Code);
        Assert.Contains(open.Found, one => one is { Subject: "secret file", Level: "wrong" });
        Assert.Equal(0, closed.Code);
        Assert.Contains(closed.Found, one => one is { Subject: "secret file", Level: "ok" });
    }

    [Fact]
    public async Task A_port_that_another_program_has_is_wrong()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();

        var (code, found) = await Doctor(
            null, "--data", _folder.FullName, "--urls", $"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}");

        Assert.Equal(1, code);
        Assert.Contains("already taken", Assert.Single(found, one => one.Level == "wrong").Text);
    }

    [Fact]
    public async Task A_machine_without_a_database_is_no_error_and_gets_none()
    {
        var ended = await TestProgram.Run("doctor", "--data", _folder.FullName, "--urls", "http://127.0.0.1:0");

        Assert.Equal((0, ""), (ended.Code, ended.Error));
        Assert.EndsWith("Nothing is wrong.\n", ended.Output);
        Assert.Contains("NOTE   database: there is none", ended.Output);
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public async Task Health_says_whether_a_server_is_ready()
    {
        await using var server = await TestProgram.Serve("--data", _folder.FullName);

        var ready = await TestProgram.Run("health", "--url", server.Origin.ToString());
        var byUrls = await TestProgram.Run("health", "--urls", server.Origin.ToString().TrimEnd('/'));
        server.Signal("TERM");
        await server.End();
        var gone = await TestProgram.Run("health", "--url", server.Origin.ToString());

        Assert.Equal((0, "ready\n"), (ready.Code, ready.Output));
        Assert.Equal((0, "ready\n"), (byUrls.Code, byUrls.Output));
        Assert.Equal((1, ""), (gone.Code, gone.Output));
        Assert.StartsWith("Not ready: ", Assert.Single(gone.ErrorLines));
    }

    internal static void SetMode(string path, int mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)mode);
        }
    }

    internal static async Task<(int Code, List<Found> Found)> Doctor(
        IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        var ended = await TestProgram.Run(environment, ["doctor", "--json", .. arguments]);
        Assert.Empty(ended.Error);
        var found = JsonDocument.Parse(ended.Output).RootElement.EnumerateArray()
            .Select(one => new Found(
                one.GetProperty("level").GetString()!,
                one.GetProperty("subject").GetString()!,
                one.GetProperty("text").GetString()!,
                one.GetProperty("advice").GetString() ?? ""))
            .ToList();
        return (ended.Code, found);
    }
}
