using System.Globalization;
using System.Text;
using Countinghouse.Campaigns;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>
/// Months of events as ingest would have left them, written straight into the tables: a batch and its rollup each.
/// Ids follow from names, so that two databases filled alike are alike.
/// </summary>
public sealed class Books(Database database)
{
    private const string InsertOrganization = """
        INSERT INTO organization (org_id, name, is_operator, created_at, metadata)
        VALUES (@org, @name, @operator, 1, '{}')
        """;

    private const string InsertHead = """
        INSERT INTO ingest_head (org_id, batch_no, hash, config_version, fenced_through)
        VALUES (@org, 0, @hash, 0, 0)
        """;

    private const string InsertLocation = """
        INSERT INTO location (org_id, location_id, name, is_active, created_at, metadata)
        VALUES (@org, @location, 'Shop', @active, 1, '{}')
        """;

    private const string InsertProjections = """
        INSERT INTO projection (org_id, name, through_batch)
        VALUES (@org, 'rollups', 0), (@org, 'reasons', 0), (@org, 'ids', 0)
        """;

    private const string InsertBatch = """
        INSERT INTO ingest_batch (org_id, batch_no, flush_id, committed_at, event_count, valid_count, click_count,
                                  charge_micro, first_hour, last_hour, client_hash, prev_hash, hash, payload)
        VALUES (@org, @batch, @flush, @at, 1, 1, 1, @charge, @hour, @hour, @none, @none, @none, @payload)
        """;

    private const string InsertPlacement = """
        INSERT INTO placement (org_id, placement_no, campaign_id, offer_id, retailer_org_id, location_id, pricing,
                               event_price_micro, first_batch)
        VALUES (@org, @number, @campaign, @offer, @retailer, @location, 'cpc', @price, @batch)
        """;

    private const string Advance = """
        UPDATE ingest_head SET batch_no = @batch WHERE org_id = @org
        """;

    private const string Follow = """
        UPDATE projection SET through_batch = @batch WHERE org_id = @org AND name <> 'ids'
        """;

    private const string InsertRollup = """
        INSERT INTO stat_hourly (org_id, campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks,
                                 invalid_impressions, invalid_clicks, unbilled_clicks, charge_micro, version)
        VALUES (@org, @campaign, @hour, @offer, @retailer, @location, 0, 1, 0, 0, 0, @charge, @batch)
        """;

    /// <summary>Everything a close writes, in words that do not differ between engines.</summary>
    private static readonly string[] Written =
    [
        "SELECT 'settlement', period, state, started_at, closed_at, actor, event_count, charge_micro, record_count, "
            + "gross_cents, fee_cents, share_cents FROM settlement ORDER BY period",
        "SELECT 'head', org_id, fenced_through FROM ingest_head ORDER BY org_id",
        "SELECT 'period', org_id, period, state, closed_at, event_count, charge_micro FROM billing_period "
            + "ORDER BY org_id, period",
        "SELECT 'share', org_id, share_id, period, event_gross_micro, adjustment_micro, carry_in_micro, "
            + "carry_out_micro, gross_cents, fee_cents, share_cents, fee_ppm, status, revision, stripe_transfer_id, "
            + "metadata, created_at, updated_at FROM revenue_share ORDER BY org_id, period",
        "SELECT 'line', org_id, share_id, line_no, kind, origin_period, source_org_id, campaign_id, location_id, "
            + "amount_micro FROM revenue_share_line ORDER BY org_id, share_id, line_no",
        "SELECT 'part', org_id, period, origin_period, pool_micro, gross_cents, fee_cents, share_cents, fee_ppm "
            + "FROM revenue_share_part ORDER BY org_id, period, origin_period",
        "SELECT 'booked', org_id, reference, kind, booked_period FROM ledger_tx ORDER BY org_id, reference",
        "SELECT 'entry', org_id, reference, line, account, party_id, amount_micro FROM ledger_entry "
            + "ORDER BY org_id, reference, line",
        "SELECT 'carry', org_id, period, carry_micro FROM revenue_share_carry ORDER BY org_id, period",
        "SELECT 'transition', org_id, share_id, seq, from_status, to_status, actor, reason, at FROM share_transition "
            + "ORDER BY org_id, share_id, seq",
        "SELECT 'rate', org_id, effective_period, fee_ppm, actor FROM fee_rate ORDER BY org_id, effective_period",
    ];

    private int _events;

    public static Period Month(string text) =>
        Period.TryParse(text, out var period) ? period : throw new ArgumentException(text);

    public static OrganizationId Id(string name) => new(NamedId.Create("organization/" + name));

    public async Task<OrganizationId> Organization(string name, bool head = true, bool isOperator = false)
    {
        await Execute(InsertOrganization, ("org", Id(name)), ("name", name), ("operator", isOperator));
        if (head)
        {
            await Execute(InsertHead, ("org", Id(name)), ("hash", new byte[32]));
            await Execute(InsertProjections, ("org", Id(name)));
        }

        return Id(name);
    }

    public Task Location(OrganizationId retailer, string name, bool active) => Execute(
        InsertLocation, ("org", retailer), ("location", NamedId.Create(name)), ("active", active));

    /// <summary>A click of so many micros; without a retailer it is the platform's own.</summary>
    public async Task Click(
        OrganizationId advertiser,
        OrganizationId? retailer,
        string month,
        long micros,
        string campaign = "campaign",
        string location = "location",
        int dayAndHour = 1512,
        bool event_ = true,
        bool rollup = true)
    {
        await database.Write(
            connection => Click(
                connection, advertiser, retailer, month, micros, campaign, location, dayAndHour, event_, rollup),
            CancellationToken.None);
    }

