using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>A record among those of all retailers.</summary>
public sealed record RevenueShareListItem : RevenueShareOut
{
    public RevenueShareListItem()
    {
    }

    [SetsRequiredMembers]
    internal RevenueShareListItem(RevenueShareOut record, OrganizationId retailer, string name, string? disputeReason)
        : base(record)
    {
        OrganizationId = retailer;
        OrganizationName = name;
        DisputeReason = disputeReason;
    }

    /// <summary>The retailer that earned it.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>The retailer's name.</summary>
    public required string OrganizationName { get; init; }

    /// <summary>Why somebody objected, in their words; null unless the record is DISPUTED.</summary>
    public string? DisputeReason { get; init; }
}

/// <summary>Reads the records of all retailers.</summary>
public sealed class ShareListStore(Database database)
{
    private const string Records = "FROM revenue_share r";

    private const string OfStatus = "r.status = @status";

    private const string OfMonth = "r.period = @period";

    private const string OfName = """
        r.org_id IN (SELECT n.org_id FROM organization n WHERE LOWER(n.name) LIKE LOWER(@text) ESCAPE '\')
        """;

    // The page is found first, by the index of months alone, read backwards; only its rows are looked up elsewhere.
    private static string PageOf(string records) => $"""
        SELECT r.share_id, r.period, r.gross_cents, r.fee_cents, r.share_cents, r.fee_ppm, r.status, r.paid_at,
               r.stripe_transfer_id, r.metadata, r.revision, r.payout_id, r.org_id, o.name, r.dispute_reason
        FROM (
            SELECT r.*, CASE WHEN r.status = 'DISPUTED' THEN (
                SELECT t.reason FROM share_transition t
                WHERE t.org_id = r.org_id AND t.share_id = r.share_id AND t.to_status = 'DISPUTED'
                ORDER BY t.seq DESC LIMIT 1) END AS dispute_reason
            {records} ORDER BY r.period DESC, r.org_id DESC LIMIT @size OFFSET @offset) r
        JOIN organization o ON o.org_id = r.org_id
        ORDER BY r.period DESC, r.org_id DESC
        """;

    /// <summary>The latest month first, in it the retailer that was made last; nulls ask for everything.</summary>
    public Task<Paged<RevenueShareListItem>> List(
        RevenueShareStatusEnum? status, Period? period, string? name, Page page, CancellationToken cancellation)
    {
        var conditions = new List<string>();
        var values = new List<(string, object?)>();
        if (status is { } wanted)
        {
            conditions.Add(OfStatus);
            values.Add(("status", RevenueShareStore.Stored(wanted)));
        }

        if (period is { } month)
        {
            conditions.Add(OfMonth);
            values.Add(("period", month));
        }

        if (name is not null)
        {
            conditions.Add(OfName);
            values.Add(("text", Sql.Containing(name)));
        }

        var records = Records + (conditions.Count > 0 ? " WHERE " + string.Join(" AND ", conditions) : "");
        return database.ReadSnapshot(
            async connection => new Paged<RevenueShareListItem>(
                await connection.Query(
                    PageOf(records),
                    Read,
                    cancellation,
                    [.. values, ("size", page.Size), ("offset", page.Offset)]),
                page,
                (int)(await connection.Number("SELECT COUNT(*) " + records, cancellation, [.. values]))!.Value),
            cancellation);
    }

    private static RevenueShareListItem Read(DbDataReader row) => new(
        RevenueShareStore.Read(row), row.Id<OrganizationId>(12), row.GetString(13), row.TextOrNull(14));
}
