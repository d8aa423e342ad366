using System.Buffers;
using System.Data.Common;
using System.Text.Json;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>Which campaigns and days the list is about; nulls ask for everything.</summary>
public sealed record CampaignListFilter(CampaignStatusEnum? Status, string? Text, UtcDay? Start, UtcDay? End);

/// <summary>
/// The organization's campaigns with their figures, newest first. Rows go from the database reader straight into the
/// answer's bytes.
/// </summary>
public sealed class CampaignListReport(ReportRows source)
{
    private const int FirstBytes = 4 * 1024;

    private readonly string _lifetime = $"""
        SELECT c.campaign_id, c.name, c.status, t.impressions + COALESCE(n.impressions, 0),
               t.clicks + COALESCE(n.clicks, 0), b.spent_micro - b.credited_micro
        FROM campaign c
        JOIN campaign_total t ON t.org_id = c.org_id AND t.campaign_id = c.campaign_id
        JOIN campaign_budget b ON b.org_id = c.org_id AND b.campaign_id = c.campaign_id
        LEFT JOIN {source.NewTotals} ON n.campaign_id = c.campaign_id
        WHERE c.org_id = @org
          AND (@status = '' OR c.status = @status)
          AND (@text = '' OR LOWER(c.name) LIKE LOWER(@text) ESCAPE '\')
        ORDER BY c.created_at DESC, c.campaign_id DESC
        """;

    private readonly string _overDays = $"""
        SELECT c.campaign_id, c.name, c.status, COALESCE(s.impressions, 0), COALESCE(s.clicks, 0),
               COALESCE(s.charge_micro, 0)
        FROM campaign c
        LEFT JOIN (
            SELECT campaign_id, CAST(SUM(impressions) AS bigint) AS impressions, CAST(SUM(clicks) AS bigint) AS clicks,
                   CAST(SUM(charge_micro) AS bigint) AS charge_micro
            FROM {source.Hourly}
            GROUP BY campaign_id
        ) s ON s.campaign_id = c.campaign_id
        WHERE c.org_id = @org
          AND (@status = '' OR c.status = @status)
          AND (@text = '' OR LOWER(c.name) LIKE LOWER(@text) ESCAPE '\')
        ORDER BY c.created_at DESC, c.campaign_id DESC
        """;

    /// <summary>The answer's body.</summary>
    public async Task<ReadOnlyMemory<byte>?> Make(
        DbConnection connection,
        OrganizationId organization,
        CampaignListFilter filter,
        CancellationToken cancellation)
    {
        var ofLife = filter.Start is null && filter.End is null;
        var body = new ArrayBufferWriter<byte>(FirstBytes);
        await using var json = new Utf8JsonWriter(body);
        json.WriteStartObject();
        json.WriteString("organization_id", organization.ToString());
        json.WriteStartArray("campaigns");
        await connection.ForEach(
            ofLife ? _lifetime : _overDays,
            row => WriteItem(json, row),
            cancellation,
            ("tail", ofLife
                ? await source.TotalsTail(connection, organization, cancellation)
                : await source.Tail(connection, organization, cancellation)),
            ("org", organization),
            ("status", filter.Status is { } status ? CampaignWords.Of(status) : ""),
            ("text", filter.Text is null ? "" : Sql.Containing(filter.Text)),
            ("first", filter.Start?.FirstHour ?? 0),
            ("last", filter.End?.LastHour ?? int.MaxValue));
        json.WriteEndArray();
        json.WriteEndObject();
        await json.FlushAsync(cancellation);
        return body.WrittenMemory;
    }

    private static void WriteItem(Utf8JsonWriter json, DbDataReader row)
    {
        var impressions = row.GetInt64(3);
        var clicks = row.GetInt64(4);
        json.WriteStartObject();
        json.WriteString("campaign_id", ShortUuid.Format(row.GetGuid(0)));
        json.WriteString("name", row.GetString(1));
        json.WriteString("status", row.GetString(2));
        json.WriteNumber("impressions", impressions);
        json.WriteNumber("clicks", clicks);
        json.WriteString("spend", WireDecimal.From(new Money(row.GetInt64(5))).ToString());
        json.WriteString("ctr", WireDecimal.Ctr(clicks, impressions).ToString());
        json.WriteEndObject();
    }
}
