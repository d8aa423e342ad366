using System.Security.Cryptography;
using Countinghouse.Campaigns;
using Countinghouse.Commands;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Countinghouse.Ingest;

/// <summary>What was recorded before the journal is in it, to the last field, and nothing else has changed.</summary>
public abstract class JournalUpgradeContract(Engine engine)
{
    private const string Rollups = """
        SELECT org_id, campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks,
               invalid_impressions, invalid_clicks, unbilled_clicks, charge_micro, version
        FROM stat_hourly ORDER BY org_id, campaign_id, hour, offer_id
        """;

    private const string Totals = """
        SELECT org_id, campaign_id, impressions, clicks, invalid_impressions, invalid_clicks, unbilled_clicks,
               charge_micro, first_event_at, last_event_at, version
        FROM campaign_total ORDER BY org_id, campaign_id
        """;

    [Fact]
    public async Task Every_event_is_in_the_journal_field_by_field()
    {
        await using var test = await TestDatabase.Create(engine, migrate: false);
        var old = await Write(test, advertisers: 3, batches: 120);

        var events = await Upgrade(test.Database);

        Assert.Equal(old.Events.Values.Sum(list => list.Count), events);
        foreach (var advertiser in old.Advertisers)
        {
            Assert.Equal(old.Events[advertiser], await Read(test.Database, advertiser));
        }

        Assert.Equal(0, await Number(test.Database, "SELECT COUNT(*) FROM ad_event"));
        Assert.Equal(0, await Number(test.Database, "SELECT COUNT(*) FROM ingest_batch_v1"));
    }

    [Fact]
    public async Task Rollups_made_anew_from_the_journal_are_those_of_then()
    {
        await using var test = await TestDatabase.Create(engine, migrate: false);
        var old = await Write(test, advertisers: 2, batches: 60);
        var before = (await Rows(test.Database, Rollups), await Rows(test.Database, Totals));
        await Upgrade(test.Database);

        var reader = new EventReader(test.Database);
        foreach (var advertiser in old.Advertisers)
        {
            await new Rollups(test.Database, reader).Rebuild(advertiser, _ => { }, CancellationToken.None);
            var comparison = await test.Database.ReadSnapshot(
                connection => new RollupCheck(reader).Compare(
                    connection, advertiser, 0, int.MaxValue, CancellationToken.None),
                CancellationToken.None);
            Assert.Empty(comparison.Differences);
        }

        Assert.Equal(before.Item1, await Rows(test.Database, Rollups));
        Assert.Equal(before.Item2, await Rows(test.Database, Totals));
    }

    [Fact]
    public async Task The_chain_is_whole_from_the_first_batch_to_the_head()
    {
        await using var test = await TestDatabase.Create(engine, migrate: false);
        var old = await Write(test, advertisers: 1, batches: 130);
        await Upgrade(test.Database);

        var (hash, number, none) = (new byte[32], 0L, SHA256.HashData([]));
        await test.Database.Read(
            async connection =>
            {
                await new EventReader(test.Database).ForEach(
                    connection,
                    old.Advertisers[0],
                    0,
                    long.MaxValue,
                    batch =>
                    {
                        Assert.Equal(++number, batch.BatchNo);
                        Assert.Equal(hash, batch.PreviousHash);
                        Assert.Equal(none, batch.ClientHash);
                        Assert.Null(batch.ClientKeys);
                        hash = JournalFormat.Hash(hash, number, batch.Payload, batch.ClientHash);
                        Assert.Equal(hash, batch.Hash);
                    },
                    CancellationToken.None);
                return number;
            },
            CancellationToken.None);

        Assert.Equal(130, number);
        var heads = await test.Database.Read(
            connection => connection.Query("SELECT hash FROM ingest_head", row => row.Bytes(0), default), default);
        Assert.Equal(hash, Assert.Single(heads));
    }

    [Fact]
    public async Task Recording_goes_on_and_knows_every_id()
    {
        await using var test = await TestDatabase.Create(engine, migrate: false);
        var old = await Write(test, advertisers: 2, batches: 40);
        var clock = new TestClock { Now = OldJournal.Start.AddHours(6) };
        await using var product = await Workplace.Open(test.Settings, CancellationToken.None, clock);
        var (advertiser, other) = (old.Advertisers[0], old.Advertisers[1]);
        var known = old.Events[advertiser];
        var sender = new EventSender(advertiser, IsOperator: false, default);
        var writer = product.GetRequiredService<EventWriter>();

        var again = await writer.Write(
            known.ConvertAll(Sent).ToArray(), sender, atomic: false, CancellationToken.None);
        var changed = await writer.Write(
            new[] { Sent(known[0]) with { StatedAt = Instant.Of(OldJournal.Start) } },
            sender,
            atomic: false,
            CancellationToken.None);
        var foreign = await writer.Write(
            new[] { Sent(known[1]) with { Campaign = OldJournal.CampaignOf(other, Pricing.Cpc), Offer = null } },
            sender,
            atomic: false,
            CancellationToken.None);

        Assert.All(again!, answer => Assert.Equal(EventOutcome.Duplicate, answer.Outcome));
        Assert.Equal(EventOutcome.IdReused, Assert.Single(changed!).Outcome);
        Assert.Equal(EventOutcome.Accepted, Assert.Single(foreign!).Outcome);
        Assert.Equal(old.Events[other].Count + 1, (await Read(test.Database, other)).Count);
        Assert.Equal(known, await Read(test.Database, advertiser));
    }

