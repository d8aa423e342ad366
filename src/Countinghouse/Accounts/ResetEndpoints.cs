using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Accounts;

/// <summary>Who has lost their password.</summary>
public sealed record NewReset
{
    /// <summary>Their mail address.</summary>
    public required MailAddress Email { get; init; }
}

/// <summary>A new password, by a link.</summary>
public sealed record ResetCompletion
{
    /// <summary>The part of the link after its #.</summary>
    [StringLength(CredentialFormat.LengthChars)]
    public required string Token { get; init; }

    /// <summary>The password from now on; any characters, but not the mail address.</summary>
    [StringLength(Passwords.LengthCharsMax, MinimumLength = Passwords.LengthCharsMin)]
    public required string Password { get; init; }
}

/// <summary>New passwords for lost ones, over HTTP.</summary>
public static class ResetEndpoints
{
    /// <summary>The page that a link opens.</summary>
    public const string Page = "console/password-reset";

    public static IEndpointRouteBuilder MapResets(this IEndpointRouteBuilder routes)
    {
        var resets = routes.MapGroup("/password-resets").WithTags("Sessions").Strict()
            .LimitSignIn()
            .WithMetadata(ForgivesBadCredential.Instance);

        resets.MapPost("", Ask)
            .Accepts<NewReset>("application/json")
            .WithName("apps_advertising_api_sessions_ask_password_reset")
            .WithSummary("Ask for a new password")
            .WithDescription(
                "Whether there is such an account or not, the answer is the same. Whoever has one gets a link by mail; "
                + "where no mail is set up, the operator has it (countinghouse users reset).");
        resets.MapPost("/complete", Complete)
            .Accepts<ResetCompletion>("application/json")
            .WithName("apps_advertising_api_sessions_complete_password_reset")
            .WithSummary("Set a new password by a link")
            .WithDescription("Unlocks the account and ends all its sessions. One-time codes stay on.");
        return routes;
    }

    private static async Task<Results<Accepted, Problem>> Ask(
        HttpContext context, ResetRequests requests, Mailer mailer, CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewReset>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        return !mailer.IsConfigured || requests.TryAdd(body.Value.Email)
            ? TypedResults.Accepted((string?)null)
            : Problems.SigningInBusy();
    }

    private static async Task<Results<NoContent, Problem>> Complete(
        HttpContext context, ResetStore store, UserStore users, Passwords passwords, CancellationToken cancellation)
    {
        var body = await context.ReadJson<ResetCompletion>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        if (await store.Find(body.Value.Token, cancellation) is not { } link
            || await users.Find(link.Email, cancellation) is not { } user)
        {
            return InvitationEndpoints.BadLink();
        }

        body.Refuse(Passwords.Refuse("password", body.Value.Password, user.Email));
        if (body.Problem is { } refused)
        {
            return refused;
        }

        if (await passwords.Hash(body.Value.Password, cancellation) is not { } hash)
        {
            return Problems.SigningInBusy();
        }

        return await store.Complete(link, user, hash, cancellation) == LinkOutcome.Used
            ? TypedResults.NoContent()
            : InvitationEndpoints.BadLink();
    }
}
