using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Retention;

public abstract class ArchiveContract(Engine engine) : IAsyncLifetime
{
    private static readonly Period May = ArchiveWorld.May;

    private ArchiveWorld _world = null!;

    public async Task InitializeAsync() => _world = await ArchiveWorld.Create(engine);

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_month_leaves_and_every_figure_stays_and_can_be_recomputed()
    {
        var derived = await _world.Derived();
        var before = await _world.Number("SELECT COUNT(*) FROM ingest_batch");
        var ofMay = await _world.BatchesOf(May);

        var result = await _world.Archive(May);

        Assert.Equal(ArchiveRefusal.None, result.Refusal);
        Assert.Equal(18, result.Manifest!.Events);
        Assert.Equal(0, await _world.BatchesOf(May));
        Assert.Equal(before - ofMay, await _world.Number("SELECT COUNT(*) FROM ingest_batch"));
        Assert.Equal(derived, await _world.Derived());
        Assert.Empty((await _world.Verify()).Differences);
        await _world.Server.Get<Rollups>().Rebuild(_world.Market.Advertiser, _ => { }, default);
        Assert.Equal(derived, await _world.Derived());
        var file = Assert.Single(result.Manifest.Files);
        Assert.Equal(
            file.Sha256,
            Convert.ToHexStringLower(await ArchiveManifest.HashOf(
                Path.Combine(_world.FolderOf(May), file.File), default)));
        Assert.DoesNotContain(Directory.GetFiles(_world.FolderOf(May)), path => path.EndsWith(".partial"));
    }

    [Fact]
    public async Task Months_follow_each_other_out_and_back_the_same_to_the_byte()
    {
        await _world.Archive(May);
        var withoutMay = await _world.Journal();
        await _world.Server.Get<JournalReturn>().Read(_world.FolderOf(May), _ => { }, default);
        var journal = await _world.Journal();
        Assert.Equal(await _world.BatchesOf(May), journal.Count - withoutMay.Count);
        var derived = await _world.Derived();

        var first = await _world.Archive(May);
        var second = await _world.Archive(May.Next);

        Assert.Equal((ArchiveRefusal.None, ArchiveRefusal.None), (first.Refusal, second.Refusal));
        Assert.Empty((await _world.Verify()).Differences);
        await _world.Server.Get<Rollups>().Rebuild(_world.Market.Advertiser, _ => { }, default);
        Assert.Equal(derived, await _world.Derived());

        var wrongOrder = await Assert.ThrowsAsync<InvalidDataException>(() => Return(May));
        Assert.Contains("newest first", wrongOrder.Message);
        await Return(May.Next);
        Assert.Equal(18, await Return(May));

        Assert.Equal(journal, await _world.Journal());
        Assert.Empty((await _world.Verify()).Differences);
        Assert.Equal(0, await _world.Number("SELECT COUNT(*) FROM archived_hourly"));
        Assert.Equal(0, await _world.Number("SELECT COUNT(*) FROM archived_invalid"));
        Assert.Equal(first.Manifest!.Files, (await _world.Archive(May)).Manifest!.Files);
    }

    [Fact]
    public async Task A_server_that_starts_without_the_month_goes_on_where_the_journal_was()
    {
        await _world.Archive(May);
        await _world.Archive(May.Next);
        await _world.Restart();
        var events = await _world.Number("SELECT SUM(impressions + clicks) FROM campaign_total");

        var repeated = await Click(_world.Clicks[^1]);
        var fresh = await Click(Guid.CreateVersion7(_world.Server.Clock.Now).ToString());
        var forgotten = await Click(_world.Clicks[0]);

        Assert.Equal((200, 200, 422), (repeated.Status, fresh.Status, forgotten.Status));
        await _world.Server.Get<Rollups>().CatchUpAll(default);
        Assert.Equal(events + 1, await _world.Number("SELECT SUM(impressions + clicks) FROM campaign_total"));
        Assert.Empty((await _world.Verify()).Differences);
    }

    [Fact]
    public async Task An_advertiser_whose_whole_journal_is_archived_goes_on()
    {
        await _world.Archive(May);
        var last = await _world.Number("SELECT MAX(through_batch) FROM journal_archive");
        await _world.Execute($"DELETE FROM ingest_batch WHERE batch_no > {last}");
        await _world.Execute($"""
            UPDATE ingest_head SET batch_no = {last},
                hash = (SELECT a.hash FROM journal_archive a WHERE a.org_id = ingest_head.org_id) WHERE batch_no > 0
            """);
        await _world.Restart();

        Assert.Equal(200, (await Click(Guid.CreateVersion7(_world.Server.Clock.Now).ToString())).Status);
        Assert.Equal(1, await _world.Number("SELECT COUNT(*) FROM ingest_batch"));
    }

