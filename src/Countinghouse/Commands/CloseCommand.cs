using System.CommandLine;
using System.Globalization;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;

namespace Countinghouse.Commands;

/// <summary>"close": settles a month, or shows what that would make.</summary>
internal static class CloseCommand
{
    /// <summary>How the records' history names this command.</summary>
    private const string Actor = "command:close";

    private const int PageRows = 100;

    private static readonly Argument<Period> Month = WireArguments.Argument<Period>(
        "MONTH", "The month, for example 2026-03; over for 72 hours, and the first that is still open");

    private static readonly Option<OrganizationId?> Organization = WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "Make this retailer's record alone; the month stays open for the others'");

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Show what closing would make, and write nothing",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "close",
            "Close a month: verify it and make each retailer's revenue-share record. Doing it twice changes nothing; "
                + "a close that was interrupted is finished by running it again.",
            """
            countinghouse close 2026-03 --dry-run
            countinghouse close 2026-03
            """)
        {
            Month, Organization, DryRun,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var month = line.GetRequiredValue(Month);
        var only = line.GetValue(Organization);
        if (only is { } retailer)
        {
            await Workplace.RequireOrganization(workplace, retailer, cancellation);
        }

        var result = await workplace.GetRequiredService<Settlements>().Close(
            month, only, Actor, line.GetValue(DryRun), cancellation);
        var sentence = result.Outcome switch
        {
            CloseOutcome.Closed => $"{month} is closed: {Sums(result)}.",
            CloseOutcome.AlreadyClosed => $"{month} was closed before; nothing was changed: {Sums(result)}.",
            CloseOutcome.Previewed => $"Closing {month} would make, and nothing was written: {Sums(result)}.",
            CloseOutcome.SettledOne => $"{month} is fenced, and one record is made: {Sums(result)}.",
            CloseOutcome.TooEarly => throw Refusals.Say(
                Problems.PeriodTooEarly(month.ToString(), RevenueShareRules.ClosesAt(month).ToString())),
            CloseOutcome.OutOfOrder => throw Refusals.Say(
                Problems.PeriodOutOfOrder(month.ToString(), result.First!.Value.ToString())),
            CloseOutcome.BeforeFirst => throw Refusals.Say(
                Problems.PeriodBeforeFirst(month.ToString(), result.First!.Value.ToString())),
            CloseOutcome.DoesNotAddUp => throw Refusals.Say(Problems.PeriodDoesNotAddUp(month.ToString())),
        };

        await Console.Error.WriteLineAsync(sentence);
        var shares = result.Preview
            ?? await Shares(workplace.GetRequiredService<SettlementStore>(), month, cancellation);
        TextTable.Write(
            ["organization_id", "share_id", "gross_revenue", "platform_fee", "retailer_share", "platform_fee_rate"],
            shares.Select(Row));
        return 0;
    }

    private static string Sums(CloseResult result)
    {
        var settlement = result.Settlement!;
        var totals = settlement.Totals!.Value;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{settlement.EventCount:N0} events, {totals.Records:N0} records, gross {totals.Gross} USD = "
            + $"platform fee {totals.Fee} + retailers' share {totals.Share}");
    }

    private static async Task<List<RetailerShare>> Shares(
        SettlementStore store, Period month, CancellationToken cancellation)
    {
        var shares = new List<RetailerShare>();
        for (var page = new Page(1, PageRows); ; page = page with { Number = page.Number + 1 })
        {
            var some = await store.Shares(month, page, cancellation);
            shares.AddRange(some);
            if (some.Count < page.Size)
            {
                return shares;
            }
        }
    }

    private static string[] Row(RetailerShare share) =>
    [
        share.Retailer.ToString(),
        share.Share.ToString(),
        share.Gross.ToString(),
        share.Fee.ToString(),
        share.RetailerPart.ToString(),
        share.Rate.ToString(),
    ];
}
