using System.Data.Common;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Events into SQLite by one prepared statement: no server to talk to, so a row at a time is the fast way.
/// </summary>
public sealed partial class EventWriter
{
    private const string InsertEvent = """
        INSERT INTO ad_event (org_id, event_id, batch_no, ordinal, kind, campaign_id, offer_id, location_id,
                              retailer_org_id, stated_at, occurred_at, received_at, billing_hour, validity, reason,
                              ruleset, price_micro, charge_micro)
        VALUES (@org, @id, @batch, @ordinal, @kind, @campaign, @offer, @location, @retailer, @stated, @occurred,
                @received, @hour, @validity, @reason, @ruleset, @price, @charge)
        """;

    private static readonly string[] EventColumns =
    [
        "org", "id", "batch", "ordinal", "kind", "campaign", "offer", "location", "retailer", "stated", "occurred",
        "received", "hour", "validity", "reason", "ruleset", "price", "charge",
    ];

    private static Task InsertEventsSqlite(
        DbConnection connection, List<AdEvent> events, long batchNo, CancellationToken cancellation) =>
        connection.ExecuteMany(
            InsertEvent,
            EventColumns,
            events.Select((adEvent, ordinal) => new object?[]
            {
                adEvent.Advertiser, adEvent.Id, batchNo, ordinal, (int)adEvent.Kind, adEvent.Campaign, adEvent.Offer,
                adEvent.Location, adEvent.Retailer, adEvent.StatedAt, adEvent.OccurredAt, adEvent.ReceivedAt,
                adEvent.BillingHour, (int)adEvent.Validity, adEvent.Reason.ToString(), adEvent.Ruleset, adEvent.Price,
                adEvent.Charge,
            }),
            cancellation);
}
