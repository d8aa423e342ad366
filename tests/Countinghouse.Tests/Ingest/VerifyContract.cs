using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Countinghouse.Ingest;

public abstract class VerifyContract(Engine engine) : IAsyncLifetime
{
    private TestServer? _server;
    private Market? _market;

    private TestServer Server => _server!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _market = await Market.Open(_server);
        var cpc = await _market.NewCampaign();
        var cpm = await _market.NewCampaign(pricing: "cpm", bid: "2.00", daily: "0.01");
        await _market.Click(cpc, offer: _market.Offers[0]);
        await _market.Click(cpc, at: "2026-08-14T10:00:00Z");
        await _market.Click(cpc, agent: "curl/8.5.0");
        await _market.Impressions([.. Enumerable.Range(0, 20).Select(_ => new
        {
            campaign_id = cpm,
            client = new { ip = Market.NewShopper(), user_agent = Market.Browser },
        })]);
        await _server.Get<Rollups>().CatchUpAll(default);
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();

    [Fact]
    public async Task Figures_that_are_right_are_found_right()
    {
        var result = await Verify();

        Assert.Equal((23, 0), (result.Events, result.DifferenceCount));
        Assert.Equal((4, 1), (result.Batches, result.Organizations));
    }

    [Theory]
    [InlineData("stat_hourly", "UPDATE stat_hourly SET clicks = clicks + 1 WHERE clicks > 0")]
    [InlineData("stat_hourly", "UPDATE stat_hourly SET version = version + 1")]
    [InlineData("stat_hourly", "DELETE FROM stat_hourly WHERE clicks > 0")]
    [InlineData("stat_hourly", "UPDATE stat_hourly SET hour = hour + 1 WHERE impressions > 0")]
    [InlineData("invalid_daily", "UPDATE invalid_daily SET clicks = clicks + 1")]
    [InlineData("invalid_daily", "UPDATE invalid_daily SET reason = reason + 1")]
    [InlineData("invalid_daily", "UPDATE invalid_daily SET day = day - 10000")]
    [InlineData("invalid_daily", "DELETE FROM invalid_daily")]
    [InlineData("projection", "UPDATE projection SET through_batch = 9 WHERE name = 'reasons' AND through_batch > 0")]
    [InlineData("campaign_total", "UPDATE campaign_total SET charge_micro = charge_micro - 1 WHERE charge_micro > 0")]
    [InlineData("campaign_total", "UPDATE campaign_total SET last_event_at = last_event_at + 1 WHERE clicks > 0")]
    [InlineData("campaign_budget", "UPDATE campaign_budget SET spent_micro = spent_micro + 1 WHERE spent_micro > 0")]
    [InlineData("campaign_budget", "UPDATE campaign_budget SET day_spent_micro = 0")]
    [InlineData("projection", "UPDATE projection SET through_batch = through_batch + 5 WHERE through_batch > 0")]
    [InlineData("ingest_head", "UPDATE ingest_head SET batch_no = batch_no + 1 WHERE batch_no > 0")]
    [InlineData("ingest_batch", "UPDATE ingest_batch SET charge_micro = charge_micro + 1")]
    [InlineData("ingest_batch", "UPDATE ingest_batch SET committed_at = committed_at + 1")]
    [InlineData("ingest_batch", "DELETE FROM ingest_batch WHERE batch_no = 2")]
    [InlineData("ingest_batch", "UPDATE ingest_batch SET prev_hash = hash WHERE batch_no = 2")]
    [InlineData("placement", "UPDATE placement SET event_price_micro = event_price_micro + 1")]
    public async Task A_figure_that_is_wrong_is_found_and_named(string table, string damage)
    {
        await Execute(damage);

        var result = await Verify();

        Assert.True(result.DifferenceCount > 0);
        Assert.Contains(result.Differences, found => found.Table == table);
        Assert.Equal(result.DifferenceCount, result.Differences.Count);
    }

    [Fact]
    public async Task A_changed_event_breaks_the_chain_and_names_the_batch()
    {
        var payload = await Server.Database.Read(
            c => c.First("SELECT payload FROM ingest_batch WHERE batch_no = 1", row => row.Bytes(0), default), default);
        payload![^1] ^= 1;
        await Server.Database.Write(
            c => c.Execute(
                "UPDATE ingest_batch SET payload = @payload WHERE batch_no = 1", default, ("payload", payload)),
            default);

        Assert.Contains((await Verify()).Differences, found => found is { Figure: "hash", Key: "batch 1" });
    }

    [Fact]
    public async Task Erased_client_keys_leave_the_chain_whole()
    {
        Assert.NotEqual(0, await Number("SELECT COUNT(*) FROM ingest_batch WHERE client_keys IS NOT NULL"));
        Server.Clock.Now = Server.Clock.Now.AddDays(91);

        Assert.NotEqual(0, await Server.Get<ClientKeyErasureJob>().Erase(default));

        Assert.Equal(0, await Number("SELECT COUNT(*) FROM ingest_batch WHERE client_keys IS NOT NULL"));
        Assert.Equal(0, (await Verify()).DifferenceCount);
    }

    [Fact]
    public async Task A_rebuild_makes_the_same_rows_to_the_byte()
    {
        var before = await Derived();
        await Execute("UPDATE stat_hourly SET clicks = 9");
        await Execute("UPDATE campaign_total SET impressions = 9");
        await Execute("UPDATE invalid_daily SET impressions = 9");

        await Server.Get<Rollups>().Rebuild(_market!.Advertiser, _ => { }, default);

        Assert.Equal(before, await Derived());
        Assert.Equal(0, (await Verify()).DifferenceCount);
    }

