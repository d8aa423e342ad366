using System.Globalization;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;

namespace Countinghouse.Commands.Exporting;

/// <summary>Which days are wanted, both included.</summary>
internal readonly record struct DaySpan(UtcDay? From, UtcDay? To)
{
    public int FirstHour => From?.FirstHour ?? 0;

    public int LastHour => To?.LastHour ?? int.MaxValue;

    /// <summary>True when any day of the month is wanted.</summary>
    public bool Touches(UtcDay first, UtcDay last) => !(last < From) && !(first > To);
}

/// <summary>
/// Writes what is recorded of an organization, row by row from one snapshot: memory does not grow with the rows. The
/// columns and their order are read by other programs: add at the end, never change one.
/// </summary>
internal sealed class Exporter(
    Database database,
    EventReader events,
    Rollups rollups,
    RollupReader stored,
    RevenueShareStore shares)
{
    /// <summary>More months than any retailer will have.</summary>
    private const int SharesMax = 10_000;

    public static readonly string[] EventColumns =
    [
        "organization_id", "event_id", "kind", "campaign_id", "offer_id", "retailer_id", "location_id", "occurred_at",
        "received_at", "billing_day", "validity", "reason", "ruleset", "price_micros", "charge_micros", "batch_no",
    ];

    public static readonly string[] RollupColumns =
    [
        "organization_id", "campaign_id", "hour", "offer_id", "retailer_id", "location_id", "impressions", "clicks",
        "invalid_impressions", "invalid_clicks", "unbilled_clicks", "charge_micros", "version",
    ];

    public static readonly string[] ShareColumns =
    [
        "organization_id", "share_id", "period_start", "period_end", "gross_revenue", "platform_fee", "retailer_share",
        "platform_fee_rate", "status", "revision", "paid_at", "stripe_transfer_id",
    ];

    private readonly Dictionary<Guid, string> _printed = [];

    /// <summary>Every event that was acknowledged before, in the order of recording; returns how many.</summary>
    public Task<long> Events(
        OrganizationId organization, DaySpan days, IRowWriter rows, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var count = 0L;
                await events.ForEachEvent(
                    connection,
                    organization,
                    await events.LastBatch(connection, organization, cancellation),
                    days.FirstHour,
                    days.LastHour,
                    (adEvent, batch) =>
                    {
                        Write(rows, adEvent, batch);
                        count++;
                    },
                    cancellation);
                return count;
            },
            cancellation);

    /// <summary>Hourly rollups that contain every event acknowledged before; returns how many.</summary>
    public async Task<long> Rollups(
        OrganizationId organization, DaySpan days, IRowWriter rows, CancellationToken cancellation)
    {
        await rollups.CatchUp(organization, cancellation);
        return await database.ReadSnapshot(
            async connection =>
            {
                var count = 0L;
                await stored.ForEach(
                    connection,
                    organization,
                    days.FirstHour,
                    days.LastHour,
                    (key, counts) =>
                    {
                        Write(rows, organization, key, counts);
                        count++;
                    },
                    cancellation);
                return count;
            },
            cancellation);
    }

    /// <summary>Revenue-share records of months with any of the days, oldest first; returns how many.</summary>
    public async Task<long> Shares(
        OrganizationId organization, DaySpan days, IRowWriter rows, CancellationToken cancellation)
    {
        var records = await shares.List(organization, new Page(1, SharesMax), cancellation);
        var count = 0L;
        foreach (var share in records.Data.Reverse().Where(s => days.Touches(s.PeriodStart, s.PeriodEnd)))
        {
            Write(rows, organization, share);
            count++;
        }

        return count;
    }

    private void Write(IRowWriter rows, AdEvent adEvent, long batch)
    {
        rows.Text(Print(adEvent.Advertiser.Value));
        rows.Text(adEvent.Id.ToString());
        rows.Text(EventWords.Of(adEvent.Kind));
        rows.Text(Print(adEvent.Campaign.Value));
        rows.Text(Print(adEvent.Offer?.Value));
        rows.Text(Print(adEvent.Retailer?.Value));
        rows.Text(Print(adEvent.Location?.Value));
        rows.Text(adEvent.OccurredAt.ToString());
        rows.Text(adEvent.ReceivedAt.ToString());
        rows.Text(UtcDay.FromNumber(adEvent.BillingHour / 100).ToString());
        rows.Text(EventWords.Of(adEvent.Validity));
        rows.Text(EventWords.Of(adEvent.Reason));
        rows.Number(adEvent.Ruleset);
        rows.Number(adEvent.Price.Micros);
        rows.Number(adEvent.Charge.Micros);
        rows.Number(batch);
        rows.EndRow();
    }

    private void Write(IRowWriter rows, OrganizationId organization, StatKey key, StatCounts counts)
    {
        var hasOffer = key.Offer.Value != Guid.Empty;
        rows.Text(Print(organization.Value));
        rows.Text(Print(key.Campaign.Value));
        rows.Text(Instant.Of(UtcDay.FromNumber(key.Hour / 100).Start().AddHours(key.Hour % 100)).ToString());
        rows.Text(hasOffer ? Print(key.Offer.Value) : null);
        rows.Text(hasOffer ? Print(key.Retailer.Value) : null);
        rows.Text(hasOffer ? Print(key.Location.Value) : null);
        rows.Number(counts.Impressions);
        rows.Number(counts.Clicks);
        rows.Number(counts.InvalidImpressions);
        rows.Number(counts.InvalidClicks);
        rows.Number(counts.UnbilledClicks);
        rows.Number(counts.Charge.Micros);
        rows.Number(counts.Version);
        rows.EndRow();
    }

    private static void Write(IRowWriter rows, OrganizationId organization, RevenueShareOut share)
    {
        rows.Text(organization.ToString());
        rows.Text(share.Id.ToString());
        rows.Text(share.PeriodStart.ToString());
        rows.Text(share.PeriodEnd.ToString());
        rows.Text(share.GrossRevenue.ToString());
        rows.Text(share.PlatformFee.ToString());
        rows.Text(share.RetailerShare.ToString());
        rows.Text(share.PlatformFeeRate.ToString());
        rows.Text(share.Status.ToString().ToUpper(CultureInfo.InvariantCulture));
        rows.Number(share.Revision);
        rows.Text(share.PaidAt?.ToString());
        rows.Text(share.StripeTransferId);
        rows.EndRow();
    }

    /// <summary>Ids that come again and again are printed once; there are as many as campaigns and offers.</summary>
    private string? Print(Guid? id)
    {
        if (id is not { } value)
        {
            return null;
        }

        if (!_printed.TryGetValue(value, out var text))
        {
            text = ShortUuid.Format(value);
            _printed.Add(value, text);
        }

        return text;
    }
}
