namespace Countinghouse.WebConsole.Platform;

/// <summary>What only the platform's own people do: its months, its money, its health.</summary>
public static class PlatformPages
{
    public const string Root = ConsolePage.Root + "/operator";

    public static IEndpointRouteBuilder MapPlatform(this IEndpointRouteBuilder console)
    {
        var pages = console.MapGroup("/operator").WithMetadata(OperatorsOnly.Instance);
        pages.MapPeriods();
        pages.MapApprovals();
        pages.MapPayoutRuns();
        pages.MapAllPayouts();
        pages.MapReconciliation();
        pages.MapVerification();
        pages.MapHealth();
        pages.MapOrganizations();
        pages.MapFeeRates();
        pages.MapBooks();
        return console;
    }
}
