using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Copies;

/// <summary>A SQLite database with events, that nobody has open, and an empty PostgreSQL database.</summary>
internal sealed class MoveWorld : IAsyncDisposable
{
    private MoveWorld(TestDatabase source, TestDatabase target) => (Source, Target) = (source, target);

    public TestDatabase Source { get; }

    public TestDatabase Target { get; }

    public string Campaign { get; private set; } = "";

    public string Key { get; private set; } = "";

    public OrganizationId Advertiser { get; private set; }

    public List<string> Events { get; } = [];

    public string Folder => Source.Settings.DataDirectory;

    public string To => Target.Settings.Postgres!;

    public static async Task<MoveWorld> Create(int clicks = 5)
    {
        var world = new MoveWorld(
            await TestDatabase.Create(Engine.Sqlite), await TestDatabase.Create(Engine.Postgres, migrate: false));
        var clock = new TestClock { Now = TimeProvider.System.GetUtcNow() };
        await using var server = await TestServer.Start(Engine.Sqlite, clock, shared: world.Source);
        var market = await Market.Open(server);
        (world.Advertiser, world.Key) = (market.Advertiser, market.AdvertiserKey);
        world.Campaign = await market.NewCampaign();
        for (var click = 0; click < clicks; click++)
        {
            world.Events.Add(market.NewEventId());
            await market.Click(world.Campaign, world.Events[^1]);
        }

        return world;
    }

    public Task<Ended> Move(params string[] more) =>
        TestProgram.Run(["move", "--to", To, "--data", Folder, .. more]);

    public Task MoveAndDieAt(string failpoint) =>
        TestProgram.RunInto(failpoint, "move", "--to", To, "--data", Folder);

    /// <summary>What a server says that is started on the file, or on the target.</summary>
    public Task<Ended> Serve(bool target = false) => TestProgram.Run(
        ["--urls", "http://127.0.0.1:0", "--no-demo", .. TestProgram.On(target ? Target : Source)]);

    /// <summary>A server on the target; to be disposed of.</summary>
    public Task<TestServer> ServeTarget() => TestServer.Start(
        Engine.Postgres, new TestClock { Now = TimeProvider.System.GetUtcNow() }, shared: Target);

    public static async Task<long> Number(TestDatabase database, string sql) =>
        await database.Database.Read(connection => connection.Number(sql, default), default) ?? 0;

    public static Task Change(TestDatabase database, string sql) =>
        database.Database.Write(connection => connection.Execute(sql, default), default);

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }
}
