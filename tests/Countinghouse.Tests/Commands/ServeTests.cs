using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public abstract class ServeContract(Engine engine)
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_server_asked_to_stop_ends_cleanly(string signal)
    {
        await using var database = await TestDatabase.Create(engine, migrate: false);
        await using var server = await TestProgram.Serve(TestProgram.On(database));
        using var client = new HttpClient { BaseAddress = server.Origin };
        using var answer = await client.GetAsync("/advertising/api/v1/nothing");
        var clock = Stopwatch.StartNew();

        server.Signal(signal);
        var ended = await server.End();

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal((0, "", ""), (ended.Code, ended.Output, ended.Error));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"It took {clock.Elapsed}.");
        Assert.Empty(server.FilesLeft);
    }

    [Fact]
    public async Task A_database_of_a_newer_program_is_left_alone()
    {
        await using var database = await TestDatabase.Create(engine);
        await database.Database.Write(
            connection => connection.Execute(
                "INSERT INTO schema_migration (number, name, applied_at) VALUES (9000, 'later', 0)",
                CancellationToken.None),
            CancellationToken.None);

        var ended = await TestProgram.Run(["--urls", "http://127.0.0.1:0", .. TestProgram.On(database)]);

        Assert.Equal(1, ended.Code);
        Assert.Contains("9000", Assert.Single(ended.ErrorLines));
    }
}

public sealed class SqliteServe() : ServeContract(Engine.Sqlite);

public sealed class PostgresServe() : ServeContract(Engine.Postgres);

public sealed class ServeFailureTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-serve-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task A_taken_port_is_one_line_before_anything_is_done(string host)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var ended = await TestProgram.Run("--urls", $"http://{host}:{port}", "--data", _folder.FullName);

        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.StartsWith($"Port {port} is already taken;", Assert.Single(ended.ErrorLines));
        Assert.Empty(_folder.EnumerateFiles());
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("Host=127.0.0.1;Colour=secret")]
    [InlineData("Host=127.0.0.1;Port=1;Username=ads;Password=secret;Timeout=5")]
    public async Task A_database_that_cannot_be_reached_is_one_line_without_the_password(string postgres)
    {
        var ended = await TestProgram.Run("--urls", "http://127.0.0.1:0", "--postgres", postgres);

        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.DoesNotContain("secret", Assert.Single(ended.ErrorLines));
    }

    [Fact]
    public async Task A_data_directory_that_is_a_file_is_one_line()
    {
        var file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "");

        var ended = await TestProgram.Run("--urls", "http://127.0.0.1:0", "--data", file);

        Assert.Equal(1, ended.Code);
        Assert.Contains(file, Assert.Single(ended.ErrorLines));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_one_line()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "countinghouse.db"), new string('x', 5000));

        var ended = await TestProgram.Run("--urls", "http://127.0.0.1:0", "--data", _folder.FullName);

        Assert.Equal(1, ended.Code);
        Assert.Contains("not a database", Assert.Single(ended.ErrorLines));
    }

    [Fact]
    public async Task Every_invalid_setting_is_named_before_the_database_is_touched()
    {
        var environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_Http__ErrorTypeBase"] = "nonsense",
            ["COUNTINGHOUSE_Http__TrustedProxies"] = "10.0.0.1, 1..2",
            ["COUNTINGHOUSE_RevenueShare__DefaultFeeRate"] = "a lot",
        };

        var ended = await TestProgram.Run(environment, "--urls", "http://127.0.0.1:0", "--data", _folder.FullName);

        Assert.Equal(1, ended.Code);
        Assert.Contains("Http:ErrorTypeBase", ended.Error);
        Assert.Contains("Http:TrustedProxies", ended.Error);
        Assert.Contains("RevenueShare:DefaultFeeRate", ended.Error);
        Assert.DoesNotContain("   at ", ended.Error);
        Assert.Empty(_folder.EnumerateFiles());
    }
}
