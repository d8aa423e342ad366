
namespace Countinghouse.WebConsole.Retailer;

/// <summary>Where a retailer's money goes, and what keeps it from going.</summary>
public sealed record PayoutAccount(
    string? Provider, string Destination, string? HoldReason, string? ChangedAt, string? ChangedBy);

/// <summary>What the page of a payout account shows.</summary>
public sealed record PayoutAccountModel(PayoutAccount Account, Refusal? Refusal);

/// <summary>Where a retailer's money goes; the operator says so, and may hold it.</summary>
public static class PayoutAccountPages
{
    public static IEndpointRouteBuilder MapPayoutAccount(this IEndpointRouteBuilder console)
    {
        console.MapPage("/{organization_id}/payout-account", Read);
        console.MapForm("/{organization_id}/payout-account", Set);
        console.MapForm("/{organization_id}/payout-account/hold", Hold);
        console.MapForm("/{organization_id}/payout-account/release", Release);
        return console;
    }

    private static Task<IResult> Read(ConsolePage page) => Show(page, null);

    private static Task<IResult> Set(ConsolePage page, FormState form) => Change(
        page,
        form,
        "set",
        HttpMethods.Put,
        "",
        new { provider = form.Text("provider"), destination = form.Text("destination") },
        "From now on new payouts go there.");

    private static Task<IResult> Hold(ConsolePage page, FormState form) => Change(
        page, form, "hold", HttpMethods.Post, "/hold", new { reason = form.Text("reason") }, "Payouts are on hold.");

    private static Task<IResult> Release(ConsolePage page, FormState form) => Change(
        page, form, "release", HttpMethods.Post, "/release", null, "Payouts go on.");

    private static async Task<IResult> Change(
        ConsolePage page, FormState form, string which, string method, string below, object? body, string notice)
    {
        var answer = await page.Api.Send<PayoutAccount>(method, Path(page) + below, form, body);
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(which, form.Refused(problem)))
            : page.GoTo($"{page.Home}/payout-account", notice);
    }

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal) => page.Show<PayoutAccountPage>(
        new PayoutAccountModel(await page.Api.Get<PayoutAccount>(Path(page)), refusal), refusal?.Form);

    private static string Path(ConsolePage page) =>
        $"organizations/{page.Organization!.OrganizationId}/payout-account";
}
