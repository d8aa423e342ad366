using System.CommandLine;
using System.Globalization;
using Countinghouse.Adjustments;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"adjustments list": every correction of a campaign, the latest first.</summary>
internal static class AdjustmentsListCommand
{
    private const int PageRows = 100;

    private static readonly Argument<CampaignId> Campaign = AdjustmentsCommand.CampaignArgument();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "list",
            "List a campaign's adjustments, the latest first. Piped, the table is tab-separated text.",
            """
            countinghouse adjustments list 7GZVjkX3nrxNEJtXGKsnwt
            countinghouse adjustments list 7GZVjkX3nrxNEJtXGKsnwt | cut -f 4,6
            """)
        {
            Campaign,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var campaign = line.GetRequiredValue(Campaign);
        var owner = await AdjustmentsCommand.OwnerOf(workplace, campaign, cancellation);
        var store = workplace.GetRequiredService<AdjustmentStore>();
        var rows = new List<string[]>();
        for (var page = new Page(1, PageRows); ; page = page with { Number = page.Number + 1 })
        {
            var some = await store.List(owner, campaign, page, cancellation);
            rows.AddRange(some.Data.Select(Row));
            if (!some.Pagination.HasNext)
            {
                break;
            }
        }

        TextTable.Write(
            [
                "adjustment_id", "kind", "origin_day", "applied_month", "amount", "amount_micros", "offer_id",
                "location_id", "retailer_id", "event_id", "reason", "created",
            ],
            rows);
        return 0;
    }

    private static string[] Row(AdjustmentOut adjustment) =>
    [
        adjustment.AdjustmentId.ToString(),
        adjustment.Kind,
        adjustment.OriginDay.ToString(),
        adjustment.AppliedMonth.ToString(),
        adjustment.Amount.ToString(),
        adjustment.AmountMicros.ToString(CultureInfo.InvariantCulture),
        adjustment.OfferId?.ToString() ?? "",
        adjustment.LocationId?.ToString() ?? "",
        adjustment.RetailerId?.ToString() ?? "",
        adjustment.EventId?.ToString() ?? "",
        adjustment.Reason,
        adjustment.CreatedAt.ToString(),
    ];
}