    [Fact]
    public async Task Reasons_of_what_was_rolled_up_before_they_were_kept_are_caught_up_with()
    {
        var before = await Derived();
        await Execute("DELETE FROM invalid_daily");
        await Execute("UPDATE projection SET through_batch = 0 WHERE name = 'reasons'");
        Assert.Equal(0, (await Verify()).DifferenceCount);

        await Server.Get<Rollups>().CatchUpAll(default);

        Assert.Equal(before, await Derived());
        Assert.Equal(0, (await Verify()).DifferenceCount);
    }

    [Fact]
    public async Task A_difference_raises_an_alarm_until_a_later_verification_is_clean()
    {
        var verifications = Server.Get<Verifications>();
        await Execute("UPDATE campaign_total SET clicks = clicks + 1 WHERE clicks > 0");
        var first = new VerificationId(NamedId.Create("test/first"));
        await verifications.Run(first, "test", _ => { }, default);

        Assert.False(await verifications.IsClean(default));
        Assert.Contains("no month is closed until that is mended", Server.Log.ToString());
        var stored = await Server.Get<VerificationStore>().Find(first, default);
        Assert.Equal(VerificationState.Different, stored!.State);
        Assert.Equal("campaign_total", Assert.Single(stored.Differences).Table);

        await Server.Get<Rollups>().Rebuild(_market!.Advertiser, _ => { }, default);
        Server.Clock.Now = Server.Clock.Now.AddMinutes(1);
        Assert.Null(await verifications.Run(first, "test", _ => { }, default));
        await verifications.Run(new VerificationId(NamedId.Create("test/second")), "test", _ => { }, default);
        Assert.True(await verifications.IsClean(default));
    }

    [Fact]
    public async Task The_operator_asks_for_a_verification_and_reads_what_it_found()
    {
        var platform = await Server.NewOrganization("Platform", isOperator: true);
        var key = await Server.NewKey(platform);
        var started = await Server.Send(HttpMethod.Post, "verifications", key);
        Assert.Equal(202, started.Status);
        var path = "verifications/" + started.Json.GetProperty("verification_id").GetString();
        var state = "running";
        for (var tries = 0; tries < 600 && state == "running"; tries++)
        {
            var answer = await Server.Send(HttpMethod.Get, path, key);
            Assert.Equal(200, answer.Status);
            state = answer.Json.GetProperty("state").GetString()!;
            await Task.Delay(50);
        }

        Assert.Equal("clean", state);
        Assert.Equal(403, (await Server.Send(HttpMethod.Get, path, _market!.AdvertiserKey)).Status);
    }

    [Fact]
    public async Task One_verification_is_under_way_at_a_time()
    {
        var key = await Server.NewKey(await Server.NewOrganization("Platform", isOperator: true));

        var answers = await Task.WhenAll(Enumerable.Range(0, 12)
            .Select(_ => Server.Send(HttpMethod.Post, "verifications", key)));
        var listed = await Server.Send(HttpMethod.Get, "verifications?page_size=100", key);

        Assert.All(answers, answer => Assert.True(answer.Status is 202 or 409, answer.Text));
        Assert.Equal(
            answers.Count(answer => answer.Status == 202),
            listed.Json.GetProperty("pagination").GetProperty("total_count").GetInt32());
        Assert.All(
            answers.Where(answer => answer.Status == 409), answer => Assert.Contains("is under way", answer.Text));
    }

    private Task<VerifyResult> Verify() => Server.Get<Verifier>().Verify(_market!.Advertiser, _ => { }, default);

    private Task Execute(string sql) => Server.Database.Write(c => c.Execute(sql, default), default);

    [Fact]
    public async Task A_nightly_verification_that_was_cut_off_is_done_by_whoever_has_the_turn_next_and_once()
    {
        var job = Server.Services.GetServices<IHostedService>().OfType<VerificationJob>().Single();
        var today = UtcDay.Of(Server.Clock.Now);

        // Another node has begun it and died.
        Assert.True(await Server.Get<VerificationStore>().Begin(
            VerificationJob.NightOf(today), "nightly", Instant.Of(Server.Clock.Now), default));

        await job.VerifyNight(default);
        await job.VerifyNight(default);

        Assert.Equal(2, await Number("SELECT COUNT(*) FROM verification"));
        var second = await Server.Get<VerificationStore>().Find(VerificationJob.SecondOf(today), default);
        Assert.Equal(VerificationState.Clean, second!.State);
    }

    private async Task<long> Number(string sql) =>
        (await Server.Database.Read(c => c.Number(sql, default), default))!.Value;

    private async Task<List<string>> Derived()
    {
        var rows = new List<string>();
        foreach (var table in new[] { "stat_hourly", "campaign_total", "invalid_daily", "projection" })
        {
            rows.AddRange(await Server.Database.Read(
                c => c.Query(
                    $"SELECT * FROM {table}",
                    row => table + string.Join('|', Enumerable.Range(0, row.FieldCount).Select(column => row[column])),
                    default),
                default));
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }
}

public sealed class SqliteVerify() : VerifyContract(Engine.Sqlite);

public sealed class PostgresVerify() : VerifyContract(Engine.Postgres);
