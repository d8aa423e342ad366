
namespace Countinghouse.WebConsole.Platform;

/// <summary>How one node takes in events.</summary>
public sealed record IngestHealth(
    string Node, string StartedAt, decimal EventsPerSecond, long Accepted, long Duplicates, long Conflicts,
    long QueueRefusals, long RefusalsLastMinute, long QueueEvents, long QueueCapacityEvents, long Flushes,
    decimal? FlushMillisecondsP50, decimal? FlushMillisecondsP99, decimal? AnswerMillisecondsP50,
    decimal? AnswerMillisecondsP99, long BatchesBehind, string? LastEventAt);

/// <summary>Invalid traffic of one reason.</summary>
public sealed record InvalidReason(string Reason, string Validity, long Impressions, long Clicks);

/// <summary>Invalid traffic of one advertiser.</summary>
public sealed record InvalidOrganization(
    string OrganizationId, string OrganizationName, long Impressions, long Clicks, long InvalidImpressions,
    long InvalidClicks, string InvalidRate);

/// <summary>Invalid traffic of the platform.</summary>
public sealed record InvalidTraffic(
    long Impressions, long Clicks, long InvalidImpressions, long InvalidClicks, IReadOnlyList<InvalidReason> Rows,
    IReadOnlyList<InvalidOrganization> Organizations);

/// <summary>What the page of invalid traffic shows.</summary>
public sealed record TrafficModel(
    DayRange Range, InvalidTraffic Traffic, TableView Reasons, TableView ByOrganization);

/// <summary>How events come in, and what of them is not real.</summary>
public static class HealthPages
{
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/ingest", Ingest);
        pages.MapPage("/traffic", Traffic);
        return pages;
    }

    private static async Task<IResult> Ingest(ConsolePage page) =>
        page.Show<IngestPage>(await page.Api.Get<IngestHealth>("ingest-health"));

    private static async Task<IResult> Traffic(ConsolePage page)
    {
        var reasons = new Table<InvalidReason>(
            "invalid-traffic",
            new("Reason", row => Cell.Status(row.Reason)),
            new("Kind", row => Cell.Text(row.Validity)),
            new("Impressions", row => Cell.Count(row.Impressions), IsNumber: true),
            new("Clicks", row => Cell.Count(row.Clicks), IsNumber: true));
        var organizations = new Table<InvalidOrganization>(
            "invalid-traffic-by-organization",
            new("Advertiser", row => Cells.Organization(row.OrganizationId, row.OrganizationName, "/traffic")),
            new("Valid impressions", row => Cell.Count(row.Impressions), IsNumber: true),
            new("Invalid impressions", row => Cell.Count(row.InvalidImpressions), IsNumber: true),
            new("Valid clicks", row => Cell.Count(row.Clicks), IsNumber: true),
            new("Invalid clicks", row => Cell.Count(row.InvalidClicks), IsNumber: true),
            new("Invalid", row => Cell.Percent(row.InvalidRate), IsNumber: true),
            new("Organization id", row => Cell.Code(row.OrganizationId), InPage: false));
        var range = DayRange.Of(page);
        var traffic = await page.Api.Get<InvalidTraffic>("reporting/invalid-traffic", range.Parameters);
        if (page.WantsCsv)
        {
            return page.Query("table") == "organizations"
                ? organizations.Csv(traffic.Organizations)
                : reasons.Csv(traffic.Rows);
        }

        return page.Show<TrafficPage>(new TrafficModel(
            range,
            traffic,
            reasons.View(traffic.Rows, "Nothing was found invalid on these days. Choose others above."),
            organizations.View(traffic.Organizations, "No advertiser had invalid traffic on these days.")));
    }
}
