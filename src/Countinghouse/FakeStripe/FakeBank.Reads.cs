using System.Globalization;

namespace Countinghouse.FakeStripe;

/// <summary>Looking at what there is; only lists are late.</summary>
public sealed partial class FakeBank
{
    private const int PageTransfers = 10;
    private const int PageTransfersMax = 100;

    /// <summary>The year 5138 in seconds; times beyond it are no times.</summary>
    private const long SecondsMax = 99_999_999_999;

    private const string Columns = """
        SELECT number, id, balance_transaction, amount, currency, destination, transfer_group, description, metadata,
            idempotency_key, created, listed_from, reversed
        FROM transfer
        """;

    private const string FindAll = Columns + " ORDER BY number";

    private const string FindOne = Columns + " WHERE id = @id";

    private const string PageTail = """
         AND number < @before AND created BETWEEN @from AND @to AND listed_from <= @now
            AND (@destination IS NULL OR destination = @destination)
        ORDER BY number DESC LIMIT @limit
        """;

    // With a group the index on groups is used; "OR @group IS NULL" would read the whole table.
    private const string PageOfGroup = Columns + " WHERE transfer_group = @group" + PageTail;
    private const string PageOfOne = Columns + " WHERE destination = @destination AND @group IS NULL" + PageTail;
    private const string PageOfAll = Columns + " WHERE @group IS NULL" + PageTail;

    private const string FindReversals = """
        SELECT id, balance_transaction, transfer, amount, created FROM reversal WHERE transfer = @transfer
        ORDER BY number DESC
        """;

    private FakeAnswer Read(Func<FakeAnswer> answer) =>
        Fires(FakeFault.ListError) ? FakeErrors.Api() : Fires(FakeFault.ListDrop) ? FakeAnswer.Cut : answer();

    private FakeAnswer List(FakeRequest request, long now)
    {
        var limit = PageTransfers;
        var (from, to, before) = (0L, SecondsMax, long.MaxValue);
        string? destination = null, group = null;
        foreach (var (name, value) in request.Query)
        {
            var number = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
                && whole <= SecondsMax ? whole : (long?)null;
            switch (name)
            {
                case "limit" or "created[gte]" or "created[gt]" or "created[lte]" or "created[lt]"
                    when number is null || (name == "limit" && number is < 1 or > PageTransfersMax):
                    return FakeErrors.NotWhole(name, value);
                case "limit":
                    limit = (int)number!.Value;
                    break;
                case "created[gte]" or "created[gt]":
                    from = number!.Value + (name == "created[gt]" ? 1 : 0);
                    break;
                case "created[lte]" or "created[lt]":
                    to = number!.Value - (name == "created[lt]" ? 1 : 0);
                    break;
                case "destination":
                    destination = value;
                    break;
                case "transfer_group":
                    group = value;
                    break;
                case "starting_after":
                    if (Find(value) is not { } last)
                    {
                        return FakeErrors.NoSuch(400, "transfer", value, name);
                    }

                    before = last.Number;
                    break;
                default:
                    return FakeErrors.Unknown(name);
            }
        }

        var found = _store.Query(
            group is not null ? PageOfGroup : destination is not null ? PageOfOne : PageOfAll,
            ReadTransfer,
            ("@group", group), ("@destination", destination), ("@before", before),
            ("@from", from * 1000), ("@to", (to * 1000) + 999), ("@now", now), ("@limit", limit + 1));
        return FakeAnswer.Of(200, FakeJson.Transfers(
            found.Take(limit).Select(transfer => (transfer, ReversalsOf(transfer))), found.Count > limit));
    }

    private FakeAnswer Get(string id) => Find(id) is { } transfer
        ? FakeAnswer.Of(200, FakeJson.Transfer(transfer, ReversalsOf(transfer)))
        : FakeErrors.NoSuch(404, "transfer", id, "id");

    private static FakeAnswer Account(string id) => Exists(id)
        ? FakeAnswer.Of(200, FakeJson.Account(id, IsOpen(id)))
        : FakeErrors.NoSuch(404, "account", id, null);

    private FakeTransfer? Find(string id) => _store.Query(FindOne, ReadTransfer, ("@id", id)).FirstOrDefault();

    private List<FakeReversal> ReversalsOf(FakeTransfer transfer) =>
        transfer.AmountReversedCents == 0 ? [] : Reversals(transfer.Id);

    private List<FakeReversal> Reversals(string transfer) => _store.Query(
        FindReversals,
        row => new FakeReversal(
            row.Text(0), row.Text(1), row.Text(2), row.Number(3), row.Time(4)),
        ("@transfer", transfer));

    private static FakeTransfer ReadTransfer(FakeRow row) => new(
        row.Number(0), row.Text(1), row.Text(2), row.Number(3), row.Text(4), row.Text(5),
        row.TextOrNull(6), row.TextOrNull(7), row.Text(8), row.TextOrNull(9),
        row.Time(10), row.Time(11), row.Number(12));
}
