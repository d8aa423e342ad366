namespace Countinghouse.WebConsole.Platform;

/// <summary>What only the platform's own people do: its months, its money, its health.</summary>
public static class PlatformPages
{
    public const string Root = ConsolePage.Root + "/operator";

    public static IEndpointRouteBuilder MapPlatform(this IEndpointRouteBuilder console)
    {
        var pages = console.MapGroup("/operator").AddEndpointFilter(OperatorsOnly);
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

    /// <summary>The API refuses everybody else too; this says it before anything is asked.</summary>
    private static ValueTask<object?> OperatorsOnly(
        EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
        invocation.Arguments.OfType<ConsolePage>().First().Operates
            ? next(invocation)
            : throw new RefusedByApiException(new ApiProblem(
                StatusCodes.Status403Forbidden,
                "For the platform's people only",
                "This page is for owners and managers of the platform itself. Your own pages are at the start."));
}
