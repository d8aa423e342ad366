using System.Data.Common;
using Countinghouse.Primitives;

namespace Countinghouse.Storage;

/// <summary>A row for a table: its name and all that is to be in it.</summary>
public sealed record TestRow(string Table, IReadOnlyDictionary<string, object?> Columns)
{
    /// <summary>The same row with some columns different.</summary>
    public TestRow With(params (string Column, object? Value)[] changes)
    {
        var columns = new Dictionary<string, object?>(Columns);
        foreach (var (column, value) in changes)
        {
            columns[column] = value;
        }

        return new TestRow(Table, columns);
    }

    public Task Insert(DbConnection connection) => connection.Execute(
        $"INSERT INTO {Table} ({string.Join(", ", Columns.Keys)}) VALUES (@{string.Join(", @", Columns.Keys)})",
        CancellationToken.None,
        [.. Columns.Select(column => (column.Key, column.Value))]);
}

/// <summary>
/// Rows as programs of each schema version have written them: one and more for every table of that version. A new
/// version of the schema gets a list here before it lands, and a landed list is never edited again.
/// </summary>
public static class TestRows
{
    public static readonly OrganizationId Advertiser = Named<OrganizationId>("advertiser");
    public static readonly OrganizationId Retailer = Named<OrganizationId>("retailer");
    public static readonly CampaignId Campaign = Named<CampaignId>("campaign");
    public static readonly OfferId Offer = Named<OfferId>("offer");
    public static readonly LocationId Location = Named<LocationId>("location");
    public static readonly ShareId Share = Named<ShareId>("share");
    public static readonly PayoutRunId Run = Named<PayoutRunId>("run");
    public static readonly PayoutId Payout = Named<PayoutId>("payout");
    public static readonly DifferenceId Difference = Named<DifferenceId>("difference");

    public const long Noon = 1_786_795_200_000_000;

    public static TestRow Budget { get; } = Row("campaign_budget",
        ("org_id", Advertiser), ("campaign_id", Campaign), ("budget_micro", 1_000_000L), ("spent_micro", 400_000L),
        ("credited_micro", 0L), ("daily_cap_micro", null), ("day", 20260815), ("day_spent_micro", 400_000L));

    public static TestRow Batch { get; } = Row("ingest_batch",
        ("org_id", Advertiser), ("batch_no", 1L), ("flush_id", Named<EventId>("flush").Value), ("committed_at", Noon),
        ("event_count", 2), ("valid_count", 1), ("click_count", 1), ("charge_micro", 200_000L),
        ("first_hour", 2026081512), ("last_hour", 2026081512), ("client_hash", new byte[32]),
        ("prev_hash", new byte[32]), ("hash", new byte[32]), ("client_keys", null), ("payload", new byte[] { 1 }));

    public static TestRow RevenueShare { get; } = Row("revenue_share",
        ("org_id", Retailer), ("share_id", Share), ("period", 202607), ("event_gross_micro", 1_005_000L),
        ("adjustment_micro", 0L), ("carry_in_micro", 0L), ("carry_out_micro", 5_000L), ("gross_cents", 100L),
        ("fee_cents", 15L), ("share_cents", 85L), ("fee_ppm", 150_000), ("status", "CALCULATED"), ("revision", 1),
        ("payout_id", null), ("paid_at", null), ("stripe_transfer_id", ""), ("metadata", "{}"), ("created_at", Noon),
        ("updated_at", Noon));

    public static TestRow RevenueShareLine { get; } = Row("revenue_share_line",
        ("org_id", Retailer), ("share_id", Share), ("line_no", 1), ("kind", "EVENTS"), ("origin_period", 202607),
        ("source_org_id", Advertiser), ("campaign_id", Campaign), ("location_id", Location),
        ("amount_micro", 1_005_000L));

