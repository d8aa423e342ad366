using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

/// <summary>What is imported is recorded by the rules of the API, once, whatever happens on the way.</summary>
public abstract class ImportContract(Engine engine)
{
    [Theory]
    [InlineData("log.ndjson")]
    [InlineData("log.jsonl.gz")]
    [InlineData("log.csv")]
    [InlineData("log.csv.gz")]
    public async Task Events_of_a_file_are_judged_charged_and_counted(string name)
    {
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign(bid: "0.50");
        var offer = world.Market.Offers[0];
        (string, string?)[] Event(string kind, double ago, string agent = Market.Browser) =>
        [
            ("kind", kind), ("campaign_id", campaign), ("offer_id", offer), ("event_id", null),
            ("occurred_at", world.Ago(ago)), ("ip", Market.NewShopper()), ("user_agent", agent),
        ];

        var ended = await world.Import(world.Write(name, Lines(name, [
            Event("impression", 600), Event("click", 500), Event("click", 400),
            Event("impression", 300, "Googlebot/2.1"),
            Event("impression", 200), Event("impression", 200),
        ])));

        Assert.True(ended.Code == 0, ended.Error);
        Assert.Equal(
            new Dictionary<string, long> { ["read"] = 6, ["accepted"] = 6, ["duplicate"] = 0 },
            TransferWorld.Outcomes(ended));
        var summary = await world.Summary(campaign);
        Assert.Equal(3, summary.GetProperty("impressions").GetInt64());
        Assert.Equal(1, summary.GetProperty("invalid_impressions").GetInt64());
        Assert.Equal(2, summary.GetProperty("clicks").GetInt64());
        Assert.Equal("1.00", summary.GetProperty("spend").GetString());
        Assert.Equal(
            Instant.Of(world.Now.AddSeconds(-600)).ToString(), summary.GetProperty("first_event_at").GetString());
    }

