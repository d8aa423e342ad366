using System.Text.Json;
using Countinghouse.Commands.Exporting;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

/// <summary>What other programs read: every row, and columns that stay.</summary>
public abstract class ExportContract(Engine engine)
{
    [Fact]
    public async Task Every_event_is_a_row_with_its_verdict_and_its_charge()
    {
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign(bid: "0.50", budget: "0.50");
        var id = world.Market.NewEventId();
        await world.Market.Click(campaign, id, world.Market.Offers[0], world.Ago(90));
        await world.Market.Click(campaign, agent: "curl/8.5.0");
        await world.Market.Click(campaign);
        await world.Market.Impressions(new { campaign_id = campaign });

        var ended = await world.Export("events");
        var rows = ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.True(ended.Code == 0, ended.Error);
        Assert.Equal(4, rows.Count);
        Assert.Equal(Exporter.EventColumns, rows[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            [
                world.Market.Advertiser.ToString(), ShortUuid.Format(Guid.Parse(id)), "click", campaign,
                world.Market.Offers[0], world.Market.Retailer.ToString(), world.Ago(90),
                Instant.Of(world.Now).ToString(), UtcDay.Of(world.Now.AddSeconds(-90)).ToString(), "valid", null,
                "500000", "500000", "1",
            ],
            new[]
            {
                "organization_id", "event_id", "kind", "campaign_id", "offer_id", "retailer_id", "occurred_at",
                "received_at", "billing_day", "validity", "reason", "price_micros", "charge_micros", "batch_no",
            }.Select(name => Text(rows[0].GetProperty(name))));
        Assert.Equal(
            [("valid", null), ("general", "non_browser_agent"), ("valid", "not_running"), ("valid", null)],
            rows.Select(row => (Text(row.GetProperty("validity"))!, Text(row.GetProperty("reason")))));
        Assert.Equal(
            ["500000", "0", "0", "0"], rows.Select(row => Text(row.GetProperty("charge_micros"))));
        Assert.Equal(["null", "null", "null"], rows.Skip(1).Select(row => row.GetProperty("offer_id").GetRawText()));
    }

    [Theory]
    [InlineData("events")]
    [InlineData("rollups")]
    [InlineData("shares")]
    public async Task Csv_has_what_ndjson_has(string what)
    {
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign();
        await world.Market.Click(campaign, offer: world.Market.Offers[0]);
        await world.Market.Click(campaign, at: world.Ago(7200));
        await new RevenueShare.Books(world.Storage.Database).Execute(
            "INSERT INTO revenue_share (org_id, share_id, period, event_gross_micro, adjustment_micro, "
                + "carry_in_micro, carry_out_micro, gross_cents, fee_cents, share_cents, fee_ppm, status, revision, "
                + "stripe_transfer_id, "
                + "metadata, created_at, updated_at) VALUES (@org, @share, 202607, 1005000, 0, 0, 5000, 100, 15, 85, "
                + "150000, 'CALCULATED', 1, '', '{}', 1, 1)",
            ("org", world.Market.Retailer),
            ("share", NamedId.Create("share")));
        var (json, csv) = (world.PathOf("all.ndjson.gz"), world.PathOf("all.csv"));

        Assert.Equal(0, (await world.Export(what, "--output", json)).Code);
        Assert.Equal(0, (await world.Export(what, "--output", csv)).Code);

        var objects = TransferWorld.ReadLines(json).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var lines = TransferWorld.ReadLines(csv);
        Assert.NotEmpty(objects);
        Assert.Equal(string.Join(',', objects[0].EnumerateObject().Select(member => member.Name)), lines[0]);
        Assert.Equal(
            objects.Select(row => string.Join(',', row.EnumerateObject().Select(member => Text(member.Value)))),
            lines.Skip(1));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(csv)!, "*.partial"));
    }

    [Fact]
    public async Task Days_and_organization_choose_rows()
    {
        await using var world = await TransferWorld.Create(engine);
        var stranger = await Market.Open(world.Server);
        var campaign = await world.Market.NewCampaign();
        var foreign = await stranger.NewCampaign();
        foreach (var days in new[] { 0, 2, 4, 4 })
        {
            // Months before the organization was made are closed to its events; the days must not be of one.
            await world.Market.Click(campaign, at: world.Ago(86_400 * days));
        }

        await stranger.Click(foreign);
        var day = UtcDay.Of(world.Now);
        var booked = new[] { 0, 2, 4, 4 }
            .Select(days => day.AddDays(-days) is var that && that.Period == day.Period ? that : day).ToList();

        Assert.Equal(5, await Count(world, "events"));
        Assert.Equal(1, await Count(world, "events", "--organization", stranger.Advertiser.ToString()));
        Assert.Equal(
            booked.Count(that => that >= day.AddDays(-2)) + 1,
            await Count(world, "events", "--from", day.AddDays(-2).ToString()));
        Assert.Equal(
            booked.Count(that => that <= day.AddDays(-2)),
            await Count(world, "events", "--to", day.AddDays(-2).ToString()));
        Assert.Equal(
            booked.Where(that => that <= day.AddDays(-1)).Distinct().Count(),
            await Count(world, "rollups", "--to", day.AddDays(-1).ToString()));
    }

    [Fact]
    public async Task Rollups_contain_every_event_recorded_before()
    {
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign();
        for (var click = 0; click < 20; click++)
        {
            await world.Market.Click(campaign, offer: world.Market.Offers[click % 2]);
        }

        var rows = (await world.Export("rollups")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.Equal(20, rows.Sum(row => row.GetProperty("clicks").GetInt64()));
        Assert.Equal(10_000_000, rows.Sum(row => row.GetProperty("charge_micros").GetInt64()));
    }

    private static async Task<int> Count(TransferWorld world, params string[] arguments)
    {
        var ended = await world.Export(arguments);
        Assert.True(ended.Code == 0, ended.Error);
        return ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };
}

public sealed class SqliteExport() : ExportContract(Engine.Sqlite);

public sealed class PostgresExport() : ExportContract(Engine.Postgres);

public sealed class ExportFailureTests
{
    [Fact]
    public async Task A_file_that_cannot_be_written_is_one_line()
    {
        await using var world = await TransferWorld.Create(Engine.Sqlite);

        var nowhere = await world.Export("events", "--output", world.PathOf("no/such/folder.csv"));
        var nobody = await world.Export("events", "--organization", "WmsG2qe2XXxacqiqo2MfnY");

        Assert.Equal((1, 1), (nowhere.Code, nobody.Code));
        Assert.Contains("cannot be written", Assert.Single(nowhere.ErrorLines));
        Assert.Contains("no organization", Assert.Single(nobody.ErrorLines));
    }

    [Fact]
    public void The_words_in_files_stay() => Assert.Equal(
        "declared_bot, non_browser_agent, prefetch, listed_agent, listed_network, listed_domain, own_traffic, "
            + "repeated_impression, repeated_click, clicks_per_minute, clicks_per_ten_minutes, clicks_per_hour, "
            + "clicks_per_day, not_running, budget_exhausted, daily_budget_exhausted",
        string.Join(", ", Enum.GetValues<EventReason>().Select(EventWords.Of).OfType<string>()));
}
