using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Accounts;

/// <summary>Who is to become a member.</summary>
public sealed record NewInvitation
{
    /// <summary>Their mail address.</summary>
    public required MailAddress Email { get; init; }

    /// <summary>What they are to be; nobody gives a role above their own.</summary>
    public required MemberRole Role { get; init; }
}

/// <summary>An invitation as it was made.</summary>
/// <param name="LinkId">The invitation.</param>
/// <param name="Email">Who is invited.</param>
/// <param name="Role">What they are to be.</param>
/// <param name="CreatedAt">When they were invited.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="ExpiresAt">When the invitation ends.</param>
/// <param name="IsMailed">True when the link is on its way by mail.</param>
/// <param name="Link">Where no mail is set up: the link to pass on, shown this once. Null: it was mailed.</param>
public sealed record NewInvitationOut(
    LinkId LinkId,
    MailAddress Email,
    MemberRole Role,
    Instant CreatedAt,
    string CreatedBy,
    Instant ExpiresAt,
    bool IsMailed,
    string? Link);

/// <summary>Somebody who comes by an invitation.</summary>
public sealed record InvitationAnswer
{
    /// <summary>The part of the link after its #.</summary>
    [StringLength(CredentialFormat.LengthChars)]
    public required string Token { get; init; }

    /// <summary>Their name, as people read it. Who has an account already leaves it out.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>A password of their own. Who has an account already leaves it out.</summary>
    [StringLength(Passwords.LengthCharsMax, MinimumLength = Passwords.LengthCharsMin)]
    public string? Password { get; init; }
}

/// <summary>Where somebody has come to.</summary>
/// <param name="OrganizationId">The organization.</param>
/// <param name="OrganizationName">Its name.</param>
/// <param name="Email">The mail address to sign in with.</param>
public sealed record AcceptedOut(OrganizationId OrganizationId, string OrganizationName, MailAddress Email);

/// <summary>Invitations over HTTP.</summary>
public static class InvitationEndpoints
{
    /// <summary>The page that a link opens.</summary>
    public const string Page = "console/invitation";

    public static IEndpointRouteBuilder MapInvitations(this IEndpointRouteBuilder routes)
    {
        var invitations = routes.MapGroup("/organizations/{organization_id}/invitations").WithTags("Members").Strict()
            .RequirePermission(Permission.ManageMembers);

        invitations.MapRead("", List)
            .WithQuery(Http.Page.NumberParameter, Http.Page.SizeParameter)
            .WithName("apps_advertising_api_members_list_invitations")
            .WithSummary("List open invitations")
            .WithDescription("Those that wait for somebody, without their links.");
        invitations.MapPost("", Invite)
            .WithMetadata(new SecretMembers("link"))
            .Accepts<NewInvitation>("application/json")
            .WithName("apps_advertising_api_members_invite")
            .WithSummary("Invite somebody")
            .WithDescription(
                "The link is mailed, or, where no mail is set up, in the answer: pass it on. It is good once, and an "
                + "earlier invitation of the same person ends.");
        invitations.MapDelete("/{link_id}", Withdraw)
            .WithName("apps_advertising_api_members_withdraw_invitation")
            .WithSummary("Withdraw an invitation")
            .WithDescription("Its link is good no more.");
        routes.MapPost("/invitations/accept", Accept)
            .WithTags("Members").Strict()
            .LimitSignIn()
            .WithMetadata(ForgivesBadCredential.Instance)
            .Accepts<InvitationAnswer>("application/json")
            .ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_members_accept_invitation")
            .WithSummary("Accept an invitation")
            .WithDescription(
                "Somebody new needs no credential but the link, and gives a name and a password; then they sign in. "
                + "Whoever has an account with this address sends the link's token from their own session.");
        return routes;
    }

    private static async Task<Ok<Paged<Invitation>>> List(
        HttpContext context, InvitationStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(Organization(context), Http.Page.Read(context), cancellation));