    public async Task Click(
        System.Data.Common.DbConnection connection,
        OrganizationId advertiser,
        OrganizationId? retailer,
        string month,
        long micros,
        string campaign = "campaign",
        string location = "location",
        int dayAndHour = 1512,
        bool event_ = true,
        bool rollup = true)
    {
        var name = (++_events).ToString(CultureInfo.InvariantCulture);
        var hour = (Month(month).Number * 10_000) + dayAndHour;
        var batch = 1 + await connection.Number(
            "SELECT batch_no FROM ingest_head WHERE org_id = @org", CancellationToken.None, ("org", advertiser)) ?? 0;
        if (event_)
        {
            await Write(connection, advertiser, retailer, micros, campaign, location, name, hour, batch);
        }

        if (rollup)
        {
            var nobody = new OrganizationId(Guid.Empty);
            (string, object?)[] common =
            [
                ("org", advertiser), ("campaign", NamedId.Create(campaign)), ("hour", hour), ("charge", micros),
                ("batch", batch),
            ];
            await connection.Execute(
                InsertRollup,
                CancellationToken.None,
                retailer is null
                    ? [.. common, ("offer", nobody), ("retailer", nobody), ("location", nobody)]
                    : [.. common, .. Offer(retailer, location, name)]);
        }
    }

    /// <summary>A batch of one click, paid for or, when it cost nothing, free.</summary>
    private static async Task Write(
        System.Data.Common.DbConnection connection,
        OrganizationId advertiser,
        OrganizationId? retailer,
        long micros,
        string campaign,
        string location,
        string name,
        int hour,
        long batch)
    {
        var at = Instant.Of(UtcDay.FromNumber(hour / 100).Start().AddHours(hour % 100));
        var placement = new Placement(
            new CampaignId(NamedId.Create(campaign)),
            retailer is null ? null : new OfferId(NamedId.Create("offer/" + name)),
            retailer,
            retailer is null ? null : new LocationId(NamedId.Create(location)),
            Pricing.Cpc,
            new Money(Math.Max(1, micros)));
        var journal = new JournalWriter();
        journal.Add(
            new JournalEvent(
                EventKind.Click,
                new EventId(NamedId.Create("event/" + name)),
                (int)batch - 1,
                micros == 0 ? EventReason.BudgetExhausted : EventReason.None,
                null,
                IsBookedOnReceipt: false,
                HasClient: false),
            0,
            at);
        await connection.Execute(
            InsertBatch,
            CancellationToken.None,
            ("org", advertiser),
            ("batch", batch),
            ("flush", NamedId.Create("flush/" + name)),
            ("at", at),
            ("charge", micros),
            ("hour", hour),
            ("none", new byte[32]),
            ("payload", journal.Finish(at, 1, (int)batch - 1, [placement]).ToArray()));
        await connection.Execute(
            InsertPlacement,
            CancellationToken.None,
            ("org", advertiser),
            ("number", (int)batch - 1),
            ("campaign", placement.Campaign),
            ("offer", placement.Offer),
            ("retailer", placement.Retailer),
            ("location", placement.Location),
            ("price", placement.EventPrice),
            ("batch", batch));
        await connection.Execute(Advance, CancellationToken.None, ("org", advertiser), ("batch", batch));
        await connection.Execute(Follow, CancellationToken.None, ("org", advertiser), ("batch", batch));
    }

    public Task Execute(string sql, params (string Name, object? Value)[] parameters) => database.Write(
        connection => connection.Execute(sql, CancellationToken.None, parameters), CancellationToken.None);

    public async Task<long> Number(string sql) => (await database.Read(
        connection => connection.Number(sql, CancellationToken.None), CancellationToken.None))!.Value;

    /// <summary>Makes every such write fail, as if the process had died there.</summary>
    public Task Break(string operation, string table) => Execute(database.Engine switch
    {
        Engine.Sqlite =>
            $"CREATE TRIGGER broken BEFORE {operation} ON {table} BEGIN SELECT RAISE(ABORT, 'broken here'); END",
        Engine.Postgres =>
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''broken here''; END'; "
            + $"CREATE TRIGGER broken BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION broken()",
    });

    public Task Mend(string table) => Execute(database.Engine switch
    {
        Engine.Sqlite => "DROP TRIGGER broken",
        Engine.Postgres => $"DROP TRIGGER broken ON {table}; DROP FUNCTION broken()",
    });

    /// <summary>All that closing writes, as text.</summary>
    public async Task<string> Dump()
    {
        var text = new StringBuilder();
        foreach (var sql in Written)
        {
            var rows = await database.Read(
                connection => connection.Query(
                    sql,
                    row => string.Join(' ', Enumerable.Range(0, row.FieldCount).Select(column =>
                        row.IsDBNull(column) ? "-" : row.GetValue(column).ToString()!.ToUpperInvariant())),
                    CancellationToken.None),
                CancellationToken.None);
            text.AppendJoin('\n', rows).Append('\n');
        }

        return text.ToString();
    }

    private static (string, object?)[] Offer(OrganizationId? retailer, string location, string name) => retailer is null
        ? []
        : [("offer", NamedId.Create("offer/" + name)), ("location", NamedId.Create(location)), ("retailer", retailer)];
}
