using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace Countinghouse.WebConsole.Signing;

/// <summary>What a page before signing in shows.</summary>
/// <param name="Context">Of the request.</param>
/// <param name="Form">What was typed.</param>
/// <param name="Return">Where to go afterwards.</param>
/// <param name="Done">True when it is done and the page only says so.</param>
/// <param name="Session">Who is signed in already, where that matters.</param>
public sealed record SigningModel(
    HttpContext Context, FormState Form, string Return = "", bool Done = false, Session? Session = null);

/// <summary>Signing in and out, and what people come to by links in mails.</summary>
public static class SigningPages
{
    private static readonly TimeSpan ThemeLifetime = TimeSpan.FromDays(365);

    public static IEndpointRouteBuilder MapSigning(this IEndpointRouteBuilder console)
    {
        console.MapPublicPage("/sign-in", ShowSignIn);
        console.MapPublicForm("/sign-in", SignIn);
        console.MapPublicForm("/sign-out", SignOut);
        console.MapPublicForm("/theme", Theme);
        console.MapPublicPage("/invitation", OpenInvitation);
        console.MapPublicForm("/invitation", AcceptInvitation);
        console.MapPublicPage("/forgotten", ShowForgotten);
        console.MapPublicForm("/forgotten", AskReset);
        console.MapPublicPage("/password-reset", ShowReset);
        console.MapPublicForm("/password-reset", Reset);
        return console;
    }

    /// <summary>The page to sign in on, which leads on to where somebody wanted to go.</summary>
    public static string SignInAddress(string wanted) => wanted == ConsolePage.Root
        ? ConsolePage.Root + "/sign-in"
        : QueryHelpers.AddQueryString(ConsolePage.Root + "/sign-in", "return", wanted);

    private static IResult ShowSignIn(Api api) => Show<SignInPage>(
        new SigningModel(api.Context, FormState.Fresh(), Local(api.Context.Request.Query["return"].ToString())));

    private static async Task<IResult> SignIn(Api api, FormState form)
    {
        var answer = await api.Send<Session>(HttpMethods.Post, "session", form, new
        {
            email = form.Text("email"),
            password = form.Secret("password"),
            code = form.Optional("code"),
        });
        var wanted = Local(form.Text("return"));
        return answer.Problem is { } problem
            ? Show<SignInPage>(new SigningModel(api.Context, form.Refused(problem), wanted))
            : ConsolePage.SeeOther(wanted);
    }

    private static async Task<IResult> SignOut(Api api, FormState form)
    {
        var answer = await api.Send<object>(HttpMethods.Delete, "session", form);
        return answer.Problem is { Status: not StatusCodes.Status401Unauthorized } problem
            ? throw new RefusedByApiException(problem)
            : ConsolePage.SeeOther(ConsolePage.Root + "/sign-in");
    }

    /// <summary>A matter between the page and the browser; the API knows nothing of it.</summary>
    private static Task<IResult> Theme(Api api, FormState form)
    {
        var options = new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Path = ConsolePage.Root,
            MaxAge = ThemeLifetime,
            Secure = api.Context.Request.IsHttps,
        };
        if (form.Text("theme") is "light" or "dark")
        {
            api.Context.Response.Cookies.Append("theme", form.Text("theme"), options);
        }
        else
        {
            api.Context.Response.Cookies.Delete("theme", options);
        }

        return Task.FromResult(ConsolePage.SeeOther(Local(form.Text("back"))));
    }

    private static Task<IResult> OpenInvitation(Api api) =>
        ShowInvitation(api, FormState.Fresh());

    /// <summary>
    /// Whoever has an account comes signed in and gives neither name nor password; the form then carries the
    /// anti-forgery token, without which the API would not take the session for theirs.
    /// </summary>
    private static async Task<IResult> AcceptInvitation(Api api, FormState form)
    {
        var answer = await api.Send<object>(HttpMethods.Post, "invitations/accept", form, new
        {
            token = form.Text("token").TrimStart('#'),
            name = form.Optional("name"),
            password = form.Secret("password") is { Length: > 0 } password ? password : null,
        });
        return answer.Problem is { } problem
            ? await ShowInvitation(api, form.Refused(problem))
            : Show<InvitationPage>(new SigningModel(api.Context, form, Done: true));
    }

    private static async Task<IResult> ShowInvitation(Api api, FormState form) =>
        Show<InvitationPage>(new SigningModel(api.Context, form, Session: (await api.Ask<Session>("session")).Value));

    private static IResult ShowForgotten(Api api) =>
        Show<ForgottenPage>(new SigningModel(api.Context, FormState.Fresh()));

    private static async Task<IResult> AskReset(Api api, FormState form)
    {
        var answer = await api.Send<object>(
            HttpMethods.Post, "password-resets", form, new { email = form.Text("email") });
        return answer.Problem is { } problem
            ? Show<ForgottenPage>(new SigningModel(api.Context, form.Refused(problem)))
            : Show<ForgottenPage>(new SigningModel(api.Context, form, Done: true));
    }

    private static IResult ShowReset(Api api) =>
        Show<ResetPage>(new SigningModel(api.Context, FormState.Fresh()));

    private static async Task<IResult> Reset(Api api, FormState form)
    {
        var answer = await api.Send<object>(HttpMethods.Post, "password-resets/complete", form, new
        {
            token = form.Text("token").TrimStart('#'),
            password = form.Secret("password"),
        });
        return answer.Problem is { } problem
            ? Show<ResetPage>(new SigningModel(api.Context, form.Refused(problem)))
            : Show<ResetPage>(new SigningModel(api.Context, form, Done: true));
    }

    private static RazorComponentResult<TPage> Show<TPage>(SigningModel model)
        where TPage : IComponent => new(new Dictionary<string, object?> { ["Model"] = model })
        {
            PreventStreamingRendering = true,
            StatusCode = model.Form.Problem?.Status ?? StatusCodes.Status200OK,
        };

    private static string Local(string wanted) => Addresses.IsOurs(wanted) ? wanted : ConsolePage.Root;
}