    [Theory]
    [InlineData("log.ndjson")]
    [InlineData("log.csv")]
    public async Task Rejected_lines_are_listed_with_the_reason_and_without_what_they_say(string name)
    {
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign();
        var draft = await world.Market.NewCampaign(activate: false);
        var id = world.Market.NewEventId();
        (string, string?)[] Event(params (string, string?)[] changes) => Click(world, campaign, changes);
        var lines = Lines(name, [
            Event(("event_id", id)),
            Event(("event_id", id)),
            Event(("event_id", id), ("kind", "impression")),
            Event(("campaign_id", draft)),
            Event(("campaign_id", "WmsG2qe2XXxacqiqo2MfnY")),
            Event(("offer_id", "WmsG2qe2XXxacqiqo2MfnY")),
            Event(("occurred_at", world.Ago(36 * 86_400))),
            Event(("occurred_at", world.Ago(-400))),
            Event(("occurred_at", "yesterday")),
            Event(("event_id", Guid.CreateVersion7(world.Now.AddDays(-36)).ToString())),
            Event(("kind", "view")),
            Event(("kind", null)),
            Event(("campaign_id", null)),
            Event(("ip", new string('9', 46))),
            Event(("user_agent", name.EndsWith(".csv") ? "a\0b" : "a\\u0000b")),
        ]).Append(name.EndsWith(".csv") ? "too,few" : "{\"kind\":").ToList();
        var rejects = world.PathOf("rejects.csv");

        var ended = await world.Import(world.Write(name, lines), "--rejects", rejects);

        Assert.Equal(1, ended.Code);
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["read"] = 16,
                ["accepted"] = 1,
                ["duplicate"] = 1,
                ["conflict"] = 1,
                ["unknown_campaign"] = 2,
                ["unknown_offer"] = 1,
                ["out_of_range"] = 2,
                ["expired"] = 1,
                ["invalid"] = 6,
                ["malformed"] = 1,
            },
            TransferWorld.Outcomes(ended));
        var listed = TransferWorld.ReadLines(rejects);
        var first = name.EndsWith(".csv") ? 2 : 1;
        Assert.Equal("file,line,code,reason", listed[0]);
        Assert.Equal(
            [
                (2, "conflict"), (3, "unknown_campaign"), (4, "unknown_campaign"), (5, "unknown_offer"),
                (6, "out_of_range"), (7, "out_of_range"), (8, "invalid"), (9, "expired"), (10, "invalid"),
                (11, "invalid"), (12, "invalid"), (13, "invalid"), (14, "invalid"), (15, "malformed"),
            ],
            listed.Skip(1).Select(line => line.Split(',')).Select(cells => (int.Parse(cells[1]) - first, cells[2])));
        Assert.Contains("occurred_at must be a time as RFC 3339", listed[7]);
        Assert.Contains("kind is required", listed[10]);
        Assert.DoesNotContain(listed, line => line.Contains("203.0.113") || line.Contains("SecretAgent"));
        Assert.DoesNotContain("203.0.113", ended.Error);
    }

    [Fact]
    public async Task A_killed_import_goes_on_where_it_was_and_counts_every_event_once()
    {
        const int lines = 50_000;
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign("cpm", "1.00", budget: "1000.00");

        // Every other one has an id of its own; the times are a day's, oldest first.
        var path = world.Write("log.ndjson", Enumerable.Range(0, lines).Select(number =>
            $"{{\"kind\":\"impression\",\"campaign_id\":\"{campaign}\",\"occurred_at\":\""
            + world.Ago(90_000 - number) + "\""
            + (number % 2 == 0 ? $",\"event_id\":\"{NamedId.Create($"event {number}")}\"" : "") + "}"));
        await world.HoldSecondSave();
        await using (var killed = TestProgram.Start(["import", path, .. world.On]))
        {
            while (!killed.HasEnded && await world.Number("SELECT COUNT(*) FROM import_progress") == 0)
            {
                await Task.Delay(5);
            }

            killed.Signal("KILL");
            Assert.Equal(137, (await killed.End()).Code);
        }

        await world.ReleaseSaves();
        var done = await world.Number("SELECT MAX(line_count) FROM import_progress");
        Assert.InRange(done, 1, lines - 1);

        var ended = await world.Import(path);

        Assert.True(ended.Code == 0, ended.Error);
        Assert.Contains("goes on after line", ended.Error);
        var outcomes = TransferWorld.Outcomes(ended);
        Assert.Equal(lines, outcomes["read"]);
        Assert.Equal(lines, outcomes["accepted"] + outcomes["duplicate"]);
        var summary = await world.Summary(campaign);
        Assert.Equal(lines, summary.GetProperty("impressions").GetInt64());
        Assert.Equal("50.00", summary.GetProperty("spend").GetString());

        // Once done it stays done, and beginning anew counts nothing either.
        Assert.Contains("was imported before", (await world.Import(path)).Error);
        Assert.Equal(lines, TransferWorld.Outcomes(await world.Import(path, "--restart"))["duplicate"]);
        Assert.Equal(lines, (await world.Summary(campaign)).GetProperty("impressions").GetInt64());
    }

    [Fact]
    public async Task Lines_without_ids_are_known_again_when_the_file_has_grown_or_was_mended()
    {
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign();
        var lines = Enumerable.Range(0, 5).Select(number =>
            $"{{\"kind\":\"impression\",\"campaign_id\":\"{campaign}\",\"occurred_at\":\"{world.Ago(number)}\"}}")
            .ToList();

        await world.Import(world.Write("day.ndjson", [.. lines, "broken", lines[0]]));
        var again = await world.Import(world.Write("copy/day.ndjson.gz", [.. lines, lines[1], lines[0], lines[2]]));
        var other = await world.Import(world.Write("other.ndjson", lines));

        // Line 6 is mended, line 8 is new; the same lines in a file of another name are other events.
        Assert.Equal((2, 6), (TransferWorld.Outcomes(again)["accepted"], TransferWorld.Outcomes(again)["duplicate"]));
        Assert.Equal(5, TransferWorld.Outcomes(other)["accepted"]);
        Assert.Equal(13, (await world.Summary(campaign)).GetProperty("impressions").GetInt64());
    }

    [Fact]
    public async Task Another_organizations_events_are_rejected_when_one_is_named()
    {
        await using var world = await TransferWorld.Create(engine);
        var stranger = await Market.Open(world.Server);
        var own = await world.Market.NewCampaign();
        var foreign = await stranger.NewCampaign();
        var path = world.Write("log.ndjson", new[] { own, foreign, own }.Select(campaign =>
            $"{{\"kind\":\"click\",\"campaign_id\":\"{campaign}\"}}"));

        var ended = await world.Import(path, "--organization", world.Market.Advertiser.ToString());

        Assert.Equal(1, ended.Code);
        Assert.Equal(
            (2, 1), (TransferWorld.Outcomes(ended)["accepted"], TransferWorld.Outcomes(ended)["unknown_campaign"]));
        Assert.Equal(0, (await stranger.Summary(foreign)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task An_export_makes_the_same_figures_elsewhere()
    {
        await using var world = await TransferWorld.Create(engine);
        var clicks = await world.Market.NewCampaign(bid: "0.30", budget: "2.00");
        var views = await world.Market.NewCampaign("cpm", "5.00");
        await using var copy = await TestDatabase.Create(engine);
        await Copy(world.Storage.Database, copy.Database);
        for (var number = 0; number < 12; number++)
        {
            var agent = number % 4 == 1 ? "Googlebot/2.1" : Market.Browser;
            await world.Market.Click(clicks, offer: world.Market.Offers[0], at: world.Ago(number), agent: agent);
            await world.Market.Click(views, at: world.Ago(86_400 * number), agent: agent);
            await world.Market.Impressions(new { campaign_id = views, offer_id = world.Market.Offers[1] });
        }

        foreach (var name in new[] { "all.ndjson.gz", "all.csv" })
        {
            var file = world.PathOf(name);
            Assert.Equal(0, (await world.Export("events", "--output", file)).Code);
            var imported = await TestProgram.Run(["import", file, .. TestProgram.On(copy)]);
            Assert.True(imported.Code == 0, imported.Error);

            // The second file has the events of the first.
            Assert.Equal(36, TransferWorld.Outcomes(imported)[name.EndsWith("gz") ? "accepted" : "duplicate"]);
        }

        await world.Export("rollups");
        foreach (var figures in new[]
        {
            "SELECT campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks, "
                + "invalid_impressions, invalid_clicks, unbilled_clicks, charge_micro FROM stat_hourly "
                + "ORDER BY 1, 2, 3",
            "SELECT campaign_id, impressions, clicks, invalid_impressions, invalid_clicks, unbilled_clicks, "
                + "charge_micro, first_event_at, last_event_at FROM campaign_total ORDER BY 1",
            "SELECT campaign_id, spent_micro FROM campaign_budget ORDER BY 1",
            "SELECT campaign_id, status FROM campaign ORDER BY 1",
        })
        {
            var expected = await Rows(world.Storage.Database, figures);
            Assert.NotEmpty(expected);
            Assert.Equal(expected, await Rows(copy.Database, figures));
        }
    }

    /// <summary>A click a minute ago, with some members different.</summary>
    private static (string, string?)[] Click(
        TransferWorld world, string campaign, params (string, string?)[] changes)
    {
        var members = new Dictionary<string, string?>
        {
            ["kind"] = "click",
            ["campaign_id"] = campaign,
            ["offer_id"] = null,
            ["event_id"] = null,
            ["occurred_at"] = world.Ago(60),
            ["ip"] = "203.0.113.77",
            ["user_agent"] = "SecretAgent/7",
        };
        foreach (var (member, value) in changes)
        {
            members[member] = value;
        }

        return [.. members.Select(member => (member.Key, member.Value))];
    }

    private static IEnumerable<string> Lines(string name, IReadOnlyList<(string Member, string? Value)[]> events)
    {
        if (name.Contains(".csv"))
        {
            return events
                .Select(members => string.Join(',', members.Select(member => $"\"{member.Value}\"")))
                .Prepend(string.Join(',', events[0].Select(member => member.Member)));
        }

        return events.Select(members => "{" + string.Join(',', members.Select(member =>
            $"\"{member.Member}\":" + (member.Value is { } value ? $"\"{value}\"" : "null"))) + "}");
    }

    private static async Task Copy(Database from, Database to)
    {
        foreach (var table in new[]
        {
            "organization", "ingest_head", "projection", "location", "offer", "campaign", "campaign_offer",
            "campaign_budget", "campaign_total",
        })
        {
            var rows = await from.Read(
                connection => connection.Query(
                    $"SELECT * FROM {table}",
                    row => new TestRow(table, Enumerable.Range(0, row.FieldCount).ToDictionary(
                        row.GetName, column => row.IsDBNull(column) ? null : row.GetValue(column))!),
                    default),
                default);
            await to.Write(
                async connection =>
                {
                    foreach (var row in rows)
                    {
                        await row.Insert(connection);
                    }
                },
                default);
        }
    }

    private static Task<List<string>> Rows(Database database, string sql) => database.Read(
        connection => connection.Query(
            sql, row => string.Join('|', Enumerable.Range(0, row.FieldCount).Select(i => $"{row[i]}")), default),
        default);
}

public sealed class SqliteImport() : ImportContract(Engine.Sqlite);

public sealed class PostgresImport() : ImportContract(Engine.Postgres);

public sealed class ImportFailureTests : IAsyncLifetime
{
    private const string Good =
        "{\"kind\":\"click\",\"campaign_id\":\"WmsG2qe2XXxacqiqo2MfnY\",\"occurred_at\":\"2026-08-15T11:30:00Z\"}";

    private TransferWorld? _world;

    private TransferWorld World => _world!;

    public async Task InitializeAsync() => _world = await TransferWorld.Create(Engine.Sqlite);

    public async Task DisposeAsync() => await World.DisposeAsync();

    [Theory]
    [InlineData("missing.csv", null, "missing.csv")]
    [InlineData(".", null, "is a directory")]
    [InlineData("log.txt", "kind", "--format")]
    [InlineData("log.csv", "", "no header")]
    [InlineData("log.csv", "kind,campain_id", "'campain_id'")]
    [InlineData("log.csv", "click,WmsG2qe2XXxacqiqo2MfnY,203.0.113.9", "unknown column")]
    [InlineData("log.csv", "kind,kind,campaign_id", "twice")]
    [InlineData("log.csv", "kind,event_id", "campaign_id")]
    [InlineData("log.csv", "\u0001\u0002\u0000\ufffd\u0007", "unknown column")]
    [InlineData("log.csv", "<rubbish>", "log.csv")]
    [InlineData("log.ndjson", "<rubbish>", "not NDJSON")]
    [InlineData("log.ndjson", "[1]", "not NDJSON")]
    [InlineData("log.ndjson.gz", "<plain>", "not a gzip file")]
    [InlineData("log.ndjson.gz", "<damaged>", "damaged")]
    [InlineData("log.ndjson.gz", "<cut off>", "cut off")]
    [InlineData("log.csv.gz", "<cut off>", "cut off")]
    public async Task A_file_that_is_no_log_is_one_line(string name, string? content, string named)
    {
        var path = World.PathOf(name);
        if (content is not null)
        {
            File.WriteAllBytes(path, Bytes(name, content));
        }

        var ended = await World.Import(path);

        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(named, Assert.Single(ended.ErrorLines));
        Assert.DoesNotContain("203.0.113", ended.Error);
    }

    [Fact]
    public async Task What_came_before_the_damage_is_imported_and_the_rest_follows_from_the_whole_file()
    {
        var campaign = await World.Market.NewCampaign();
        var lines = Enumerable.Range(0, 30_000).Select(number =>
            $"{{\"kind\":\"impression\",\"campaign_id\":\"{campaign}\",\"occurred_at\":\"{World.Ago(number)}\"}}")
            .ToList();
        var path = World.Write("log.ndjson.gz", lines);
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);

        var broken = await World.Import(path);
        var before = (await World.Summary(campaign)).GetProperty("impressions").GetInt64();
        File.WriteAllBytes(path, whole);
        var mended = await World.Import(path);

        Assert.Contains("cut off", Assert.Single(broken.ErrorLines));
        Assert.InRange(before, 1, lines.Count - 1);
        Assert.True(mended.Code == 0, mended.Error);
        Assert.Equal(lines.Count, (await World.Summary(campaign)).GetProperty("impressions").GetInt64());
    }

    private byte[] Bytes(string name, string content)
    {
        var rubbish = new byte[5_000];
        new Random(7).NextBytes(rubbish);
        var lines = Enumerable.Repeat(Good, 5_000).Select((line, number) => $"{line} ".PadRight(110 + (number % 7)));
        var file = File.ReadAllBytes(World.Write("whole.gz", name.Contains(".csv") ? ["kind,campaign_id"] : lines));
        return content switch
        {
            "<rubbish>" => rubbish,
            "<plain>" => System.Text.Encoding.UTF8.GetBytes(Good),
            "<damaged>" => [.. file[..20], .. rubbish],
            "<cut off>" => file[..^5],
            _ => System.Text.Encoding.UTF8.GetBytes(content),
        };
    }
}