    [Fact]
    public async Task Packing_twice_or_on_two_nodes_at_once_changes_nothing()
    {
        await using var test = await TestDatabase.Create(engine, migrate: false);
        var old = await Write(test, advertisers: 4, batches: 20);
        await using var second = test.OpenAgain();

        await new Migrator(test.Database, TimeProvider.System).Migrate(CancellationToken.None);
        var packed = await Task.WhenAll(
            Task.Run(() => Upgrade(test.Database)), Task.Run(() => Upgrade(second)));
        var contents = await test.Database.Contents();

        Assert.Equal(old.Events.Values.Sum(list => list.Count), packed.Sum());
        Assert.Equal(0, await Upgrade(test.Database));
        Assert.Equal(contents, await test.Database.Contents());
    }

    [Theory]
    [InlineData("ad_event", "price_micro = 5 WHERE price_micro = 0 AND validity = 0", "charge_micro")]
    [InlineData("ad_event", "billing_hour = 2020010100 WHERE ordinal = 0", "billing_hour")]
    [InlineData("ad_event", "occurred_at = occurred_at + 1 WHERE stated_at IS NULL", "occurred_at")]
    [InlineData("ad_event", "reason = 'unheard_of' WHERE reason IS NULL", "unheard_of")]
    [InlineData("ad_event", "validity = 2 WHERE validity = 1", "validity")]
    [InlineData("ingest_batch", "valid_count = 0, event_count = event_count + 1 WHERE batch_no = 7", "Batch 7")]
    public async Task What_does_not_follow_stops_it_and_the_rest_is_done_when_it_is_mended(
        string table, string damage, string named)
    {
        await using var test = await TestDatabase.Create(engine, migrate: false);
        var old = await Write(test, advertisers: 3, batches: 15);
        var victim = old.Advertisers.OrderBy(advertiser => advertiser.Value).ToList()[1];
        await Execute(test.Database, $"CREATE TABLE kept AS SELECT * FROM {table} WHERE org_id = @org", victim);
        await Execute(test.Database, $"UPDATE {table} SET {damage} AND org_id = @org", victim);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Upgrade(test.Database));
        Assert.Contains(named, error.Message);
        Assert.Equal(0, await Number(test.Database, "SELECT COUNT(*) FROM ingest_batch WHERE org_id = @org", victim));

        var now = table == "ad_event" ? table : "ingest_batch_v1";
        await Execute(test.Database, $"DELETE FROM {now} WHERE org_id = @org", victim);
        await Execute(test.Database, $"INSERT INTO {now} SELECT * FROM kept WHERE org_id = @org", victim);
        await Upgrade(test.Database);

        foreach (var advertiser in old.Advertisers)
        {
            Assert.Equal(old.Events[advertiser], await Read(test.Database, advertiser));
        }
    }

    private static async Task<OldJournal> Write(TestDatabase test, int advertisers, int batches)
    {
        var old = new OldJournal(test.Database, seed: 20_260_730);
        await old.Write(advertisers, batches);
        return old;
    }

    private static async Task<long> Upgrade(Database database)
    {
        await new Migrator(database, TimeProvider.System).Migrate(CancellationToken.None);
        return await new JournalUpgrade(database, NullLogger<JournalUpgrade>.Instance).Run(CancellationToken.None);
    }

    private static SentEvent Sent(AdEvent adEvent) => new()
    {
        Kind = adEvent.Kind,
        Campaign = adEvent.Campaign,
        Offer = adEvent.Offer,
        Id = adEvent.Id,
        StatedAt = adEvent.StatedAt,
    };

    private static Task<List<AdEvent>> Read(Database database, OrganizationId advertiser) => database.ReadSnapshot(
        async connection =>
        {
            var events = new List<AdEvent>();
            await new EventReader(database).ForEachEvent(
                connection,
                advertiser,
                long.MaxValue,
                0,
                int.MaxValue,
                (adEvent, _) => events.Add(adEvent),
                CancellationToken.None);
            return events;
        },
        CancellationToken.None);

    private static Task<List<string>> Rows(Database database, string sql) => database.Read(
        connection => connection.Query(
            sql, row => string.Join('|', Enumerable.Range(0, row.FieldCount).Select(i => $"{row[i]}")), default),
        CancellationToken.None);

    private static async Task<long> Number(Database database, string sql, OrganizationId? organization = null) =>
        await database.Read(connection => connection.Number(sql, default, ("org", organization)), default) ?? 0;

    private static Task Execute(Database database, string sql, OrganizationId organization) => database.Write(
        connection => connection.Execute(sql, default, ("org", organization)), default);
}

public sealed class SqliteJournalUpgrade() : JournalUpgradeContract(Engine.Sqlite);

public sealed class PostgresJournalUpgrade() : JournalUpgradeContract(Engine.Postgres);
