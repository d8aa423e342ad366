using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Data.Sqlite;

namespace Countinghouse.Copies;

public sealed class MoveTests
{
    [Fact]
    public async Task Everything_goes_on_in_PostgreSQL_where_it_was()
    {
        await using var world = await MoveWorld.Create();

        var moved = await world.Move();

        Assert.True(moved.Code == 0, moved.Error);
        Assert.DoesNotContain("Password", moved.Error);
        Assert.Equal(
            await MoveWorld.Number(world.Source, "SELECT COUNT(*) FROM audit_entry"),
            await MoveWorld.Number(world.Target, "SELECT COUNT(*) FROM audit_entry"));
        await using (var server = await world.ServeTarget())
        {
            // The same key, the same figures, the same ids are known, and the chain of the journal goes on.
            var clicks = new List<long> { await Clicks(server, world) };
            var again = await Click(server, world, world.Events[2]);
            clicks.Add(await Clicks(server, world));
            var fresh = await Click(server, world, Guid.CreateVersion7(server.Clock.Now).ToString());
            clicks.Add(await Clicks(server, world));
            Assert.Equal((200, 200), (again.Status, fresh.Status));
            Assert.Equal([5, 5, 6], clicks);
        }

        var verified = await TestProgram.Run(["verify", .. TestProgram.On(world.Target)]);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        Assert.Contains("6 events", verified.Error);
        Assert.Equal(0, await MoveWorld.Number(world.Target, "SELECT COUNT(*) FROM ingest_batch_other"));
    }

    [Fact]
    public async Task The_file_is_refused_from_then_on_until_the_move_is_undone()
    {
        await using var world = await MoveWorld.Create(clicks: 1);
        var moved = await world.Move();
        Assert.True(moved.Code == 0, moved.Error);

        var refused = await world.Serve();
        var again = await world.Move();
        var undone = await world.Move("--undo");
        var verified = await TestProgram.Run("verify", "--data", world.Folder);

        Assert.Equal(1, refused.Code);
        Assert.Contains("was moved to PostgreSQL", Assert.Single(refused.ErrorLines));
        Assert.Equal(1, again.Code);
        Assert.Contains("not empty", again.Error);
        Assert.Equal(0, undone.Code);
        Assert.Contains("Never serve both", undone.Error);
        Assert.Equal(0, verified.Code);
    }

    [Theory]
    [InlineData("move_source_marked:1", false)]
    [InlineData("move_before_commit:1", true)]
    [InlineData("move_before_commit:9", true)]
    [InlineData("move_after_commit:20", true)]
    [InlineData("move_before_marks:1", true)]
    [InlineData("move_between_marks:1", true)]
    public async Task A_move_that_was_killed_lets_nobody_serve_either_side_and_goes_on(string failpoint, bool isFilling)
    {
        await using var world = await MoveWorld.Create();

        await world.MoveAndDieAt(failpoint);
        var file = await world.Serve();
        var target = isFilling ? await world.Serve(target: true) : null;
        var moved = await world.Move();

        Assert.Equal(1, file.Code);
        Assert.Contains("move", Assert.Single(file.ErrorLines));
        Assert.True(target is null || (target.Code == 1 && target.Error.Contains("not finished")), target?.Error);
        Assert.True(moved.Code == 0, moved.Error);
        var verified = await TestProgram.Run(["verify", .. TestProgram.On(world.Target)]);
        Assert.True(verified.Code == 0, verified.Error + verified.Output);
        Assert.Contains("5 events", verified.Error);
        Assert.Equal(0, await MoveWorld.Number(
            world.Target, "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'move_progress'"));
    }

    [Fact]
    public async Task A_move_that_was_killed_can_be_undone()
    {
        await using var world = await MoveWorld.Create(clicks: 1);
        await world.MoveAndDieAt("move_after_commit:5");

        var undone = await world.Move("--undo");
        var again = await world.Move();
        var verified = await TestProgram.Run("verify", "--data", world.Folder);

        Assert.Equal(0, undone.Code);
        Assert.Equal(1, again.Code);
        Assert.Contains("before it was undone", again.Error);
        Assert.Equal(0, verified.Code);
    }

