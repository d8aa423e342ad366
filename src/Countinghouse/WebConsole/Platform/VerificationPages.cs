
namespace Countinghouse.WebConsole.Platform;

/// <summary>A figure that is not what the events come to.</summary>
public sealed record FigureDifference(
    string Organization, string Table, string Key, string Figure, string Stored, string Expected);

/// <summary>Once that every figure was recomputed from the events.</summary>
public sealed record Verification(
    string VerificationId, string Trigger, string State, string StartedAt, string? FinishedAt, long Organizations,
    long Batches, long Events, long DifferenceCount, IReadOnlyList<FigureDifference> Differences)
{
    /// <summary>The state in a word that says what it means.</summary>
    public string Verdict => State switch
    {
        "clean" => "agree",
        "different" => "differs",
        _ => State,
    };
}

/// <summary>A verification that has begun.</summary>
public sealed record VerificationStarted(string VerificationId);

/// <summary>What the page of verifications shows.</summary>
public sealed record VerificationsModel(TableView Verifications, FormState Form);

/// <summary>What the page of a verification shows.</summary>
public sealed record VerificationModel(Verification Verification, TableView Differences);

/// <summary>Recomputing every figure from the events.</summary>
public static class VerificationPages
{
    public static IEndpointRouteBuilder MapVerification(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/verification", List);
        pages.MapForm("/verification", Start);
        pages.MapPage("/verification/{verification_id}", Read);
        return pages;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, FormState.Fresh());

    private static async Task<IResult> Start(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<VerificationStarted>(HttpMethods.Post, "verifications", form);
        return answer.Problem is { } problem
            ? await Show(page, form.Refused(problem))
            : page.GoTo(
                $"{PlatformPages.Root}/verification/{answer.Value!.VerificationId}", "The verification has begun.");
    }

    private static async Task<IResult> Read(ConsolePage page)
    {
        var table = new Table<FigureDifference>(
            "differences",
            new("Organization", row => Cell.Code(row.Organization, $"{ConsolePage.Root}/{row.Organization}")),
            new("Where", row => Cell.Text(row.Table)),
            new("Row", row => Cell.Text(row.Key)),
            new("Figure", row => Cell.Text(row.Figure)),
            new("Stored", row => Cell.Text(row.Stored)),
            new("By the events", row => Cell.Text(row.Expected)));
        var verification = await page.Api.Get<Verification>($"verifications/{page.Id("verification_id")}");
        return page.WantsCsv
            ? table.Csv(verification.Differences)
            : page.Show<VerificationPage>(new VerificationModel(
                verification, table.View(verification.Differences, "No figure differs from what the events come to.")));
    }

    private static async Task<IResult> Show(ConsolePage page, FormState form)
    {
        var table = Verifications(page);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<Verification>("verifications"));
        }

        var all = await page.Api.Get<ApiPage<Verification>>("verifications", ("page", page.Query("page")));
        return page.Show<VerificationsPage>(
            new VerificationsModel(
                table.View(all.Data, "Nothing was verified yet. Start the first one above.", all.Pagination), form),
            form);
    }

    private static Table<Verification> Verifications(ConsolePage page) => new(
        "verifications",
        new("Began", row => Cell.Time(row.StartedAt)),
        new("Asked for by", row => Cells.Actor(page, row.Trigger)),
        new("Result", row => Cell.Status(row.Verdict)),
        new("Differences", row => Cell.Count(row.DifferenceCount), IsNumber: true),
        new("Advertisers", row => Cell.Count(row.Organizations), IsNumber: true),
        new("Batches", row => Cell.Count(row.Batches), IsNumber: true),
        new("Events", row => Cell.Count(row.Events), IsNumber: true),
        new("Ended", row => Cell.Time(row.FinishedAt)),
        new("Verification", row => Cell.Code(
            row.VerificationId, $"{PlatformPages.Root}/verification/{row.VerificationId}")));
}