    [Fact]
    public async Task What_is_too_young_out_of_order_open_or_off_stays()
    {
        var all = await _world.Number("SELECT COUNT(*) FROM ingest_batch");

        Assert.Equal(ArchiveRefusal.TooYoung, (await _world.Archive(May.Next.Next)).Refusal);
        Assert.Equal(ArchiveRefusal.OutOfOrder, (await _world.Archive(May.Next)).Refusal);

        await _world.Execute("UPDATE campaign_total SET clicks = clicks + 1");
        await _world.Server.Get<Verifications>().Run(
            new VerificationId(NamedId.Create("test")), "test", _ => { }, default);
        Assert.Equal(ArchiveRefusal.NotVerified, (await _world.Archive(May)).Refusal);

        await _world.Execute("DELETE FROM verification");
        await _world.Execute("DELETE FROM settlement");
        Assert.Equal(ArchiveRefusal.NotClosed, (await _world.Archive(May)).Refusal);

        Assert.Equal(all, await _world.Number("SELECT COUNT(*) FROM ingest_batch"));
        Assert.Empty(Directory.GetFileSystemEntries(_world.Folder));
    }

    [Theory]
    [InlineData("UPDATE stat_hourly SET clicks = clicks + 1 WHERE hour < 2026060100")]
    [InlineData("UPDATE invalid_daily SET clicks = clicks + 1 WHERE day < 20260601")]
    [InlineData("UPDATE ingest_batch SET charge_micro = charge_micro + 1 WHERE batch_no = 1")]
    public async Task A_month_that_does_not_add_up_stays(string damage)
    {
        await _world.Execute(damage);
        var before = await _world.Number("SELECT COUNT(*) FROM ingest_batch");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => _world.Archive(May));

