using System.Data.Common;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>An event behind a line of a record.</summary>
public sealed record ShareEventOut
{
    /// <summary>The event; its receipt says the rest.</summary>
    public required EventId EventId { get; init; }

    /// <summary>impression or click.</summary>
    public required string Kind { get; init; }

    /// <summary>The retailer's offer that it was about.</summary>
    public required OfferId OfferId { get; init; }

    /// <summary>When it happened.</summary>
    public required Instant OccurredAt { get; init; }

    /// <summary>The UTC day it is billed on.</summary>
    public required UtcDay BillingDay { get; init; }

    /// <summary>What the advertiser was charged, in millionths of a USD; 0 when the budget was used up.</summary>
    public required long ChargeMicros { get; init; }

    /// <summary>The advertiser's batch that it lies in.</summary>
    public required long BatchNo { get; init; }
}

/// <summary>The events behind a line.</summary>
/// <param name="Page">Null: they are in the archive.</param>
public sealed record ShareEventsFound(Paged<ShareEventOut>? Page);

/// <summary>
/// Finds the events behind a line. Rollups say how many there are in each hour, so that a page reads only the batches
/// of the hours that it is in.
/// </summary>
public sealed class ShareEvents(Database database, EventReader events)
{
    private const string FindLine = """
        SELECT l.kind, l.origin_period, l.source_org_id, l.campaign_id, l.location_id
        FROM revenue_share_line l WHERE l.org_id = @org AND l.share_id = @share AND l.line_no = @line
        """;

    private const string CountHours = """
        SELECT hour, CAST(SUM(impressions + clicks) AS bigint)
        FROM stat_hourly
        WHERE org_id = @source AND campaign_id = @campaign AND location_id = @location AND retailer_org_id = @org
          AND hour BETWEEN @first AND @last
        GROUP BY hour HAVING SUM(impressions + clicks) > 0 ORDER BY hour
        """;

    /// <summary>
    /// Valid events in the order of their hours and batches; null when there is no such line, empty for corrections,
    /// and refused when some of them may be in the archive.
    /// </summary>
    public Task<ShareEventsFound?> Find(
        OrganizationId retailer, ShareId share, int lineNo, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var line = await connection.First(
                    FindLine,
                    row => new Line(
                        row.GetString(0) == "EVENTS",
                        Period.FromNumber(row.GetInt32(1)),
                        row.Id<OrganizationId>(2),
                        row.Id<CampaignId>(3),
                        row.Id<LocationId>(4)),
                    cancellation,
                    ("org", retailer),
                    ("share", share),
                    ("line", lineNo));
                return line is null ? null : await Read(connection, retailer, line, page, cancellation);
            },
            cancellation);

    private async Task<ShareEventsFound> Read(
        DbConnection connection, OrganizationId retailer, Line line, Page page, CancellationToken cancellation)
    {
        var hours = line.IsOfEvents
            ? await connection.Query(
                CountHours,
                row => (Hour: row.GetInt32(0), Count: row.GetInt64(1)),
                cancellation,
                ("source", line.Source),
                ("campaign", line.Campaign),
                ("location", line.Location),
                ("org", retailer),
                ("first", line.Month.FirstDay.FirstHour),
                ("last", line.Month.LastDay.LastHour))
            : [];
        var wanted = Window.Of(hours, page);
        if (wanted.Count > 0)
        {
            // An event is billed in the month of its receipt or in an earlier one.
            var start = await JournalStart.Read(connection, line.Source, cancellation);
            if (start.Through >= line.Month)
            {
                return new ShareEventsFound(null);
            }

            var placements = await events.Placements(connection, line.Source, cancellation);
            await events.ForEachOf(
                connection,
                line.Source,
                long.MaxValue,
                wanted.Keys.Min(),
                wanted.Keys.Max(),
                batch => Take(batch, placements, line, wanted),
                cancellation);
        }

        return new ShareEventsFound(new Paged<ShareEventOut>(
            [.. wanted.OrderBy(hour => hour.Key).SelectMany(hour => hour.Value.Found)],
            page,
            (int)Math.Min(int.MaxValue, hours.Sum(hour => hour.Count))));
    }

    private static void Take(
        StoredBatch batch, List<Placement> placements, Line line, Dictionary<int, Window> wanted)
    {
        var reader = new JournalReader(batch.Payload);
        var hours = default(HourFinder);
        while (reader.Read(out var item))
        {
            var placement = placements[item.Placement];
            if (item.Validity != Validity.Valid || placement.Campaign != line.Campaign
                || placement.Location != line.Location)
            {
                continue;
            }

            var hour = hours.Of(item.BilledAt(reader.ReceivedAt));
            if (wanted.TryGetValue(hour, out var window) && window.Takes())
            {
                window.Found.Add(new ShareEventOut
                {
                    EventId = item.Id,
                    Kind = EventWords.Of(item.Kind),
                    OfferId = placement.Offer!.Value,
                    OccurredAt = item.OccurredAt(reader.ReceivedAt),
                    BillingDay = UtcDay.FromNumber(hour / 100),
                    ChargeMicros = item.Charge(placement).Micros,
                    BatchNo = batch.BatchNo,
                });
            }
        }
    }

    private sealed record Line(
        bool IsOfEvents, Period Month, OrganizationId Source, CampaignId Campaign, LocationId Location);

    /// <summary>Which of an hour's events are on the page.</summary>
    private sealed class Window(long skip, long take)
    {
        private long _seen;

        public List<ShareEventOut> Found { get; } = [];

        public bool Takes() => ++_seen > skip && _seen <= skip + take;

        /// <summary>The hours that the page is in.</summary>
        public static Dictionary<int, Window> Of(List<(int Hour, long Count)> hours, Page page)
        {
            var windows = new Dictionary<int, Window>();
            var before = 0L;
            foreach (var (hour, count) in hours)
            {
                var skip = Math.Max(0, page.Offset - before);
                var take = Math.Min(count, page.Offset + page.Size - before) - skip;
                if (take > 0)
                {
                    windows.Add(hour, new Window(skip, take));
                }

                before += count;
            }

            return windows;
        }
    }
}
