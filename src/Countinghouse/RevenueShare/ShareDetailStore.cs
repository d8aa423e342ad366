using System.Data.Common;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>Reads what lies behind a record: its lines and its history.</summary>
public sealed class ShareDetailStore(Database database)
{
    private const string Exists = "SELECT COUNT(*) FROM revenue_share WHERE org_id = @org AND share_id = @share";

    private const string CountLines =
        "SELECT COUNT(*) FROM revenue_share_line WHERE org_id = @org AND share_id = @share";

    private const string ListLines = """
        SELECT line_no, kind, origin_period, campaign_id, location_id, amount_micro
        FROM revenue_share_line WHERE org_id = @org AND share_id = @share
        ORDER BY line_no LIMIT @size OFFSET @offset
        """;

    private const string CountTransitions =
        "SELECT COUNT(*) FROM share_transition WHERE org_id = @org AND share_id = @share";

    private const string ListTransitions = """
        SELECT seq, from_status, to_status, actor, reason, at
        FROM share_transition WHERE org_id = @org AND share_id = @share
        ORDER BY seq LIMIT @size OFFSET @offset
        """;

    /// <summary>The record's lines in their order; null when there is no such record.</summary>
    public Task<Paged<ShareLineOut>?> Lines(
        OrganizationId retailer, ShareId share, Page page, CancellationToken cancellation) =>
        List(CountLines, ListLines, ReadLine, retailer, share, page, cancellation);

    /// <summary>The changes of the record's status, the first one first; null when there is no such record.</summary>
    public Task<Paged<ShareTransitionOut>?> History(
        OrganizationId retailer, ShareId share, Page page, CancellationToken cancellation) =>
        List(CountTransitions, ListTransitions, ReadTransition, retailer, share, page, cancellation);

    private Task<Paged<T>?> List<T>(
        string count,
        string list,
        Func<DbDataReader, T> read,
        OrganizationId retailer,
        ShareId share,
        Page page,
        CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            if (await connection.Number(Exists, cancellation, ("org", retailer), ("share", share)) == 0)
            {
                return null;
            }

            var total = (int)(await connection.Number(count, cancellation, ("org", retailer), ("share", share)))!.Value;
            var rows = await connection.Query(
                list,
                read,
                cancellation,
                ("org", retailer),
                ("share", share),
                ("size", page.Size),
                ("offset", page.Offset));
            return new Paged<T>(rows, page, total);
        },
        cancellation);

    private static ShareLineOut ReadLine(DbDataReader row)
    {
        var amount = new Money(row.GetInt64(5));
        return new ShareLineOut
        {
            LineNo = row.GetInt32(0),
            Kind = row.GetString(1),
            OriginMonth = Period.FromNumber(row.GetInt32(2)),
            CampaignId = row.Id<CampaignId>(3),
            LocationId = row.Id<LocationId>(4),
            Amount = WireDecimal.From(amount),
            AmountMicros = amount.Micros,
        };
    }

    private static ShareTransitionOut ReadTransition(DbDataReader row) => new()
    {
        Number = row.GetInt32(0),
        FromStatus = row.GetString(1) is { Length: > 0 } from ? RevenueShareStore.Status(from) : null,
        ToStatus = RevenueShareStore.Status(row.GetString(2)),
        Actor = row.GetString(3),
        Reason = row.GetString(4),
        At = new Instant(row.GetInt64(5)),
    };
}