        Assert.Contains("nothing of it was archived", error.Message);
        Assert.Equal(before, await _world.Number("SELECT COUNT(*) FROM ingest_batch"));
        Assert.Equal(0, await _world.Number("SELECT COUNT(*) FROM journal_archive"));
        Assert.Empty(Directory.GetFiles(_world.FolderOf(May)));
    }

    [Theory]
    [InlineData("stat_hourly", "UPDATE archived_hourly SET clicks = clicks + 1 WHERE clicks > 0")]
    [InlineData("stat_hourly", "UPDATE stat_hourly SET charge_micro = charge_micro + 1 WHERE hour < 2026060100")]
    [InlineData("invalid_daily", "DELETE FROM archived_invalid")]
    [InlineData("placement", "UPDATE placement SET event_price_micro = event_price_micro + 1 WHERE first_batch = 1")]
    [InlineData("campaign_total", "UPDATE campaign_total SET clicks = clicks + 1 WHERE clicks > 0")]
    [InlineData("journal_archive", "UPDATE journal_archive SET first_batch = 2")]
    [InlineData("ingest_batch", "UPDATE journal_archive SET hash = prev_hash")]
    [InlineData("ingest_batch", "UPDATE journal_archive SET through_batch = through_batch - 1")]
    public async Task A_figure_of_an_archived_month_that_is_wrong_is_found(string table, string damage)
    {
        await _world.Archive(May);
        await _world.Execute(damage);

        Assert.Contains((await _world.Verify()).Differences, found => found.Table == table);
    }

    [Fact]
    public async Task What_an_archive_that_was_cut_off_left_behind_does_no_harm()
    {
        await _world.Execute($"""
            INSERT INTO archived_hourly (org_id, period, campaign_id, hour, offer_id, retailer_org_id, location_id,
                impressions, clicks, invalid_impressions, invalid_clicks, unbilled_clicks, charge_micro, version)
            SELECT org_id, 202605, campaign_id, hour, offer_id, retailer_org_id, location_id, 9, 9, 9, 9, 9, 9, 9
            FROM stat_hourly
            """);
        Assert.Empty((await _world.Verify()).Differences);

        await _world.Archive(May);

        Assert.Empty((await _world.Verify()).Differences);
    }

    [Fact]
    public async Task Two_that_archive_at_once_archive_once()
    {
        var tries = await Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            try
            {
                return (await _world.Archive(May)).Refusal == ArchiveRefusal.None;
            }
            catch (Exception error) when (error is InvalidDataException or IOException
                or System.Data.Common.DbException)
            {
                return false;
            }
        }));

        // Whoever is left out says so and may try again; whatever happened adds up.
        if (!tries.Contains(true))
        {
            await _world.Archive(May);
        }

        Assert.Equal(1, await _world.Number("SELECT COUNT(*) FROM journal_archive"));
        Assert.Empty((await _world.Verify()).Differences);
    }

    [Fact]
    public async Task A_folder_that_is_not_what_was_archived_is_refused()
    {
        await _world.Archive(May);
        var file = Directory.GetFiles(_world.FolderOf(May), "*.gz").Single();
        var bytes = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, [.. bytes[..^1], (byte)(bytes[^1] ^ 1)]);

        Assert.Contains("SHA-256", (await Assert.ThrowsAsync<InvalidDataException>(() => Return(May))).Message);
        File.Delete(file);
        Assert.Contains("is not there", (await Assert.ThrowsAsync<InvalidDataException>(() => Return(May))).Message);
        Assert.Contains(
            "has no manifest.json", (await Assert.ThrowsAsync<InvalidDataException>(() => Return(May.Next))).Message);
        await _world.Execute("DELETE FROM journal_archive");
        Assert.Contains(
            "Nothing of 2026-05", (await Assert.ThrowsAsync<InvalidDataException>(() => Return(May))).Message);
    }

    [Fact]
    public async Task Events_behind_a_line_are_refused_in_words_once_they_are_archived()
    {
        var share = CloseStore.ShareOf(_world.Market.Retailer, May);
        var path = $"revenue-share/{_world.Market.Retailer}/{share}/events?line_no=1";
        await _world.Server.GetJson(path, _world.Market.RetailerKey);

        await _world.Archive(May);
        var refused = await _world.Server.Send(HttpMethod.Get, path, _world.Market.RetailerKey);

        Assert.Equal(409, refused.Status);
        Assert.Contains("are in the archive", refused.Text);
    }

    [Fact]
    public async Task The_job_archives_what_the_settings_let_go_and_no_more()
    {
        await _world.Restart(("Retention:JournalMonths", "2"), ("Retention:ArchiveDirectory", _world.Folder));

        var last = await _world.Server.Get<RetentionJob>().ArchiveDue(default);

        Assert.Equal(May.Next, last);
        Assert.Equal(0, await _world.BatchesOf(May.Next));
        Assert.NotEqual(0, await _world.BatchesOf(May.Next.Next));
        Assert.Empty((await _world.Verify()).Differences);
        Assert.Equal(2, await _world.Number("SELECT COUNT(*) FROM audit_entry WHERE action = 'journal.archive'"));
    }

    [Fact]
    public async Task The_command_lists_archives_and_reads_back()
    {
        // It has no clock but the machine's, and that is later than the test's.
        var to = TestProgram.On(_world.Storage);
        var archived = await TestProgram.Run(["archive", "2026-05", "--to", _world.Folder, .. to]);
        var listed = await TestProgram.Run(["archive", .. to]);
        var back = await TestProgram.Run(["import", _world.FolderOf(May), .. to]);
        var nowhere = await TestProgram.Run(["archive", "2026-05", .. to]);
        var wrong = await TestProgram.Run(["archive", "2026-13", .. to]);

        Assert.Equal((0, "18 events of 1 advertisers"), (archived.Code, archived.Error[..26]));
        Assert.Contains("2026-05", listed.Output);
        Assert.Contains("2026-06 can be archived", listed.Error);
        Assert.Equal((0, "18 archived events"), (back.Code, back.Error[..18]));
        Assert.Equal(1, nowhere.Code);
        Assert.Contains("--to DIR", nowhere.Error);
        Assert.Equal(2, wrong.Code);
        Assert.Empty((await _world.Verify()).Differences);
    }

    [Theory]
    [InlineData("archive_after_file")]
    [InlineData("archive_after_sums")]
    [InlineData("archive_after_finish")]
    public async Task An_archive_killed_at_any_step_is_finished_by_running_it_again(string failpoint)
    {
        string[] command = ["archive", "2026-05", "--to", _world.Folder, .. TestProgram.On(_world.Storage)];
        var derived = await _world.Derived();

        await TestProgram.RunInto(failpoint, command);
        Assert.Empty((await _world.Verify()).Differences);
        Assert.NotEqual(0, await _world.BatchesOf(May));
        var again = await TestProgram.Run(command);

        Assert.Equal((0, ""), (again.Code, again.Code == 0 ? "" : again.Error));
        Assert.Equal(0, await _world.BatchesOf(May));
        Assert.Empty((await _world.Verify()).Differences);
        Assert.Equal(derived, await _world.Derived());
        Assert.Equal(18, ArchiveManifest.Find(_world.FolderOf(May))!.Events);
    }

    [Fact]
    public async Task Reading_back_that_was_killed_goes_on()
    {
        var journal = await _world.Journal();
        await _world.Archive(May);
        string[] command = ["import", _world.FolderOf(May), .. TestProgram.On(_world.Storage)];

        await TestProgram.RunInto("archive_before_return", command);
        Assert.Empty((await _world.Verify()).Differences);

        Assert.Equal(0, (await TestProgram.Run(command)).Code);
        Assert.Empty((await _world.Verify()).Differences);
        Assert.Equal(journal, await _world.Journal());
    }

    private Task<long> Return(Period month) =>
        _world.Server.Get<JournalReturn>().Read(_world.FolderOf(month), _ => { }, default);

    private Task<Answer> Click(string id) => _world.Server.Send(
        HttpMethod.Post,
        "ads/click",
        _world.Market.AdvertiserKey,
        new { campaign_id = _world.Campaign, event_id = id, offer_id = _world.Market.Offers[0] });
}

public sealed class SqliteArchive() : ArchiveContract(Engine.Sqlite);

public sealed class PostgresArchive() : ArchiveContract(Engine.Postgres);
