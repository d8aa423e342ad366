using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>Who wants to sign in.</summary>
public sealed record NewSession
{
    /// <summary>The person's mail address.</summary>
    public required MailAddress Email { get; init; }

    /// <summary>The person's password.</summary>
    [StringLength(Passwords.LengthCharsMax)]
    public required string Password { get; init; }

    /// <summary>The one-time code of the authenticator, where there is one.</summary>
    [StringLength(16)]
    public string? Code { get; init; }
}

/// <summary>A person.</summary>
/// <param name="UserId">The person.</param>
/// <param name="Email">Their mail address.</param>
/// <param name="Name">Their name.</param>
/// <param name="HasTotp">True when they sign in with one-time codes.</param>
public sealed record UserOut(UserId UserId, MailAddress Email, string Name, bool HasTotp)
{
    public static UserOut From(User user) => new(user.Id, user.Email, user.Name, user.TotpIsOn);
}

/// <summary>Who is signed in, and what the browser needs to go on.</summary>
/// <param name="User">Who is signed in.</param>
/// <param name="Memberships">Where the person has a part.</param>
/// <param name="CsrfToken">Send it in X-CSRF-Token with every request that changes something.</param>
/// <param name="ExpiresAt">When the session ends, however busy it is.</param>
public sealed record SessionOut(
    UserOut User, IReadOnlyList<MembershipOut> Memberships, string CsrfToken, Instant ExpiresAt);

/// <summary>Signing in and out with a browser.</summary>
public static class SessionEndpoints
{
    /// <summary>What a refusal names as the way in; browsers know none that would make them ask.</summary>
    private const string Challenge = "Session realm=\"Advertising API\"";

    public static IEndpointRouteBuilder MapSession(this IEndpointRouteBuilder routes)
    {
        var session = routes.MapGroup("/session").WithTags("Sessions").Strict();

        session.MapPost("", SignIn)
            .LimitSignIn()
            .WithMetadata(ForgivesBadCredential.Instance, new SecretMembers("csrf_token"))
            .Accepts<NewSession>("application/json")
            .WithName("apps_advertising_api_sessions_sign_in")
            .WithSummary("Sign in")
            .WithDescription(
                "Sets the cookie sessionid, always a new one. Whatever is wrong, the refusal is the same, but that a "
                + "right password without its one-time code is told so. Wrong tries in a row lock the account.");
        session.MapRead("", Get)
            .RequireSession()
            .WithName("apps_advertising_api_sessions_get_session")
            .WithSummary("Read who is signed in")
            .WithDescription(
                "For a signed-in browser: the person, their parts in organizations, the anti-forgery token.");
        session.MapDelete("", SignOut)
            .RequireSession()
            .WithName("apps_advertising_api_sessions_sign_out")
            .WithSummary("Sign out")
            .WithDescription("Ends the session on every node and takes the cookie back.");
        return routes;
    }

    private static async Task<Results<Ok<SessionOut>, Problem>> SignIn(
        HttpContext context,
        Authenticator authenticator,
        SessionStore sessions,
        CredentialCache credentials,
        IOptions<AccountOptions> options,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewSession>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var since = clock.GetTimestamp();
        var check = await authenticator.SignIn(
            body.Value.Email, body.Value.Password, body.Value.Code, cancellation);
        if (check.Outcome == SignInOutcome.Busy)
        {
            return Problems.SigningInBusy();
        }

        var begun = check.Outcome == SignInOutcome.Good
            ? await Begin(context, check, sessions, cancellation)
            : null;
        if (begun is not var (session, secret))
        {
            await WaitOut(since, options.Value, clock, cancellation);
            context.Response.Headers.WWWAuthenticate = Challenge;
            return check.Outcome == SignInOutcome.CodeNeeded ? Problems.OneTimeCodeNeeded() : Problems.SignInRefused();
        }

        context.Response.Cookies.Append(CredentialHandler.SessionCookie, secret, Cookie(context, session.ExpiresAt));

        // The anti-forgery token is bound to whoever the request belongs to: from here on, the new session.
        var known = await credentials.Session(secret, cancellation);
        context.User = known?.Principal ?? throw new InvalidOperationException("The new session is not good.");
        return TypedResults.Ok(await Answer(context, check.User!, session.ExpiresAt, cancellation));
    }

    private static async Task<Results<Ok<SessionOut>, Problem>> Get(
        HttpContext context, UserStore users, SessionStore sessions, CancellationToken cancellation)
    {
        var caller = context.Caller();
        var user = await users.Find(caller.User!.Value, cancellation);
        var session = await sessions.Find(new SessionId(caller.CredentialId), cancellation);
        return user is null || session is null
            ? Problems.Unauthorized()
            : TypedResults.Ok(await Answer(context, user, session.ExpiresAt, cancellation));
    }

    private static async Task<NoContent> SignOut(
        HttpContext context, SessionStore sessions, CancellationToken cancellation)
    {
        var caller = context.Caller();
        await sessions.End(caller.User!.Value, new SessionId(caller.CredentialId), cancellation);
        TakeCookieBack(context);
        return TypedResults.NoContent();
    }

    /// <summary>Tells the browser to forget a session that has ended.</summary>
    internal static void TakeCookieBack(HttpContext context) =>
        context.Response.Cookies.Delete(CredentialHandler.SessionCookie, Cookie(context, null));

    private static async Task<(Session Session, string Secret)?> Begin(
        HttpContext context, SignInCheck check, SessionStore sessions, CancellationToken cancellation)
    {
        Acting.Begin(new Acting($"user:{check.User!.Id}", "", context.TraceIdentifier));
        return await sessions.Begin(
            check, context.Request.Cookies[CredentialHandler.SessionCookie], cancellation);
    }

    /// <summary>An account that there is costs a write more than one that there is not; this covers it.</summary>
    private static async Task WaitOut(
        long since, AccountOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        var left = TimeSpan.FromMilliseconds(options.RefusalMillisecondsMin) - clock.GetElapsedTime(since);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, clock, cancellation);
        }
    }

    private static CookieOptions Cookie(HttpContext context, Instant? ends) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
        Path = "/",
        Expires = ends?.ToTime(),
        IsEssential = true,
    };

    private static async Task<SessionOut> Answer(
        HttpContext context, User user, Instant expiresAt, CancellationToken cancellation)
    {
        var services = context.RequestServices;
        var memberships = await services.GetRequiredService<MemberStore>().Of(user.Id, cancellation);
        var tokens = services.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context);
        return new SessionOut(UserOut.From(user), memberships, tokens.RequestToken!, expiresAt);
    }
}
