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

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Storage.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
