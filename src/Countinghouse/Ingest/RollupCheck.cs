using System.Data.Common;
using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>A figure that is not what the events come to.</summary>
/// <param name="Organization">Whose it is.</param>
/// <param name="Table">Where it is stored.</param>
/// <param name="Key">Of the row, as people can look it up.</param>
/// <param name="Figure">The column.</param>
/// <param name="Stored">What is there.</param>
/// <param name="Expected">What the events come to.</param>
public sealed record Difference(
    OrganizationId Organization, string Table, string Key, string Figure, string Stored, string Expected);

/// <summary>What the events of an advertiser and a span of hours come to, and where rollups say otherwise.</summary>
public sealed record RollupComparison(long Events, Money Charge, IReadOnlyList<Difference> Differences);

/// <summary>
/// Holds rollup rows, and those of invalid events by reason, against the journal, row by row and column by column.
/// </summary>
public sealed class RollupCheck(EventReader events)
{
    /// <summary>Differences of one comparison that are listed; there are no more in the result.</summary>
    private const int DifferencesMax = 1_000;

    private const string Rows = """
        SELECT campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks, invalid_impressions,
               invalid_clicks, unbilled_clicks, charge_micro, version
        FROM stat_hourly WHERE org_id = @org AND hour BETWEEN @first AND @last
        """;

    /// <summary>
    /// Compares the rows of a span of hours with what was archived and the batches up to the watermark, in the caller's
    /// snapshot.
    /// </summary>
    public async Task<RollupComparison> Compare(
        DbConnection connection,
        OrganizationId advertiser,
        int firstHour,
        int lastHour,
        CancellationToken cancellation)
    {
        var through = await EventReader.ProjectedThrough(connection, advertiser, Rollups.Projection, cancellation);
        var fold = new JournalFold(
            await events.Placements(connection, advertiser, cancellation),
            firstHour,
            lastHour,
            await EventReader.ProjectedThrough(connection, advertiser, InvalidReasons.Projection, cancellation));
        await JournalStart.AddTo(fold, connection, advertiser, firstHour, lastHour, cancellation);
        await events.ForEachOf(connection, advertiser, through, firstHour, lastHour, fold.Add, cancellation);
        var charge = fold.Charge;
        var differences = new List<Difference>();
        await connection.ForEach(
            Rows,
            row =>
            {
                var (key, stored) = RollupReader.Read(row);
                Compare(differences, advertiser, key, stored, fold.Take(key));
            },
            cancellation,
            ("org", advertiser),
            ("first", firstHour),
            ("last", lastHour));
        foreach (var (key, counts) in fold.ByKey())
        {
            Compare(differences, advertiser, key, default, counts);
        }

        await InvalidReasons.Compare(
            connection, advertiser, firstHour / 100, lastHour / 100, fold, Report, cancellation);
        return new RollupComparison(fold.Events, charge, differences);

        void Report(Difference difference)
        {
            if (differences.Count < DifferencesMax)
            {
                differences.Add(difference);
            }
        }
    }

    private static void Compare(
        List<Difference> differences,
        OrganizationId advertiser,
        StatKey key,
        StatCounts stored,
        StatCounts expected)
    {
        Figure("impressions", stored.Impressions, expected.Impressions);
        Figure("clicks", stored.Clicks, expected.Clicks);
        Figure("invalid_impressions", stored.InvalidImpressions, expected.InvalidImpressions);
        Figure("invalid_clicks", stored.InvalidClicks, expected.InvalidClicks);
        Figure("unbilled_clicks", stored.UnbilledClicks, expected.UnbilledClicks);
        Figure("charge_micro", stored.Charge.Micros, expected.Charge.Micros);
        Figure("version", stored.Version, expected.Version);

        void Figure(string name, long there, long wanted)
        {
            if (there != wanted && differences.Count < DifferencesMax)
            {
                differences.Add(new Difference(
                    advertiser,
                    "stat_hourly",
                    string.Create(
                        CultureInfo.InvariantCulture, $"campaign {key.Campaign} hour {key.Hour} offer {key.Offer}"),
                    name,
                    there.ToString(CultureInfo.InvariantCulture),
                    wanted.ToString(CultureInfo.InvariantCulture)));
            }
        }
    }
}