    [Fact]
    public async Task What_was_changed_on_the_way_is_found_and_nothing_is_switched_over()
    {
        await using var world = await MoveWorld.Create();
        await world.MoveAndDieAt("move_before_marks:1");
        await MoveWorld.Change(world.Target, "UPDATE organization SET name = name || '.' WHERE name = 'Retailer'");
        await world.Target.Database.DisposeAsync();

        var moved = await world.Move();
        var file = await world.Serve();

        Assert.Equal(1, moved.Code);
        Assert.Contains("The table organization is not the same", moved.Error);
        Assert.Contains("is not finished", file.Error);
    }

    [Fact]
    public async Task A_file_that_a_server_has_open_is_not_moved()
    {
        await using var world = await MoveWorld.Create(clicks: 1);
        await using var server = await TestProgram.Serve("--data", world.Folder);

        var moved = await world.Move();

        Assert.Equal(1, moved.Code);
        Assert.Contains("stop it first", moved.Error);
        Assert.Equal(0, await MoveWorld.Number(
            world.Source, "SELECT COUNT(*) FROM schema_migration WHERE number = 1000000"));
    }

    [Fact]
    public async Task A_target_that_a_server_works_on_or_that_has_rows_is_left_as_it_is()
    {
        await using var world = await MoveWorld.Create(clicks: 1);
        await using (var server = await TestProgram.Serve("--postgres", world.To))
        {
            var busy = await world.Move();
            Assert.Equal(1, busy.Code);
            Assert.Contains("server works on the target", busy.Error);
        }

        await using (var other = await TestDatabase.Create(Engine.Postgres, migrate: false))
        {
            await MoveWorld.Change(other, "CREATE TABLE somebodys (name text); INSERT INTO somebodys VALUES ('x')");
            await other.Database.DisposeAsync();
            var taken = await TestProgram.Run("move", "--to", other.Settings.Postgres!, "--data", world.Folder);
            Assert.Equal(1, taken.Code);
            Assert.Contains("somebodys has rows", taken.Error);
        }
    }

    [Fact]
    public async Task A_table_or_a_value_that_PostgreSQL_would_not_have_is_named()
    {
        await using var world = await MoveWorld.Create(clicks: 1);
        await MoveWorld.Change(world.Source, "CREATE TABLE notes (id integer PRIMARY KEY)");
        SqliteConnection.ClearAllPools();
        var extra = await world.Move();
        await MoveWorld.Change(world.Source, "DROP TABLE notes");
        await MoveWorld.Change(world.Source, "UPDATE organization SET created_at = 'soon' WHERE name = 'Retailer'");
        SqliteConnection.ClearAllPools();
        var wrong = await world.Move();

        Assert.Equal(1, extra.Code);
        Assert.Contains("notes.id is in the SQLite database alone", extra.Error);
        Assert.Equal(1, wrong.Code);
        Assert.Contains("has in created_at what is no long", wrong.Error);
        Assert.DoesNotContain("soon", wrong.Error);
    }

    [Theory]
    [InlineData("--to", "nonsense", "cannot be read")]
    [InlineData("--to", "Host=127.0.0.1;Port=1;Username=ads;Password=secret;Timeout=5", "cannot be used")]
    [InlineData("--data", "/nowhere", "no SQLite database")]
    [InlineData("--undo", "", "nothing was changed")]
    public async Task A_wrong_word_is_one_line_without_the_password(string option, string value, string expected)
    {
        await using var world = await MoveWorld.Create(clicks: 0);
        string[] data = option == "--data" ? [] : ["--data", world.Folder];

        string[] words = value.Length > 0 ? [option, value] : [option];
        var ended = await TestProgram.Run(["move", .. words, .. data]);

        Assert.Equal(1, ended.Code);
        Assert.Contains(expected, Assert.Single(ended.ErrorLines));
        Assert.DoesNotContain("secret", ended.Error);
    }

    private static async Task<long> Clicks(TestServer server, MoveWorld world) =>
        (await server.GetJson($"reporting/campaigns/{world.Campaign}/summary", world.Key))
        .GetProperty("clicks").GetInt64();

    private static Task<Answer> Click(TestServer server, MoveWorld world, string id) => server.Send(
        HttpMethod.Post,
        "ads/click",
        world.Key,
        new
        {
            campaign_id = world.Campaign,
            event_id = id,
            client = new { ip = Market.NewShopper(), user_agent = Market.Browser },
        });
}