    private static async Task<Results<Created<NewInvitationOut>, Problem>> Invite(
        HttpContext context,
        InvitationStore store,
        OrganizationStore organizations,
        Mailer mailer,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewInvitation>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var organization = Organization(context);
        var ceiling = MemberRules.Ceiling(context.Caller(), organization);
        if (ceiling is not { } highest || !MemberRules.MayGive(context.Caller(), organization, body.Value.Role))
        {
            return Problems.RoleAboveOwn();
        }

        var (outcome, made, secret) = await store.Invite(
            organization, body.Value.Email, body.Value.Role, highest, cancellation);
        if (made is null)
        {
            return outcome switch
            {
                InviteOutcome.AlreadyMember => Problems.AlreadyMember(),
                InviteOutcome.TooMany => Problems.TooManyInvitations(InvitationStore.OpenMax),
                InviteOutcome.AboveOwn => Problems.RoleAboveOwn(),
                InviteOutcome.Invited => throw new InvalidOperationException("Invited, and no invitation."),
            };
        }

        var link = mailer.LinkTo(Page, secret);
        if (mailer.IsConfigured)
        {
            var name = (await organizations.Find(organization, cancellation))!.Name;
            if (!await mailer.SendInvitation(made.Email, name, link, cancellation))
            {
                // Not shown instead: where mail is set up, a link proves that whoever has it reads the mail.
                await store.Withdraw(organization, made.LinkId, MemberRole.Owner, CancellationToken.None);
                return Problems.MailNotSent(HttpOptions.RetryAfterSeconds);
            }
        }

        return TypedResults.Created(
            $"{HttpOptions.BasePath}/organizations/{organization}/invitations",
            new NewInvitationOut(
                made.LinkId,
                made.Email,
                made.Role,
                made.CreatedAt,
                made.CreatedBy,
                made.ExpiresAt,
                mailer.IsConfigured,
                mailer.IsConfigured ? null : link));
    }

    private static async Task<Results<NoContent, Problem>> Withdraw(
        HttpContext context, InvitationStore store, CancellationToken cancellation)
    {
        var organization = Organization(context);
        return MemberRules.Ceiling(context.Caller(), organization) is not { } ceiling
            ? Problems.Forbidden()
            : await store.Withdraw(organization, context.Id<LinkId>("link_id"), ceiling, cancellation) switch
            {
                WithdrawOutcome.Withdrawn => TypedResults.NoContent(),
                WithdrawOutcome.NotFound => Problems.NotFound(),
                WithdrawOutcome.AboveOwn => Problems.RoleAboveOwn(),
            };
    }

    private static async Task<Results<Ok<AcceptedOut>, Problem>> Accept(
        HttpContext context,
        InvitationStore store,
        UserStore users,
        OrganizationStore organizations,
        Passwords passwords,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<InvitationAnswer>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        if (await store.Find(body.Value.Token, cancellation) is not { } link)
        {
            return BadLink();
        }

        var known = await users.Find(link.Email, cancellation) is { PasswordHash: not null } user ? user : null;
        (string, string)? comer = null;
        if (known is not null)
        {
            // Whoever made an account with this address need not be who reads its mail: the link alone gives them
            // nothing, and the account alone neither.
            if (!await IsSignedInAs(context, known.Id))
            {
                return Problems.SignInToAccept();
            }

            if (body.Value.Password is not null)
            {
                return Problems.Invalid("password", "must be left out: the account has one", "invalid");
            }
        }
        else
        {
            RefuseNewcomer(body, link.Email);
            if (body.Problem is { } incomplete)
            {
                return incomplete;
            }

            if (await passwords.Hash(body.Value.Password!, cancellation) is not { } hash)
            {
                return Problems.SigningInBusy();
            }

            comer = (body.Value.Name!, hash);
        }

        var organization = link.Organization!.Value;
        return await store.Accept(link, known, comer, cancellation) switch
        {
            LinkOutcome.Used => TypedResults.Ok(new AcceptedOut(
                organization, (await organizations.Find(organization, cancellation))!.Name, link.Email)),
            LinkOutcome.NotGood => BadLink(),
            LinkOutcome.CameMeanwhile => Problems.JustChanged(),
        };
    }

    /// <summary>
    /// Credentials are not looked at here, for most come without one; this one needs a session that is good, with the
    /// anti-forgery token that goes with it.
    /// </summary>
    private static async Task<bool> IsSignedInAs(HttpContext context, UserId user) =>
        context.CallerOrNull() is { Kind: CredentialKind.Session } caller
        && caller.User == user
        && await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context);

    /// <summary>The same for links that never were, were used, were withdrawn and are over.</summary>
    internal static Problem BadLink() => Problems.Invalid(
        "token", "is not of a link that can still be used; ask for a new one", "invalid_link");

    private static void RefuseNewcomer(JsonBody<InvitationAnswer> body, MailAddress email)
    {
        if (body.Value.Name is null)
        {
            body.Refuse("name", "is required", "required");
        }

        if (body.Value.Password is null)
        {
            body.Refuse("password", "is required", "required");
        }
        else
        {
            body.Refuse(Passwords.Refuse("password", body.Value.Password, email));
        }
    }

    private static OrganizationId Organization(HttpContext context) => context.Id<OrganizationId>("organization_id");
}
