using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Accounts;

/// <summary>Another password.</summary>
public sealed record PasswordChange
{
    /// <summary>The password so far.</summary>
    [StringLength(Passwords.LengthCharsMax)]
    public required string CurrentPassword { get; init; }

    /// <summary>The password from now on; any characters, but not the mail address.</summary>
    [StringLength(Passwords.LengthCharsMax, MinimumLength = Passwords.LengthCharsMin)]
    public required string NewPassword { get; init; }
}

/// <summary>A code that shows that the authenticator works.</summary>
public sealed record TotpConfirmation
{
    /// <summary>What the authenticator shows now.</summary>
    [StringLength(16)]
    public required string Code { get; init; }
}

/// <summary>The password again, for what weakens an account.</summary>
public sealed record StatedPassword
{
    /// <summary>The person's password.</summary>
    [StringLength(Passwords.LengthCharsMax)]
    public required string Password { get; init; }
}

/// <summary>A new authenticator, not confirmed yet.</summary>
/// <param name="Secret">Base32, for typing it in; shown this once.</param>
/// <param name="Uri">The same as an otpauth address, for a QR code.</param>
public sealed record TotpOut(string Secret, string Uri);

/// <summary>A signed-in browser.</summary>
/// <param name="SessionId">The session.</param>
/// <param name="CreatedAt">When it was signed in.</param>
/// <param name="LastSeenAt">When it was used last, to within some seconds.</param>
/// <param name="ExpiresAt">When it ends, however busy it is.</param>
/// <param name="IsCurrent">True for the one that asks.</param>
public sealed record OwnSessionOut(
    SessionId SessionId, Instant CreatedAt, Instant LastSeenAt, Instant ExpiresAt, bool IsCurrent);

/// <summary>What is a person's own affair: password, authenticator, sessions.</summary>
public static class PersonEndpoints
{
    public static IEndpointRouteBuilder MapPerson(this IEndpointRouteBuilder routes)
    {
        var me = routes.MapGroup("/users/me").WithTags("Sessions").Strict().RequireSession();

        me.MapPost("/password", ChangePassword)
            .Accepts<PasswordChange>("application/json")
            .WithName("apps_advertising_api_sessions_change_password")
            .WithSummary("Change one's password")
            .WithDescription("Ends all other sessions.");
        me.MapPost("/totp", SetUpTotp)
            .WithMetadata(new SecretMembers("secret", "uri"))
            .WithName("apps_advertising_api_sessions_set_up_totp")
            .WithSummary("Set up an authenticator")
            .WithDescription("Gives the secret of a new one, once. It counts when a code of it was confirmed.");
        me.MapPost("/totp/confirm", ConfirmTotp)
            .Accepts<TotpConfirmation>("application/json")
            .WithName("apps_advertising_api_sessions_confirm_totp")
            .WithSummary("Turn one-time codes on")
            .WithDescription("With a code of the new authenticator. From now on signing in needs one.");
        me.MapPost("/totp/disable", TurnOffTotp)
            .Accepts<StatedPassword>("application/json")
            .WithName("apps_advertising_api_sessions_turn_off_totp")
            .WithSummary("Turn one-time codes off")
            .WithDescription("Needs the password again.");
        me.MapRead("/sessions", ListSessions)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_sessions_list_sessions")
            .WithSummary("List one's sessions")
            .WithDescription("Every browser that is signed in, the newest first.");
        me.MapDelete("/sessions", EndAllSessions)
            .WithName("apps_advertising_api_sessions_end_all_sessions")
            .WithSummary("Sign out everywhere")
            .WithDescription("Ends all sessions, this one too.");
        me.MapDelete("/sessions/{session_id}", EndSession)
            .WithName("apps_advertising_api_sessions_end_session")
            .WithSummary("End a session")
            .WithDescription("Signs one browser out.");
        return routes;
    }

