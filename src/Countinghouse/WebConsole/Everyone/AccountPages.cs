
namespace Countinghouse.WebConsole.Everyone;

/// <summary>A browser that is signed in.</summary>
public sealed record OwnSession(
    string SessionId, string CreatedAt, string LastSeenAt, string ExpiresAt, bool IsCurrent);

/// <summary>A new authenticator.</summary>
public sealed record Authenticator(string? Secret, string? Uri);

/// <summary>What the page of somebody's account shows; of its forms the one that was refused says why.</summary>
public sealed record AccountModel(TableView Sessions, int Others, AccountForms Forms);

/// <summary>The forms of that page.</summary>
public sealed record AccountForms(
    FormState? Password = null, FormState? Codes = null, FormState? Session = null, FormState? Leave = null)
{
    /// <summary>Where somebody wanted to leave.</summary>
    public string Left { get; init; } = "";

    public FormState? Refused => Password ?? Codes ?? Session ?? Leave;
}

/// <summary>What the page to set up an authenticator shows.</summary>
public sealed record CodesModel(string Secret, string Uri, FormState Form)
{
    /// <summary>As people type it in: four characters at a time.</summary>
    public string Grouped => string.Join(' ', Secret.Chunk(4).Select(four => new string(four)));
}

/// <summary>Somebody's own affairs: password, one-time codes, sessions, memberships.</summary>
public static class AccountPages
{
    private const string Address = ConsolePage.Root + "/me";

    public static IEndpointRouteBuilder MapAccount(this IEndpointRouteBuilder console)
    {
        var me = console.MapGroup("/me");
        me.MapPage("", Show);
        me.MapForm("/password", ChangePassword);
        me.MapForm("/codes", SetUpCodes);
        me.MapForm("/codes/confirm", TurnOnCodes);
        me.MapForm("/codes/disable", TurnOffCodes);
        me.MapForm("/sessions/{session_id}/end", EndSession);
        me.MapForm("/sessions/end-others", EndOthers);
        me.MapForm("/sessions/end-all", EndAll);
        me.MapForm("/memberships/{left_id}/leave", Leave);
        return console;
    }

    private static async Task<IResult> Show(ConsolePage page) => page.WantsCsv
        ? Sessions(page).Csv(await page.Api.All<OwnSession>("users/me/sessions"))
        : await ShowAccount(page, new AccountForms());

    private static async Task<IResult> ChangePassword(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<object>(HttpMethods.Post, "users/me/password", form, new
        {
            current_password = form.Secret("current_password"),
            new_password = form.Secret("new_password"),
        });
        return answer.Problem is { } problem
            ? await ShowAccount(page, new AccountForms(Password: form.Refused(problem)))
            : page.GoTo(Address, "Your password is changed, and your other sessions have ended.");
    }

    private static async Task<IResult> SetUpCodes(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<Authenticator>(HttpMethods.Post, "users/me/totp", form);
        return answer.Problem is { } problem ? await ShowAccount(page, new AccountForms(Codes: form.Refused(problem)))
            : answer.Value is { Secret: { } secret, Uri: { } uri }
                ? page.Show<CodesPage>(new CodesModel(secret, uri, FormState.Fresh()))
                : page.GoTo(Address, "That secret was shown before and cannot be shown again. Begin once more.");
    }

    /// <summary>The secret comes back with the form: after a mistyped code it is still there to be seen.</summary>
    private static async Task<IResult> TurnOnCodes(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<object>(
            HttpMethods.Post, "users/me/totp/confirm", form, new { code = form.Text("code").Replace(" ", "") });
        return answer.Problem is not { } problem
            ? page.GoTo(Address, "One-time codes are on: from now on you need one to sign in.")
            : form.Text("uri").StartsWith("otpauth://", StringComparison.Ordinal)
                ? page.Show<CodesPage>(
                    new CodesModel(form.Text("secret"), form.Text("uri"), form.Refused(problem)), form)
                : await ShowAccount(page, new AccountForms(Codes: form.Refused(problem)));
    }

    private static async Task<IResult> TurnOffCodes(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<object>(
            HttpMethods.Post, "users/me/totp/disable", form, new { password = form.Secret("password") });
        return answer.Problem is { } problem
            ? await ShowAccount(page, new AccountForms(Codes: form.Refused(problem)))
            : page.GoTo(Address, "One-time codes are off: your password alone signs you in.");
    }

    private static async Task<IResult> EndSession(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<object>(
            HttpMethods.Delete, $"users/me/sessions/{page.Id("session_id")}", form);
        return answer.Problem is { Status: not StatusCodes.Status404NotFound } problem
            ? await ShowAccount(page, new AccountForms(Session: form.Refused(problem)))
            : page.GoTo(Address, "That browser is signed out.");
    }

    /// <summary>One after the other; what has ended by itself meanwhile is as good.</summary>
    private static async Task<IResult> EndOthers(ConsolePage page, FormState form)
    {
        foreach (var session in await page.Api.All<OwnSession>("users/me/sessions"))
        {
            var answer = session.IsCurrent
                ? new ApiAnswer<object>(null, null)
                : await page.Api.Send<object>(HttpMethods.Delete, $"users/me/sessions/{session.SessionId}", form);
            if (answer.Problem is { Status: not StatusCodes.Status404NotFound } problem)
            {
                return await ShowAccount(page, new AccountForms(Session: form.Refused(problem)));
            }
        }

        return page.GoTo(Address, "All other browsers are signed out.");
    }

    private static async Task<IResult> EndAll(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<object>(HttpMethods.Delete, "users/me/sessions", form);
        return answer.Problem is { } problem
            ? await ShowAccount(page, new AccountForms(Session: form.Refused(problem)))
            : ConsolePage.SeeOther(ConsolePage.Root + "/sign-in");
    }

    private static async Task<IResult> Leave(ConsolePage page, FormState form)
    {
        var left = page.Id("left_id");
        var answer = await page.Api.Send<object>(
            HttpMethods.Delete, $"organizations/{left}/members/{page.Session.User.UserId}", form);
        return answer.Problem is { } problem
            ? await ShowAccount(page, new AccountForms(Leave: form.Refused(problem)) { Left = left })
            : page.GoTo(Address, "You are no member there any more.");
    }

    /// <summary>Sessions, and a button for each but the one that looks at them.</summary>
    private static Table<OwnSession> Sessions(ConsolePage page) => new(
        "sessions",
        new("Signed in", session => Cell.Time(session.CreatedAt)),
        new("Last used", session => Cell.Time(session.LastSeenAt)),
        new("Ends at the latest", session => Cell.Time(session.ExpiresAt)),
        new("This browser", session => Cell.Text(session.IsCurrent ? "yes" : "")),
        new(
            "End it",
            session => session.IsCurrent
                ? Cell.Text("")
                : Cell.Drawn(AccountPage.End(page, $"{Address}/sessions/{session.SessionId}/end")),
            InCsv: false));

    private static async Task<IResult> ShowAccount(ConsolePage page, AccountForms forms)
    {
        var sessions = await page.Api.All<OwnSession>("users/me/sessions");
        return page.Show<AccountPage>(
            new AccountModel(
                Sessions(page).View(sessions, "No browser is signed in."),
                sessions.Count(session => !session.IsCurrent),
                forms),
            forms.Refused);
    }
}
