using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Countinghouse.Credentials;

/// <summary>
/// OAuth 2.0 for programs: tokens for a client's id and secret (RFC 6749, 4.4), ending them (RFC 7009), asking about
/// them (RFC 7662), and finding all this (RFC 8414). Errors here are OAuth's own.
/// </summary>
public static class OAuthEndpoints
{
    public const string MetadataPath = "/.well-known/oauth-authorization-server";
    public const string ClientCredentials = "client_credentials";

    private const string TokenType = "Bearer";

    private static readonly string[] AuthMethods = ["client_secret_basic", "client_secret_post"];

    public static IEndpointRouteBuilder MapOAuth(this IEndpointRouteBuilder routes)
    {
        var oauth = routes.MapGroup(HttpOptions.OAuthPath).WithTags("OAuth").LimitSignIn();

        oauth.MapPost("/token", Token)
            .Accepts<TokenRequest>(OAuthForm.MediaType)
            .WithMetadata(new OfferedScopes(ScopeWords.Meanings))
            .WithName("apps_advertising_api_oauth_token")
            .WithSummary("Get an access token")
            .WithDescription(
                "For a client's id and secret, by HTTP Basic or in the body (RFC 6749, client credentials). Ask again "
                + "when it ends; there is no refresh token.");
        oauth.MapPost("/revoke", Revoke)
            .Accepts<TokenQuestion>(OAuthForm.MediaType)
            .WithName("apps_advertising_api_oauth_revoke")
            .WithSummary("End an access token")
            .WithDescription(
                "One of the client's own (RFC 7009); every node refuses it within five seconds. A token that is not "
                + "good, or no longer, is 200 too, and so is another client's, which goes on.");
        oauth.MapPost("/introspect", Introspect)
            .Accepts<TokenQuestion>(OAuthForm.MediaType)
            .WithName("apps_advertising_api_oauth_introspect")
            .WithSummary("Ask about an access token")
            .WithDescription(
                "Whether it is good now, and for what (RFC 7662). A client sees its own organization's tokens; any "
                + "other text is not active.");

        routes.MapRead(MetadataPath, Metadata)
            .WithTags("Discovery", "OAuth")
            .WithMetadata(Discovery.Unlimited.Instance)
            .WithName("apps_advertising_api_oauth_server_metadata")
            .WithSummary("Find the OAuth endpoints")
            .WithDescription("What an OAuth client has to know of this server (RFC 8414).")
            .ShortCircuit();
        return routes;
    }

    private static async Task<Results<Ok<TokenAnswer>, OAuthError>> Token(
        HttpContext context, OAuthSignIn signIn, AccessTokenStore tokens, CancellationToken cancellation)
    {
        var (form, client, error) = await Begin(context, signIn, cancellation);
        if (error is not null)
        {
            return error;
        }

        if (form!.Text("grant_type") is not { } grant)
        {
            return OAuthErrors.Missing("grant_type");
        }

        if (grant != ClientCredentials)
        {
            return OAuthErrors.UnsupportedGrantType();
        }

        if (!OAuthRules.TryNarrow(form.Text("scope"), client!.Scopes, out var scopes))
        {
            return OAuthErrors.InvalidScope();
        }

        Acting.Begin(ActingFor(context, client));
        return await tokens.Issue(client, scopes, cancellation) is { } token
            ? TypedResults.Ok(
                new TokenAnswer(token, TokenType, (int)tokens.Lifetime.TotalSeconds, ScopeWords.Of(scopes)))
            : OAuthErrors.InvalidClient();
    }

    private static async Task<Results<Ok, OAuthError>> Revoke(
        HttpContext context, OAuthSignIn signIn, AccessTokenStore tokens, CancellationToken cancellation)
    {
        var (form, client, error) = await Begin(context, signIn, cancellation);
        if (error is not null)
        {
            return error;
        }

        if (form!.Text("token") is not { } text)
        {
            return OAuthErrors.Missing("token");
        }

        // Another client's token stays as it is. RFC 7009 would have the client told so (2.1), but a token that is not
        // good is 200 (2.2): any other answer would say that this one is, to a client that has no business with it.
        if (await tokens.Find(text, cancellation) is not { } token || token.Client.Id != client!.Id)
        {
            return TypedResults.Ok();
        }

        Acting.Begin(ActingFor(context, client));
        await tokens.Revoke(token, cancellation);
        return TypedResults.Ok();
    }

    private static async Task<Results<Ok<IntrospectionAnswer>, OAuthError>> Introspect(
        HttpContext context, OAuthSignIn signIn, AccessTokenStore tokens, CancellationToken cancellation)
    {
        var (form, client, error) = await Begin(context, signIn, cancellation);
        if (error is not null)
        {
            return error;
        }

        if (form!.Text("token") is not { } text)
        {
            return OAuthErrors.Missing("token");
        }

        var token = await tokens.Find(text, cancellation);
        return TypedResults.Ok(token?.Client.Organization != client!.Organization
            ? new IntrospectionAnswer { Active = false }
            : new IntrospectionAnswer
            {
                Active = true,
                Scope = ScopeWords.Of(token.Scopes),
                ClientId = token.Client.Id.ToString(),
                TokenType = TokenType,
                Exp = UnixSeconds(token.ExpiresAt),
                Iat = UnixSeconds(token.CreatedAt),
                Sub = token.Client.Id.ToString(),
            });
    }

    private static Ok<ServerMetadata> Metadata(HttpContext context, IOptions<OAuthOptions> options)
    {
        var issuer = options.Value.Issuer is { Length: > 0 } named
            ? named
            : $"{context.Request.Scheme}://{context.Request.Host}";
        context.Response.Headers.CacheControl = "no-cache";
        var endpoints = issuer + HttpOptions.OAuthPath;
        return TypedResults.Ok(new ServerMetadata
        {
            Issuer = issuer,
            TokenEndpoint = endpoints + "/token",
            RevocationEndpoint = endpoints + "/revoke",
            IntrospectionEndpoint = endpoints + "/introspect",
            ScopesSupported = ScopeWords.All,
            ResponseTypesSupported = [],
            GrantTypesSupported = [ClientCredentials],
            TokenEndpointAuthMethodsSupported = AuthMethods,
            RevocationEndpointAuthMethodsSupported = AuthMethods,
            IntrospectionEndpointAuthMethodsSupported = AuthMethods,
            ServiceDocumentation = issuer + Discovery.ReferencePath,
        });
    }

    /// <summary>The form and the client it comes from, or the error. Nothing of it is for caches.</summary>
    private static async Task<(OAuthForm? Form, OAuthClient? Client, OAuthError? Error)> Begin(
        HttpContext context, OAuthSignIn signIn, CancellationToken cancellation)
    {
        context.Response.Headers.CacheControl = "no-store";
        var (form, unreadable) = await OAuthForm.Read(context.Request, cancellation);
        if (form is null)
        {
            return (null, null, unreadable);
        }

        var (client, refused) = await signIn.Find(context.Request, form, cancellation);
        return (form, client, refused);
    }

    private static Acting ActingFor(HttpContext context, OAuthClient client) =>
        new($"client:{client.Id}", "", context.TraceIdentifier);

    private static long UnixSeconds(Instant time) => time.ToTime().ToUnixTimeSeconds();
}