    private static async Task<Results<NoContent, Problem>> ChangePassword(
        HttpContext context,
        UserStore users,
        Authenticator authenticator,
        Passwords passwords,
        CredentialCache credentials,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<PasswordChange>(cancellation);
        var user = await Person(context, users, cancellation);
        if (body.Problem is null)
        {
            body.Refuse(Passwords.Refuse("new_password", body.Value.NewPassword, user.Email));
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        if (await Confirm(
            authenticator, user, "current_password", body.Value.CurrentPassword, cancellation) is { } refused)
        {
            return refused;
        }

        if (await passwords.Hash(body.Value.NewPassword, cancellation) is not { } hash)
        {
            return Problems.SigningInBusy();
        }

        var done = await users.SetPassword(user, hash, Current(context), cancellation);
        credentials.Changed();
        return done ? TypedResults.NoContent() : Problems.JustChanged();
    }

    private static async Task<Results<Ok<TotpOut>, Problem>> SetUpTotp(
        HttpContext context, UserStore users, Authenticator authenticator, CancellationToken cancellation)
    {
        var user = await Person(context, users, cancellation);
        var secret = Totp.NewSecret();
        return await users.SetUpTotp(user.Id, authenticator.Protect(secret), cancellation)
            ? TypedResults.Ok(new TotpOut(secret, Totp.Uri(secret, user.Email)))
            : Problems.CodesAreOn();
    }

    private static async Task<Results<NoContent, Problem>> ConfirmTotp(
        HttpContext context, UserStore users, Authenticator authenticator, CancellationToken cancellation)
    {
        var body = await context.ReadJson<TotpConfirmation>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var user = await Person(context, users, cancellation);
        if (user.TotpIsOn || user.TotpSecret is null)
        {
            return user.TotpIsOn ? Problems.CodesAreOn() : Problems.CodesAreNotSetUp();
        }

        if (authenticator.Match(user, body.Value.Code) is not { } step)
        {
            return Problems.Invalid("code", "is not what the authenticator shows now; check its clock");
        }

        return await users.TurnOnTotp(user, step, cancellation) ? TypedResults.NoContent() : Problems.JustChanged();
    }

    private static async Task<Results<NoContent, Problem>> TurnOffTotp(
        HttpContext context, UserStore users, Authenticator authenticator, CancellationToken cancellation)
    {
        var body = await context.ReadJson<StatedPassword>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var user = await Person(context, users, cancellation);
        if (await Confirm(authenticator, user, "password", body.Value.Password, cancellation) is { } refused)
        {
            return refused;
        }

        return await users.TurnOffTotp(user.Id, cancellation) ? TypedResults.NoContent() : Problems.CodesAreOff();
    }

    private static async Task<Ok<Paged<OwnSessionOut>>> ListSessions(
        HttpContext context, SessionStore sessions, CancellationToken cancellation)
    {
        var page = Page.Read(context);
        var current = Current(context);
        var all = await sessions.List(context.Caller().User!.Value, cancellation);
        var shown = all.Skip((int)Math.Min(page.Offset, int.MaxValue)).Take(page.Size).Select(session =>
            new OwnSessionOut(
                session.Id, session.CreatedAt, session.LastSeenAt, session.ExpiresAt, session.Id == current));
        return TypedResults.Ok(new Paged<OwnSessionOut>([.. shown], page, all.Count));
    }

    private static async Task<NoContent> EndAllSessions(
        HttpContext context, SessionStore sessions, CancellationToken cancellation)
    {
        await sessions.EndAll(context.Caller().User!.Value, cancellation);
        SessionEndpoints.TakeCookieBack(context);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, Problem>> EndSession(
        HttpContext context, SessionStore sessions, CancellationToken cancellation)
    {
        var session = context.Id<SessionId>("session_id");
        if (!await sessions.End(context.Caller().User!.Value, session, cancellation))
        {
            return Problems.NotFound();
        }

        if (session == Current(context))
        {
            SessionEndpoints.TakeCookieBack(context);
        }

        return TypedResults.NoContent();
    }

    private static SessionId Current(HttpContext context) => new(context.Caller().CredentialId);

    private static async Task<User> Person(HttpContext context, UserStore users, CancellationToken cancellation) =>
        await users.Find(context.Caller().User!.Value, cancellation)
        ?? throw new InvalidOperationException("A session belongs to a person that is not there.");

    /// <summary>Null when the password is right.</summary>
    private static async Task<Problem?> Confirm(
        Authenticator authenticator, User user, string field, string password, CancellationToken cancellation) =>
        await authenticator.Confirm(user, password, cancellation) switch
        {
            PasswordCheck.Right or PasswordCheck.RightButOld => null,
            PasswordCheck.Wrong => Problems.Invalid(
                field, "is not your password, or the account is locked for a while after too many tries"),
            PasswordCheck.Busy => Problems.SigningInBusy(),
        };
}
