using System.Data.Common;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>Events into SQLite by one prepared statement: no server to talk to, so a row at a time is the fast way.</summary>
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

    private static async Task InsertEventsSqlite(
        DbConnection connection, List<AdEvent> events, long batchNo, CancellationToken cancellation)
    {
        await using var insert = connection.Command(InsertEvent, [.. EventColumns.Select(name => (name, (object?)null))]);
        for (var ordinal = 0; ordinal < events.Count; ordinal++)
        {
            var adEvent = events[ordinal];
            object?[] row =
            [
                adEvent.Advertiser.Value, adEvent.Id.Value, batchNo, ordinal, (int)adEvent.Kind, adEvent.Campaign.Value,
                adEvent.Offer?.Value, adEvent.Location?.Value, adEvent.Retailer?.Value, adEvent.StatedAt?.Micros,
                adEvent.OccurredAt.Micros, adEvent.ReceivedAt.Micros, adEvent.BillingHour, (int)adEvent.Validity,
                adEvent.Reason, adEvent.Ruleset, adEvent.Price.Micros, adEvent.Charge.Micros,
            ];
            for (var column = 0; column < row.Length; column++)
            {
                insert.Parameters[column].Value = row[column] ?? DBNull.Value;
            }

            await insert.ExecuteNonQueryAsync(cancellation);
        }
    }
}
