namespace Countinghouse.Storage;

/// <summary>Where the rows of a table lie once a database is distributed.</summary>
public enum TablePlace
{
    /// <summary>On the worker that has its organization's shard, beside all else of that organization.</summary>
    Distributed = 1,

    /// <summary>All of it on every node: joined with what is distributed, or pointed at; changed seldom.</summary>
    Reference = 2,

    /// <summary>On the coordinator alone: joined with nothing, and too busy to be written on every node.</summary>
    Local = 3,
}

/// <summary>A table of the schema, its place and the reason.</summary>
public sealed record PlannedTable(string Name, TablePlace Place, string Reason);

/// <summary>
/// The place of every table when the database is a Citus cluster. What belongs to an organization lies by it, so that a
/// flush, a rollup and a report meet one shard; a test holds this list against the schema.
/// </summary>
public static class DistributionPlan
{
    /// <summary>The distribution column of all that is distributed.</summary>
    public const string Column = "org_id";

    /// <summary>The table that the others lie beside.</summary>
    public const string First = "ingest_head";

    /// <summary>Those that others point at come first.</summary>
    public static IReadOnlyList<PlannedTable> Tables { get; } =
    [
        // On every node.
        Everywhere("organization", "nearly every table points at it"),
        Everywhere("app_user", "memberships, sessions and keys point at it"),
        Everywhere("membership", "points at organization and app_user; read with them"),
        Everywhere("user_link", "points at organization"),
        Everywhere("user_session", "points at app_user; found by its hash, whatever the organization"),
        Everywhere("oauth_client", "points at organization; found by its id alone"),
        Everywhere("access_token", "points at oauth_client; found by its hash alone"),
        Everywhere("api_key", "points at organization and app_user; found by its hash alone"),
        Everywhere("fee_rate", "read for all retailers of a closing month; changed some times a year"),
        Everywhere("settlement", "a row a month, joined with the records of retailers"),
        Everywhere("payout_run", "plans and payouts point at it"),
        Everywhere("payout_plan", "read and summed by run, over all retailers"),

        // The coordinator's own.
        Here("schema_migration", "read at each start, before anything is known of the rest"),
        Here("system_secret", "read by name, a few rows"),
        Here("data_protection_key", "read as a whole, a few rows"),
        Here("rate_window", "written by every node every second; joined with nothing"),
        Here("idempotent_answer", "by the caller; written twice a request; joined with nothing"),
        Here("verification", "of the whole platform; joined with nothing"),
        Here("import_progress", "of a file; joined with nothing"),
        Here("traffic_list", "read as a whole when its version has changed"),
        Here("traffic_list_version", "one row, asked for every few seconds"),
        Here("payout_halt", "one row, of the whole platform"),
        Here("webhook_inbox", "by the provider's ids"),
        Here("reconciliation", "of the whole platform"),
        Here("payout_difference", "by what a provider says, of retailers or of nobody"),

        // An advertiser's.
        ByOrganization("ingest_head", "the lock of an advertiser's flushes"),
        ByOrganization("ingest_batch", "the journal"),
        ByOrganization("ingest_batch_v1", "the journal of schema 1, until it is packed"),
        ByOrganization("ad_event", "the journal of schema 1, until it is packed"),
        ByOrganization("placement", "what events are about"),
        ByOrganization("projection", "how far rollups have come"),
        ByOrganization("id_run", "ids that have left the memory"),
        ByOrganization("id_run_block", "ids that have left the memory"),
        ByOrganization("billing_period", "fences of months"),
        ByOrganization("location", "a retailer's; offers point at it"),
        ByOrganization("offer", "a retailer's"),
        ByOrganization("campaign", "an advertiser's; the next five point at it"),
        ByOrganization("campaign_offer", "read and changed with its campaign"),
        ByOrganization("campaign_budget", "changed by each flush, under the head's lock"),
        ByOrganization("campaign_total", "follows the journal"),
        ByOrganization("campaign_day", "changed by flushes, under the head's lock"),
        ByOrganization("adjustment", "made under the advertiser's lock; months sum it by retailer, over all shards"),
        ByOrganization("stat_hourly", "follows the journal; months sum it by retailer, over all shards"),
        ByOrganization("invalid_daily", "follows the journal"),
        ByOrganization("journal_archive", "where an advertiser's journal begins"),
        ByOrganization("archived_hourly", "what archived months come to"),
        ByOrganization("archived_invalid", "what archived months come to"),

        // A retailer's money.
        ByOrganization("revenue_share", "a retailer's; the next three point at it"),
        ByOrganization("revenue_share_line", "read with its record"),
        ByOrganization("share_transition", "written with its record"),
        ByOrganization("revenue_share_carry", "written with the retailer's record"),
        ByOrganization("revenue_share_part", "written with the retailer's record"),
        ByOrganization("ledger_tx", "booked with the retailer's record; the platform's own by the zero id"),
        ByOrganization("ledger_entry", "booked with the retailer's record"),
        ByOrganization("payout_account", "a retailer's"),
        ByOrganization("payout", "a retailer's; the next two point at it"),
        ByOrganization("payout_item", "read with its payout and its record"),
        ByOrganization("payout_attempt", "read with its payout"),

        // Everybody's.
        ByOrganization("audit_head", "a chain for each organization, and the platform's by the zero id"),
        ByOrganization("audit_entry", "in the chain of its organization"),
    ];

    private static PlannedTable ByOrganization(string name, string reason) =>
        new(name, TablePlace.Distributed, reason);

    private static PlannedTable Everywhere(string name, string reason) => new(name, TablePlace.Reference, reason);

    private static PlannedTable Here(string name, string reason) => new(name, TablePlace.Local, reason);
}