    /// <summary>Rows of a version, in an order that references allow.</summary>
    public static IReadOnlyDictionary<int, IReadOnlyList<TestRow>> OfVersion { get; } =
        new Dictionary<int, IReadOnlyList<TestRow>>
        {
            [1] = [.. OrganizationsOf1(), .. CampaignsOf1(), .. EventsOf1(), .. MoneyOf1()],
            [2] = [.. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1()],
            [3] = [.. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3()],
            [4] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(),
            ],
            [5] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(),
            ],
            [6] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(), .. DaysOf6(),
            ],
            [7] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(), .. DaysOf6(), .. AdjustmentsOf7(),
            ],
            [8] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(), .. DaysOf6(), .. AdjustmentsOf7(), .. LedgerOf8(),
            ],
            [9] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(), .. DaysOf6(), .. AdjustmentsOf7(), .. LedgerOf8(),
                .. PayoutsOf9(),
            ],
            [10] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(), .. DaysOf6(), .. AdjustmentsOf7(), .. LedgerOf8(),
                .. PayoutsOf9(), .. AccessOf10(),
            ],
            [11] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(), .. DaysOf6(), .. AdjustmentsOf7(), .. LedgerOf8(),
                .. PayoutsOf9(), .. AccessOf10(), .. InvalidTrafficOf11(),
            ],
            [12] =
            [
                .. OrganizationsOf1(), .. CampaignsOf1(), .. JournalOf2(), .. MoneyOf1(), .. TrafficOf3(),
                .. VerificationOf4(), .. ImportOf5(), .. DaysOf6(), .. AdjustmentsOf7(), .. LedgerOf8(),
                .. PayoutsOf9(), .. AccessOf10(), .. InvalidTrafficOf11(), .. ArchiveOf12(),
            ],
        };

    /// <summary>Tables that a later version keeps under another name.</summary>
    public static IReadOnlyDictionary<string, string> Renamed { get; } =
        new Dictionary<string, string> { ["ingest_batch"] = "ingest_batch_v1" };

    /// <summary>What the rows with money refer to.</summary>
    public static IEnumerable<TestRow> Ground { get; } =
        OfVersion[1].Where(row => row.Table is "organization" or "campaign");

    private static IEnumerable<TestRow> OrganizationsOf1()
    {
        foreach (var (id, name) in new[] { (Advertiser, "Advertiser"), (Retailer, "Retailer") })
        {
            yield return Row("organization",
                ("org_id", id), ("name", name), ("is_operator", false), ("created_at", Noon),
                ("metadata", """{"ref":"Ä"}"""));
            yield return Row("ingest_head",
                ("org_id", id), ("batch_no", 1L), ("hash", new byte[32]), ("config_version", 3L),
                ("fenced_through", 202606));
        }

        yield return Row("api_key",
            ("org_id", Advertiser), ("key_id", Named<KeyId>("key")), ("kind", "csb"), ("role", "manager"),
            ("name", "server"), ("hash", new byte[] { 1, 2, 3 }), ("is_active", true), ("expires_at", null),
            ("last_used", Noon), ("rate_limit_per_minute", 0), ("rate_limit_per_day", 5), ("created_at", Noon));
        yield return Row("rate_window",
            ("subject", new byte[] { 4 }), ("window_seconds", 60), ("window_start", 1L), ("used", 7L));
        yield return Row("idempotent_answer",
            ("caller", "key:1"), ("idempotency_key", "a"), ("request_hash", new byte[] { 5 }), ("status", 201),
            ("content_type", "application/json"), ("location", ""), ("body", new byte[] { 6 }), ("created_at", Noon));
        yield return Row("system_secret", ("purpose", "p"), ("secret", new byte[] { 7 }), ("created_at", Noon));
        yield return Row("location",
            ("org_id", Retailer), ("location_id", Location), ("name", "Shop"), ("is_active", true),
            ("created_at", Noon), ("metadata", "{}"));
        yield return Row("offer",
            ("org_id", Retailer), ("offer_id", Offer), ("location_id", Location), ("name", "Tea"), ("sku", "t"),
            ("created_at", Noon), ("metadata", "{}"));
    }

    private static IEnumerable<TestRow> CampaignsOf1()
    {
        yield return Row("campaign",
            ("org_id", Advertiser), ("campaign_id", Campaign), ("name", "Tea"), ("status", "active"),
            ("completed_reason", null), ("completed_at", null), ("pricing", "cpc"), ("price_micro", 200_000L),
            ("start_day", 20260801), ("end_day", null), ("created_at", Noon), ("metadata", "{}"), ("version", 3L));
        yield return Row("campaign_offer",
            ("org_id", Advertiser), ("campaign_id", Campaign), ("offer_id", Offer), ("retailer_org_id", Retailer),
            ("location_id", Location));
        yield return Budget;
        yield return Row("campaign_total",
            ("org_id", Advertiser), ("campaign_id", Campaign), ("impressions", 0L), ("clicks", 2L),
            ("invalid_impressions", 0L), ("invalid_clicks", 0L), ("unbilled_clicks", 0L), ("charge_micro", 400_000L),
            ("first_event_at", Noon), ("last_event_at", Noon), ("version", 1L));
        yield return Row("billing_period",
            ("org_id", Advertiser), ("period", 202607), ("state", "CLOSED"), ("closed_at", Noon), ("event_count", 1L),
            ("charge_micro", 1L));
        yield return Row("stat_hourly",
            ("org_id", Advertiser), ("campaign_id", Campaign), ("hour", 2026081512), ("offer_id", Offer),
            ("retailer_org_id", Retailer), ("location_id", Location), ("impressions", 0L), ("clicks", 2L),
            ("invalid_impressions", 0L), ("invalid_clicks", 0L), ("unbilled_clicks", 0L), ("charge_micro", 400_000L),
            ("version", 1L));
    }

    private static IEnumerable<TestRow> EventsOf1()
    {
        yield return Row("ingest_batch",
            ("org_id", Advertiser), ("batch_no", 1L), ("flush_id", Named<EventId>("flush").Value),
            ("committed_at", Noon), ("event_count", 1), ("valid_count", 1), ("charge_micro", 200_000L),
            ("prev_hash", new byte[32]), ("hash", new byte[32]));
        yield return Row("ad_event",
        ("org_id", Advertiser), ("event_id", Named<EventId>("event")), ("batch_no", 1L), ("ordinal", 0), ("kind", 2),
        ("campaign_id", Campaign), ("offer_id", Offer), ("location_id", Location), ("retailer_org_id", Retailer),
        ("stated_at", null), ("occurred_at", Noon), ("received_at", Noon), ("billing_hour", 2026081512),
        ("validity", 0), ("reason", null), ("ruleset", 1), ("price_micro", 200_000L), ("charge_micro", 200_000L));
    }

    private static IEnumerable<TestRow> JournalOf2()
    {
        yield return Batch;
        yield return Row("placement",
            ("org_id", Advertiser), ("placement_no", 0), ("campaign_id", Campaign), ("offer_id", Offer),
            ("retailer_org_id", Retailer), ("location_id", Location), ("pricing", "cpc"),
            ("event_price_micro", 200_000L), ("first_batch", 1L));
        yield return Row("projection",
            ("org_id", Advertiser), ("name", "rollups"), ("through_batch", 1L));
        yield return Row("id_run",
            ("org_id", Advertiser), ("through_batch", 1L), ("after_batch", 0L), ("id_count", 2), ("block_bits", 0),
            ("undated_count", 1), ("oldest_ms", 1L), ("newest_ms", 2L), ("ahead_oldest_ms", null),
            ("ahead_newest_ms", null), ("last_received_at", Noon), ("filter", new byte[64]));
        yield return Row("id_run_block",
            ("org_id", Advertiser), ("through_batch", 1L), ("block_no", 0), ("entries", new byte[22]));
    }

    private static IEnumerable<TestRow> VerificationOf4()
    {
        yield return Row("verification",
            ("verification_id", Named<VerificationId>("verification").Value), ("trigger_name", "nightly"),
            ("state", "clean"), ("started_at", Noon), ("finished_at", Noon), ("organization_count", 2L),
            ("batch_count", 1L), ("event_count", 2L), ("difference_count", 0L), ("differences", "[]"));
    }

    private static IEnumerable<TestRow> ImportOf5()
    {
        yield return Row("import_progress",
            ("org_id", Advertiser), ("file_hash", new byte[32]), ("name", "events.ndjson.gz"), ("line_count", 10L),
            ("accepted_count", 6L), ("duplicate_count", 3L), ("rejected", "{\"invalid\":1}"), ("started_at", Noon),
            ("updated_at", Noon), ("finished_at", null));
    }

    private static IEnumerable<TestRow> DaysOf6()
    {
        yield return Row("campaign_day",
            ("org_id", Advertiser), ("campaign_id", Campaign), ("day", 20260814), ("spent_micro", 300_000L));
    }

    private static IEnumerable<TestRow> AdjustmentsOf7()
    {
        yield return Row("adjustment",
            ("org_id", Advertiser), ("adjustment_id", Named<AdjustmentId>("adjustment")), ("campaign_id", Campaign),
            ("offer_id", Offer), ("retailer_org_id", Retailer), ("location_id", Location),
            ("event_id", Named<EventId>("event")), ("kind", "EVENT"), ("origin_day", 20260715),
            ("origin_period", 202607), ("applied_period", 202608), ("booked_hour", 2026081512),
            ("amount_micro", -200_000L), ("reason", "A test"), ("actor", "key:1"), ("created_at", Noon));
        yield return Row("revenue_share_part",
            ("org_id", Retailer), ("period", 202608), ("origin_period", 202607), ("pool_micro", -200_000L),
            ("gross_cents", -20L), ("fee_cents", -3L), ("share_cents", -17L), ("fee_ppm", 150_000));
    }

    private static IEnumerable<TestRow> LedgerOf8()
    {
        yield return Row("ledger_tx",
            ("org_id", Retailer), ("reference", "settlement/2026-08"), ("kind", "SETTLEMENT"),
            ("booked_period", 202608), ("created_at", Noon), ("reverses", null));
        yield return Row("ledger_entry",
            ("org_id", Retailer), ("reference", "settlement/2026-08"), ("line", 1), ("account", "PAYABLE"),
            ("party_id", Retailer), ("amount_micro", -170_000L));
    }

    /// <summary>A payout that waits to be sent, and what it rests on.</summary>
    public static IEnumerable<TestRow> PayoutsOf9()
    {
        yield return Row("payout_account",
            ("org_id", Retailer), ("provider", "manual"), ("destination", "DE00 1234"), ("hold_reason", null),
            ("changed_at", Noon), ("changed_by", "key:1"));
        yield return Row("payout_run",
            ("run_id", Run), ("state", "CONFIRMED"), ("fingerprint", new string('a', 64)), ("minimum_cents", 5_000L),
            ("created_at", Noon), ("created_by", "key:1"), ("decided_at", Noon), ("decided_by", "key:2"));
        yield return Row("payout_plan",
            ("run_id", Run), ("org_id", Retailer), ("outcome", "RESERVED"), ("amount_cents", 85L),
            ("provider", "manual"), ("destination", "DE00 1234"), ("records", "[]"));
        yield return Row("payout",
            ("org_id", Retailer), ("payout_id", Payout), ("run_id", Run), ("amount_cents", 85L), ("currency", "usd"),
            ("provider", "manual"), ("destination", "DE00 1234"), ("state", "SENDING"), ("due_at", null),
            ("failure", ""), ("transfer_id", null), ("reversed_cents", 0L), ("created_at", Noon),
            ("settled_at", null), ("settled_by", null), ("version", 2L));
        yield return Row("payout_item",
            ("org_id", Retailer), ("payout_id", Payout), ("share_id", Share), ("share_cents", 85L),
            ("is_active", true));
        yield return Row("payout_attempt",
            ("org_id", Retailer), ("payout_id", Payout), ("attempt_no", 1), ("idempotency_key", "po_1_a1"),
            ("request_hash", new byte[32]), ("first_sent_at", Noon), ("last_sent_at", Noon), ("sends", 1),
            ("outcome", "IN_FLIGHT"), ("http_status", null), ("error_code", ""), ("request_ref", ""));
        yield return Row("payout_halt",
            ("id", 1), ("reason", "A test"), ("halted_at", Noon), ("halted_by", "key:1"));
        yield return Row("webhook_inbox",
            ("provider", "stripe"), ("provider_event_id", "evt_1"), ("type", "transfer.created"),
            ("transfer_id", "tr_1"), ("received_at", Noon), ("due_at", null), ("payload", "{}"));
        yield return Row("reconciliation",
            ("reconciliation_id", Named<ReconciliationId>("reconciliation")), ("started_at", Noon),
            ("started_by", "job"), ("since", Noon), ("finished_at", Noon), ("transfer_count", 1L),
            ("payout_count", 1L), ("difference_count", 1L), ("failure", ""));
        yield return Row("payout_difference",
            ("difference_id", Difference), ("kind", "UNKNOWN_TRANSFER"), ("org_id", null), ("payout_id", null),
            ("transfer_id", "tr_2"), ("ours", "nothing"), ("theirs", "1.00 usd"), ("found_at", Noon),
            ("last_seen_at", Noon), ("settled_at", null), ("settled_by", null), ("note", ""));
    }

    private static IEnumerable<TestRow> AccessOf10()
    {
        var (user, client) = (Named<UserId>("user"), Named<ClientId>("client"));
        yield return Row("app_user",
            ("user_id", user), ("email", "a@example.com"), ("name", "A"), ("password_hash", "h"),
            ("totp_secret", null), ("totp_is_on", false), ("totp_last_step", 0L), ("failed_count", 0),
            ("locked_until", null), ("created_at", Noon));
        yield return Row("membership",
            ("org_id", Advertiser), ("user_id", user), ("role", "owner"), ("created_at", Noon));
        yield return Row("user_link",
            ("link_id", Named<LinkId>("link")), ("hash", new byte[] { 8 }), ("purpose", "INVITATION"),
            ("email", "b@example.com"), ("org_id", Advertiser), ("role", "editor"), ("created_at", Noon),
            ("created_by", "terminal"), ("expires_at", Noon + 1), ("used_at", null));
        yield return Row("user_session",
            ("session_id", Named<SessionId>("session")), ("hash", new byte[] { 9 }), ("user_id", user),
            ("created_at", Noon), ("last_seen_at", Noon), ("expires_at", Noon + 1));
        yield return Row("oauth_client",
            ("client_id", client), ("org_id", Advertiser), ("name", "C"), ("secret_hash", new byte[] { 10 }),
            ("role", "editor"), ("scopes", "advertising:read"), ("is_active", true), ("created_at", Noon),
            ("created_by", "terminal"), ("last_used", null));
        yield return Row("access_token",
            ("token_id", Named<TokenId>("token")), ("hash", new byte[] { 11 }), ("client_id", client),
            ("scopes", "advertising:read"), ("created_at", Noon), ("expires_at", Noon + 1));
        yield return Row("data_protection_key", ("name", "key-1"), ("xml", "<key/>"), ("created_at", Noon));
        yield return Row("audit_head", ("org_id", Advertiser), ("entry_no", 1L), ("hash", new byte[32]));
        yield return Row("audit_entry",
            ("org_id", Advertiser), ("entry_no", 1L), ("at", Noon), ("actor", "terminal"), ("credential", ""),
            ("action", "organization.create"), ("subject", "organization:x"), ("before_json", ""),
            ("after_json", "{}"), ("request_id", ""), ("prev_hash", new byte[32]), ("hash", new byte[32]));
    }

    private static IEnumerable<TestRow> InvalidTrafficOf11()
    {
        yield return Row("projection", ("org_id", Retailer), ("name", "reasons"), ("through_batch", 0L));
        yield return Row("invalid_daily",
            ("org_id", Advertiser), ("campaign_id", Campaign), ("day", 20260815), ("reason", 1), ("impressions", 0L),
            ("clicks", 1L));
    }

    private static IEnumerable<TestRow> ArchiveOf12()
    {
        yield return Row("journal_archive",
            ("org_id", Advertiser), ("period", 202605), ("first_batch", 1L), ("through_batch", 1L),
            ("prev_hash", new byte[32]), ("hash", new byte[32]), ("committed_at", Noon), ("event_count", 2L),
            ("charge_micro", 200_000L), ("sums", "{}"), ("file", "2026-05/a.ndjson.gz"), ("file_hash", new byte[32]),
            ("archived_at", Noon));
        yield return Row("archived_hourly",
            ("org_id", Advertiser), ("period", 202605), ("campaign_id", Campaign), ("hour", 2026051512),
            ("offer_id", Offer), ("retailer_org_id", Retailer), ("location_id", Location), ("impressions", 1L),
            ("clicks", 1L), ("invalid_impressions", 0L), ("invalid_clicks", 0L), ("unbilled_clicks", 0L),
            ("charge_micro", 200_000L), ("version", 1L));
        yield return Row("archived_invalid",
            ("org_id", Advertiser), ("period", 202605), ("campaign_id", Campaign), ("day", 20260515), ("reason", 1),
            ("impressions", 0L), ("clicks", 1L));
    }

    private static IEnumerable<TestRow> MoneyOf1()
    {
        yield return Row("fee_rate",
            ("org_id", Guid.Empty), ("effective_period", 202601), ("fee_ppm", 150_000), ("created_at", Noon),
            ("actor", "key:1"));
        yield return RevenueShare;
        yield return RevenueShareLine;
        yield return Row("revenue_share_carry",
            ("org_id", Retailer), ("period", 202607), ("carry_micro", 5_000L));
        yield return Row("share_transition",
            ("org_id", Retailer), ("share_id", Share), ("seq", 1), ("from_status", ""), ("to_status", "CALCULATED"),
            ("actor", "key:1"), ("reason", ""), ("at", Noon));
        yield return Row("settlement",
            ("period", 202607), ("state", "CLOSED"), ("started_at", Noon), ("closed_at", Noon), ("actor", "key:1"),
            ("event_count", 1L), ("charge_micro", 1_005_000L), ("record_count", 1L), ("gross_cents", 100L),
            ("fee_cents", 15L), ("share_cents", 85L));
    }

    private static IEnumerable<TestRow> TrafficOf3()
    {
        yield return Row("traffic_list", ("org_id", Guid.Empty), ("list", "agent"), ("entry", "acme-fetch"));
        yield return Row("traffic_list", ("org_id", Guid.Empty), ("list", "domain"), ("entry", "farm.example"));
        yield return Row("traffic_list", ("org_id", Guid.Empty), ("list", "network"), ("entry", "192.0.2.0/24"));
        yield return Row("traffic_list", ("org_id", Advertiser), ("list", "own_network"), ("entry", "2001:db8::/32"));
        yield return Row("traffic_list_version", ("id", 1), ("version", 4));
    }

    private static TestRow Row(string table, params (string Column, object? Value)[] columns) =>
        new(table, columns.ToDictionary(column => column.Column, column => column.Value));

    private static TId Named<TId>(string name)
        where TId : struct, IId<TId> => TId.From(NamedId.Create("test/" + name));
}
