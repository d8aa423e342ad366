using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Credentials;

/// <summary>An organization's OAuth clients over HTTP.</summary>
public static class OAuthClientEndpoints
{
    private static readonly SecretMembers Secret = new("client_secret");

    public static IEndpointRouteBuilder MapOAuthClients(this IEndpointRouteBuilder routes)
    {
        var clients = routes.MapGroup("/organizations/{organization_id}/oauth-clients")
            .RequirePermission(Permission.ManageMembers)
            .WithTags("Access")
            .Strict();

        clients.MapRead("", List)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_access_list_oauth_clients")
            .WithSummary("List OAuth clients")
            .WithDescription("The organization's programs that get access tokens; revoked ones are listed too.");
        clients.MapPost("", Create)
            .Accepts<NewOAuthClient>("application/json")
            .WithMetadata(Secret)
            .WithName("apps_advertising_api_access_create_oauth_client")
            .WithSummary("Make an OAuth client")
            .WithDescription(
                "The answer shows its secret this once. With both it gets tokens at `/oauth/token`. It may do no more "
                + "than whoever makes it: else 403.");
        clients.MapRead("/{client_id}", Get)
            .WithName("apps_advertising_api_access_get_oauth_client")
            .WithSummary("Read an OAuth client")
            .WithDescription("Everything about it but its secret.");
        clients.MapPatch("/{client_id}", Change)
            .Accepts<OAuthClientPatch>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_access_change_oauth_client")
            .WithSummary("Change an OAuth client")
            .WithDescription("Holds within five seconds, also for tokens that it has already.");
        clients.MapPost("/{client_id}/revoke", Revoke)
            .WithName("apps_advertising_api_access_revoke_oauth_client")
            .WithSummary("Revoke an OAuth client")
            .WithDescription("For good, and all its tokens with it. Revoking again changes nothing.");
        clients.MapPost("/{client_id}/rotate-secret", RotateSecret)
            .WithMetadata(Secret)
            .WithName("apps_advertising_api_access_rotate_oauth_client_secret")
            .WithSummary("Replace an OAuth client's secret")
            .WithDescription(
                "Shows the new secret this once; the old one is refused from now on. Tokens that the client has stay "
                + "good until they end: to end them now, revoke the client.");
        return routes;
    }

    private static async Task<Ok<Paged<OAuthClientOut>>> List(
        HttpContext context, OAuthClientStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(Organization(context), Page.Read(context), cancellation));

    private static async Task<Results<Created<OAuthClientOut>, Problem>> Create(
        HttpContext context, OAuthClientStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewOAuthClient>(cancellation);
        if (body.Problem is { } unreadable)
        {
            return unreadable;
        }

        var (scopes, faults) = OAuthRules.Read(body.Value.Scopes);
        body.Refuse(faults);
        var role = KeyRoles.Of(body.Value.Role);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var organization = Organization(context);
        if (!CredentialRules.MayGive(context.Caller(), organization, role, scopes))
        {
            return Problems.MoreThanOwn();
        }

        var result = await store.Create(organization, body.Value.Name, role, scopes, cancellation);
        return result.Outcome == CredentialOutcome.Done
            ? TypedResults.Created(
                $"{HttpOptions.BasePath}/organizations/{organization}/oauth-clients/{result.Stored!.Id}",
                Shown(context, result))
            : Refusal(result.Outcome);
    }

    private static async Task<Results<Ok<OAuthClientOut>, Problem>> Get(
        HttpContext context, OAuthClientStore store, CancellationToken cancellation) =>
        await store.Find(Organization(context), Id(context), cancellation) is { } found
            ? TypedResults.Ok(OAuthClientOut.From(found))
            : Problems.NotFound();

    private static async Task<Results<Ok<OAuthClientOut>, Problem>> Change(
        HttpContext context, OAuthClientStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<OAuthClientPatch>(cancellation);
        if (body.Problem is { } unreadable)
        {
            return unreadable;
        }

        var patch = body.Value;
        var (scopes, faults) = OAuthRules.Read(patch.Scopes);
        body.Refuse(faults);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var result = await store.Change(
            Organization(context),
            Id(context),
            stored =>
            {
                var wanted = stored with
                {
                    Name = body.Has("name") ? patch.Name : stored.Name,
                    Role = body.Has("role") ? KeyRoles.Of(patch.Role) : stored.Role,
                    Scopes = body.Has("scopes") ? scopes : stored.Scopes,
                };
                return MayGive(context, stored) && MayGive(context, wanted) ? wanted : null;
            },
            cancellation);
        return result.Outcome == CredentialOutcome.Done
            ? TypedResults.Ok(OAuthClientOut.From(result.Stored!))
            : Refusal(result.Outcome);
    }

    private static async Task<Results<Ok<OAuthClientOut>, Problem>> Revoke(
        HttpContext context, OAuthClientStore store, CancellationToken cancellation)
    {
        var result = await store.Revoke(Organization(context), Id(context), cancellation);
        return result.Outcome is CredentialOutcome.Done or CredentialOutcome.Revoked
            ? TypedResults.Ok(OAuthClientOut.From(result.Stored!))
            : Refusal(result.Outcome);
    }

    private static async Task<Results<Ok<OAuthClientOut>, Problem>> RotateSecret(
        HttpContext context, OAuthClientStore store, CancellationToken cancellation)
    {
        var result = await store.RotateSecret(
            Organization(context), Id(context), stored => MayGive(context, stored), cancellation);
        return result.Outcome == CredentialOutcome.Done
            ? TypedResults.Ok(Shown(context, result))
            : Refusal(result.Outcome);
    }

    private static OAuthClientOut Shown(HttpContext context, ClientResult result)
    {
        context.Response.Headers.CacheControl = "no-store";
        return OAuthClientOut.From(result.Stored!, result.Secret);
    }

    private static Problem Refusal(CredentialOutcome outcome) => outcome switch
    {
        CredentialOutcome.Unknown => Problems.NotFound(),
        CredentialOutcome.Revoked => Problems.CredentialRevoked(),
        CredentialOutcome.Expired => Problems.CredentialExpired(),
        CredentialOutcome.Full => Problems.TooManyCredentials(OAuthClientStore.ActiveClientsMax),
        CredentialOutcome.Refused => Problems.MoreThanOwn(),
        CredentialOutcome.Done => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "no refusal"),
    };

    private static bool MayGive(HttpContext context, OAuthClient client) =>
        CredentialRules.MayGive(context.Caller(), client.Organization, client.Role, client.Scopes);

    private static OrganizationId Organization(HttpContext context) => context.Id<OrganizationId>("organization_id");

    private static ClientId Id(HttpContext context) => context.Id<ClientId>("client_id");
}
