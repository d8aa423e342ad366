using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

/// <summary>
/// A database with an advertiser and campaigns, at the present: for files that go in and out by the real program, which
/// has no other clock.
/// </summary>
internal sealed class TransferWorld : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-transfer-");

    private TransferWorld(TestDatabase storage, TestServer server)
    {
        Storage = storage;
        Server = server;
    }

    public TestDatabase Storage { get; }

    public TestServer Server { get; }

    public Market Market { get; private set; } = null!;

    public string[] On => TestProgram.On(Storage);

    public DateTimeOffset Now => Server.Clock.Now;

    public static async Task<TransferWorld> Create(Engine engine)
    {
        var storage = await TestDatabase.Create(engine);
        var clock = new TestClock { Now = TimeProvider.System.GetUtcNow() };
        var server = await TestServer.Start(engine, clock, shared: storage);
        var world = new TransferWorld(storage, server);
        world.Market = await Market.Open(server);
        return world;
    }

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Writes a file of lines; compressed when its name ends in .gz.</summary>
    public string Write(string name, IEnumerable<string> lines)
    {
        var path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        using Stream stream = name.EndsWith(".gz") ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
        return path;
    }

    public static string[] ReadLines(string path)
    {
        using var file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz") ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>A time so many seconds ago, as files have it.</summary>
    public string Ago(double seconds) => Instant.Of(Now.AddSeconds(-seconds)).ToString();

    public Task<Ended> Import(params string[] arguments) => TestProgram.Run(["import", .. arguments, .. On]);

    public Task<Ended> Export(params string[] arguments) => TestProgram.Run(["export", .. arguments, .. On]);

    /// <summary>
    /// As the server reports it once it has noticed what another process wrote: a second later at most.
    /// </summary>
    public async Task<JsonElement> Summary(string campaign)
    {
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        return await Market.Summary(campaign);
    }

    /// <summary>
    /// An import stands still when it says for the second time how far it is, and can be killed there.
    /// </summary>
    public Task HoldSecondSave() => Execute(Storage.Database.Engine switch
    {
        Engine.Sqlite =>
            "CREATE TRIGGER held BEFORE UPDATE ON import_progress BEGIN SELECT COUNT(*) FROM sqlite_master a, "
            + "sqlite_master b, sqlite_master c, sqlite_master d, sqlite_master e, sqlite_master f; END",
        Engine.Postgres =>
            "CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS "
            + "'BEGIN PERFORM pg_sleep(600); RETURN NEW; END'; "
            + "CREATE TRIGGER held BEFORE UPDATE ON import_progress FOR EACH ROW EXECUTE FUNCTION held()",
    });

    /// <summary>To be called when what stood still was killed.</summary>
    public Task ReleaseSaves() => Execute(Storage.Database.Engine switch
    {
        Engine.Sqlite => "DROP TRIGGER held",
        Engine.Postgres =>
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            + "WHERE datname = current_database() AND wait_event = 'PgSleep'; "
            + "DROP TRIGGER held ON import_progress",
    });

    public Task<long> Number(string sql) => Number(Storage.Database, sql);

    public static async Task<long> Number(Database database, string sql) =>
        await database.Read(connection => connection.Number(sql, default), default) ?? 0;

    /// <summary>The report's numbers by what they count, over all files.</summary>
    public static Dictionary<string, long> Outcomes(Ended ended) => ended.Output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
        .Select(line => line.Split('\t'))
        .GroupBy(cells => cells[1])
        .ToDictionary(
            outcome => outcome.Key,
            outcome => outcome.Sum(cells => long.Parse(cells[2], CultureInfo.InvariantCulture)));

    private Task Execute(string sql) => Storage.Database.Write(connection => connection.Execute(sql, default), default);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Storage.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
