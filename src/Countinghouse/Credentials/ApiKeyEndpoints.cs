using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Countinghouse.Credentials;

/// <summary>API keys over HTTP: an organization's under its address, one's own under /users/me.</summary>
public static class ApiKeyEndpoints
{
    private const string OwnPath = "/users/me/api-keys";

    private static readonly SecretMembers Secret = new("key");

    public static IEndpointRouteBuilder MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/organizations/{organization_id}/api-keys")
            .RequirePermission(Permission.ManageMembers)
            .WithTags("Access")
            .Strict();

        keys.MapRead("", List)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_access_list_api_keys")
            .WithSummary("List an organization's keys")
            .WithDescription("Everything about them but the keys; those that were revoked are listed too.");
        keys.MapPost("", Create)
            .Accepts<NewOrganizationKey>("application/json")
            .WithMetadata(Secret)
            .WithName("apps_advertising_api_access_create_api_key")
            .WithSummary("Make a key for an organization")
            .WithDescription(
                "The answer shows the key this once. It may do no more than whoever makes it: else 403.");
        keys.MapRead("/{key_id}", Get)
            .WithName("apps_advertising_api_access_get_api_key")
            .WithSummary("Read an organization's key")
            .WithDescription("Everything about it but the key.");
        keys.MapPatch("/{key_id}", Change)
            .Accepts<ApiKeyPatch>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_access_change_api_key")
            .WithSummary("Change an organization's key")
            .WithDescription("Holds on every node within five seconds. One that was revoked cannot be changed.");
        keys.MapPost("/{key_id}/revoke", Revoke)
            .WithName("apps_advertising_api_access_revoke_api_key")
            .WithSummary("Revoke an organization's key")
            .WithDescription("For good; every node refuses it within five seconds. Revoking again changes nothing.");
        keys.MapPost("/{key_id}/rotate", Rotate)
            .Accepts<ApiKeyRotation>("application/json")
            .WithMetadata(Secret)
            .WithName("apps_advertising_api_access_rotate_api_key")
            .WithSummary("Replace an organization's key")
            .WithDescription(
                "Makes a new key with the same settings and shows it this once. The old one ends after the overlap, "
                + "without one at once.");
        return routes;
    }

    public static IEndpointRouteBuilder MapOwnApiKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup(OwnPath).RequireSession().WithTags("Access").Strict();

        keys.MapRead("", List)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_access_list_own_api_keys")
            .WithSummary("List your own keys")
            .WithDescription("Everything about them but the keys; those that were revoked are listed too.");
        keys.MapPost("", CreateOwn)
            .Accepts<NewUserKey>("application/json")
            .WithMetadata(Secret)
            .WithName("apps_advertising_api_access_create_own_api_key")
            .WithSummary("Make a key of your own")
            .WithDescription(
                "The answer shows the key this once. It does what you may do in each of your organizations, and "
                + "never more than its role.");
        keys.MapPatch("/{key_id}", Change)
            .Accepts<ApiKeyPatch>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_access_change_own_api_key")
            .WithSummary("Change a key of your own")
            .WithDescription("Holds on every node within five seconds. One that was revoked cannot be changed.");
        keys.MapPost("/{key_id}/revoke", Revoke)
            .WithName("apps_advertising_api_access_revoke_own_api_key")
            .WithSummary("Revoke a key of your own")
            .WithDescription("For good; every node refuses it within five seconds. Revoking again changes nothing.");
        keys.MapPost("/{key_id}/rotate", Rotate)
            .Accepts<ApiKeyRotation>("application/json")
            .WithMetadata(Secret)
            .WithName("apps_advertising_api_access_rotate_own_api_key")
            .WithSummary("Replace a key of your own")
            .WithDescription(
                "Makes a new key with the same settings and shows it this once. The old one ends after the overlap, "
                + "without one at once.");
        return routes;
    }

    private static async Task<Ok<Paged<ApiKeyOut>>> List(
        HttpContext context, ApiKeyStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(Owner(context), Page.Read(context), cancellation));

    private static async Task<Results<Created<ApiKeyOut>, Problem>> Create(
        HttpContext context,
        ApiKeyStore store,
        IOptions<RateLimitOptions> limits,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewOrganizationKey>(cancellation);
        if (body.Problem is { } unreadable)
        {
            return unreadable;
        }

        var written = body.Value;
        var kind = written.Kind switch
        {
            OrganizationKeyKind.Csb => KeyKind.Csb,
            OrganizationKeyKind.Cpk => KeyKind.Cpk,
        };
        var metadata = MetadataMap.New(body, written.Metadata);
        body.Refuse(ApiKeyRules.EndFault(written.ExpiresAt, Now(clock)));
        body.Refuse(ApiKeyRules.OriginFaults(kind, written.AllowedOrigins));
        body.Refuse(LimitFaults(context, kind, written.RateLimitPerMinute, written.RateLimitPerDay, null, limits));
        var wanted = new NewApiKey(
            Owner(context),
            kind,
            KeyRoles.Of(written.Role),
            written.Name,
            written.ExpiresAt,
            written.RateLimitPerMinute,
            written.RateLimitPerDay)
        {
            Description = written.Description,
            AllowedOrigins = ApiKeyRules.Origins(written.AllowedOrigins),
            Metadata = metadata,
        };
        return body.Problem ?? (MayGive(context, wanted.Owner, wanted.Kind, wanted.Role)
            ? await Make(context, store, wanted, cancellation)
            : Problems.MoreThanOwn());
    }

    private static async Task<Results<Created<ApiKeyOut>, Problem>> CreateOwn(
        HttpContext context,
        ApiKeyStore store,
        IOptions<RateLimitOptions> limits,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewUserKey>(cancellation);
        if (body.Problem is { } unreadable)
        {
            return unreadable;
        }

        var written = body.Value;
        var metadata = MetadataMap.New(body, written.Metadata);
        body.Refuse(ApiKeyRules.EndFault(written.ExpiresAt, Now(clock)));
        body.Refuse(LimitFaults(
            context, KeyKind.Csu, written.RateLimitPerMinute, written.RateLimitPerDay, null, limits));
        var wanted = new NewApiKey(
            Owner(context),
            KeyKind.Csu,
            KeyRoles.Of(written.Role),
            written.Name,
            written.ExpiresAt,
            written.RateLimitPerMinute,
            written.RateLimitPerDay)
        {
            Description = written.Description,
            Metadata = metadata,
        };
        return body.Problem ?? await Make(context, store, wanted, cancellation);
    }

    private static async Task<Results<Ok<ApiKeyOut>, Problem>> Get(
        HttpContext context, ApiKeyStore store, CancellationToken cancellation) =>
        await store.Find(Owner(context), Id(context), cancellation) is { } found
            ? TypedResults.Ok(ApiKeyOut.From(found))
            : Problems.NotFound();

    private static async Task<Results<Ok<ApiKeyOut>, Problem>> Change(
        HttpContext context,
        ApiKeyStore store,
        IOptions<RateLimitOptions> limits,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<ApiKeyPatch>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(MetadataMap.Check(body.Value.Metadata));
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        var result = await store.Change(
            Owner(context),
            Id(context),
            stored =>
            {
                var wanted = ApiKeyPatch.Apply(body, stored, Now(clock));
                body.Refuse(LimitFaults(
                    context, stored.Kind, wanted.RateLimitPerMinute, wanted.RateLimitPerDay, stored, limits));
                return body.Problem is null && MayGive(context, stored) && MayGive(context, wanted) ? wanted : null;
            },
            cancellation);
        return result.Outcome == CredentialOutcome.Done
            ? TypedResults.Ok(ApiKeyOut.From(result.Stored!))
            : body.Problem ?? Refusal(result.Outcome);
    }

    private static async Task<Results<Ok<ApiKeyOut>, Problem>> Revoke(
        HttpContext context, ApiKeyStore store, CancellationToken cancellation)
    {
        var result = await store.Revoke(Owner(context), Id(context), cancellation);
        return result.Outcome is CredentialOutcome.Done or CredentialOutcome.Revoked
            ? TypedResults.Ok(ApiKeyOut.From(result.Stored!))
            : Refusal(result.Outcome);
    }

    private static async Task<Results<Created<ApiKeyOut>, Problem>> Rotate(
        HttpContext context, ApiKeyStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<ApiKeyRotation>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var result = await store.Rotate(
            Owner(context),
            Id(context),
            TimeSpan.FromSeconds(body.Value.OverlapSeconds),
            stored => MayGive(context, stored),
            cancellation);
        return result.Outcome == CredentialOutcome.Done ? Made(context, result) : Refusal(result.Outcome);
    }

    private static async Task<Results<Created<ApiKeyOut>, Problem>> Make(
        HttpContext context, ApiKeyStore store, NewApiKey wanted, CancellationToken cancellation)
    {
        var result = await store.Create(wanted, cancellation);
        return result.Outcome == CredentialOutcome.Done ? Made(context, result) : Refusal(result.Outcome);
    }

    private static Created<ApiKeyOut> Made(HttpContext context, KeyResult result)
    {
        var key = result.Stored!;

        // One's own keys have no address to read one of them at, so the list stands for it.
        var address = key.Owner.Organization is { } organization
            ? $"/organizations/{organization}/api-keys/{key.Id}"
            : OwnPath;
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created(HttpOptions.BasePath + address, ApiKeyOut.From(key, result.Key));
    }

    private static Problem Refusal(CredentialOutcome outcome) => outcome switch
    {
        CredentialOutcome.Unknown => Problems.NotFound(),
        CredentialOutcome.Revoked => Problems.CredentialRevoked(),
        CredentialOutcome.Expired => Problems.CredentialExpired(),
        CredentialOutcome.Full => Problems.TooManyCredentials(ApiKeyStore.ActiveKeysMax),
        CredentialOutcome.Refused => Problems.MoreThanOwn(),
        CredentialOutcome.Done => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "no refusal"),
    };

    private static IEnumerable<FieldError> LimitFaults(
        HttpContext context,
        KeyKind kind,
        int perMinute,
        int perDay,
        ApiKey? stored,
        IOptions<RateLimitOptions> limits) => AccessRules.Operates(context.Caller())
        ? []
        : ApiKeyRules.LimitFaults(kind, perMinute, perDay, stored, limits.Value);

    private static bool MayGive(HttpContext context, ApiKey key) => MayGive(context, key.Owner, key.Kind, key.Role);

    /// <summary>A user's key needs no such check: whatever its role, it does no more than the user.</summary>
    private static bool MayGive(HttpContext context, KeyOwner owner, KeyKind kind, Role role) =>
        owner.Organization is not { } organization
        || CredentialRules.MayGive(context.Caller(), organization, role, CredentialRules.ScopesOf(kind));

    private static KeyOwner Owner(HttpContext context) => context.Request.RouteValues.ContainsKey("organization_id")
        ? context.Id<OrganizationId>("organization_id")
        : context.Caller().User!.Value;

    private static KeyId Id(HttpContext context) => context.Id<KeyId>("key_id");

    private static Instant Now(TimeProvider clock) => Instant.Of(clock.GetUtcNow());
}
