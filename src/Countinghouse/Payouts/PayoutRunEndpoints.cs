using System.Globalization;
using System.Text;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using CsvHelper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Payouts;

/// <summary>What to preview.</summary>
public sealed record PreviewRequest
{
    /// <summary>One retailer; without it, all of them.</summary>
    public OrganizationId? OrganizationId { get; init; }
}

/// <summary>A confirmation.</summary>
public sealed record Confirmation
{
    /// <summary>The fingerprint of the preview as you read it.</summary>
    [System.ComponentModel.DataAnnotations.StringLength(64, MinimumLength = 64)]
    public required string Fingerprint { get; init; }
}

/// <summary>Runs of payouts over HTTP; the operator's business.</summary>
public static class PayoutRunEndpoints
{
    public static IEndpointRouteBuilder MapPayoutRuns(this IEndpointRouteBuilder routes)
    {
        var runs = routes.MapGroup("/payout-runs")
            .RequirePermission(Permission.Operate)
            .WithTags("Payouts")
            .Strict();

        runs.MapRead("", List)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_payouts_list_runs")
            .WithSummary("List payout runs")
            .WithDescription("Previews and what became of them, the latest first.");
        runs.MapPost("", Preview)
            .Accepts<PreviewRequest>("application/json")
            .Produces<PayoutRunOut>(StatusCodes.Status201Created)
            .WithName("apps_advertising_api_payouts_preview_run")
            .WithSummary("Preview a payout run")
            .WithDescription(
                "Sums each retailer's approved records and says who would be paid, and why others would not. Nothing "
                + "is paid until somebody confirms it.");
        runs.MapRead("/{run_id}", Read)
            .WithName("apps_advertising_api_payouts_read_run")
            .WithSummary("Read a payout run")
            .WithDescription("What it pays, and who decided it.");
        runs.MapRead("/{run_id}/plan", Plan)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_payouts_list_plan")
            .WithSummary("List what a payout run does with each retailer")
            .WithDescription("Who is paid how much and where, and who is not and why.");
        runs.MapPost("/{run_id}/confirm", Confirm)
            .Accepts<Confirmation>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_confirm_run")
            .WithSummary("Confirm a payout run")
            .WithDescription(
                "Pays what the preview showed, as far as it is still so. Unless the settings say otherwise, this takes "
                + "another credential than the preview. The payouts are made at once and sent within seconds.");
        runs.MapPost("/{run_id}/cancel", Cancel)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_cancel_run")
            .WithSummary("Cancel a payout run")
            .WithDescription("A preview that nobody shall confirm.");
        runs.MapRead("/{run_id}/bank-file", BankFile)
            .Produces<string>(StatusCodes.Status200OK, "text/csv")
            .WithName("apps_advertising_api_payouts_read_bank_file")
            .WithSummary("Read a payout run's bank file")
            .WithDescription(
                "The run's manual payouts that are not marked as paid or failed yet, as CSV for a bank run.");
        return routes;
    }

    private static async Task<Ok<Paged<PayoutRunOut>>> List(
        HttpContext context, PayoutRunStore store, CancellationToken cancellation)
    {
        var page = await store.List(Page.Read(context), cancellation);
        return TypedResults.Ok(new Paged<PayoutRunOut>([.. page.Data.Select(PayoutRunOut.From)], page.Pagination));
    }

    private static async Task<Results<Created<PayoutRunOut>, Problem>> Preview(
        HttpContext context, PayoutRunStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var body = await context.ReadJson<PreviewRequest>(cancellation);
        if (body.Problem is null && body.Value.OrganizationId is { } named
            && !await owners.Exists(named, cancellation))
        {
            body.Refuse("organization_id", "names no organization");
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        var run = await store.Preview(body.Value.OrganizationId, context.Caller().Actor, cancellation);
        return TypedResults.Created($"{HttpOptions.BasePath}/payout-runs/{run.Id}", PayoutRunOut.From(run));
    }

    private static async Task<Results<Ok<PayoutRunOut>, Problem>> Read(
        HttpContext context, PayoutRunStore store, CancellationToken cancellation) =>
        await store.Find(Run(context), cancellation) is { } run
            ? TypedResults.Ok(PayoutRunOut.From(run))
            : Problems.NotFound();

    private static async Task<Results<Ok<Paged<PlanRowOut>>, Problem>> Plan(
        HttpContext context, PayoutRunStore store, CancellationToken cancellation)
    {
        if (await store.Find(Run(context), cancellation) is null)
        {
            return Problems.NotFound();
        }

        var page = await store.ListRows(Run(context), Page.Read(context), cancellation);
        return TypedResults.Ok(new Paged<PlanRowOut>([.. page.Data.Select(PlanRowOut.From)], page.Pagination));
    }

    private static async Task<Results<Ok<PayoutRunOut>, Problem>> Confirm(
        HttpContext context, PayoutRunStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<Confirmation>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var decided = await store.Confirm(
            Run(context), body.Value.Fingerprint, context.Caller().Actor, cancellation);
        if (decided == DecideOutcome.Decided)
        {
            await store.Reserve(cancellation);
        }

        return await Answer(decided, context, store, cancellation);
    }

    private static async Task<Results<Ok<PayoutRunOut>, Problem>> Cancel(
        HttpContext context, PayoutRunStore store, CancellationToken cancellation) => await Answer(
        await store.Cancel(Run(context), context.Caller().Actor, cancellation), context, store, cancellation);

    private static async Task<Results<FileContentHttpResult, Problem>> BankFile(
        HttpContext context, PayoutRunStore store, PayoutReader reader, CancellationToken cancellation)
    {
        var run = Run(context);
        if (await store.Find(run, cancellation) is null)
        {
            return Problems.NotFound();
        }

        context.Response.Headers.ContentDisposition = $"attachment; filename=\"payouts-{run}.csv\"";
        return TypedResults.Bytes(
            WriteBankFile(await reader.BankFile(run, cancellation)), "text/csv; charset=utf-8");
    }

    /// <summary>A run's manual payouts; the payout's id is the reference that the statement should show.</summary>
    internal static byte[] WriteBankFile(IEnumerable<PayoutOut> payouts)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using var csv = new CsvWriter(text, CultureInfo.InvariantCulture);
        foreach (var column in new[] { "payout_id", "organization_id", "destination", "amount", "currency" })
        {
            csv.WriteField(column);
        }

        csv.NextRecord();
        foreach (var payout in payouts)
        {
            csv.WriteField(payout.PayoutId.ToString());
            csv.WriteField(payout.OrganizationId.ToString());
            csv.WriteField(CsvText.NoFormula(payout.Destination));
            csv.WriteField(payout.Amount.ToString());
            csv.WriteField("USD");
            csv.NextRecord();
        }

        csv.Flush();
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static async Task<Results<Ok<PayoutRunOut>, Problem>> Answer(
        DecideOutcome decided, HttpContext context, PayoutRunStore store, CancellationToken cancellation)
    {
        var run = await store.Find(Run(context), cancellation);
        return PayoutRefusals.Of(decided, run) is { } refused
            ? refused
            : TypedResults.Ok(PayoutRunOut.From(run!));
    }

    private static PayoutRunId Run(HttpContext context) => context.Id<PayoutRunId>("run_id");
}
