using System.Text.Json;
using Microsoft.OpenApi;

namespace Countinghouse.Http;

/// <summary>The scopes that a token can have, on the endpoint that gives tokens; for the OpenAPI document.</summary>
public sealed record OfferedScopes(IReadOnlyDictionary<string, string> Meanings);

/// <summary>Describes the OAuth endpoints: how a client names itself there, and errors in OAuth's own form.</summary>
internal static class OpenApiOAuth
{
    /// <summary>The way to sign in at the OAuth endpoints, and at no other.</summary>
    public const string ClientScheme = "OAuthClientAuth";

    private const string ErrorSchema = nameof(OAuthErrorBody);

    private const int ExampleWaitSeconds = 17;

    public static OpenApiSecurityScheme Client => new()
    {
        Type = SecuritySchemeType.Http,
        Scheme = "basic",
        Description = "A client's id and secret. They may be sent in the body instead, as `client_id` and "
            + "`client_secret`.",
    };

    /// <summary>The scheme of access tokens, with the place where they are got.</summary>
    public static OpenApiSecurityScheme Token(IReadOnlyDictionary<string, string> scopes) => new()
    {
        Type = SecuritySchemeType.OAuth2,
        Description = "An access token in `Authorization: Bearer`. Looked at when there is no `X-API-Key`.",
        Flows = new OpenApiOAuthFlows
        {
            ClientCredentials = new OpenApiOAuthFlow
            {
                TokenUrl = new Uri(HttpOptions.OAuthPath + "/token", UriKind.Relative),
                Scopes = scopes.ToDictionary(scope => scope.Key, scope => scope.Value),
            },
        },
    };

    public static bool Has(string path) => new PathString(path).StartsWithSegments(HttpOptions.OAuthPath);

    public static void Complete(OpenApiOperation operation, OpenApiDocument document)
    {
        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(ClientScheme, document)] = [] },
            new OpenApiSecurityRequirement(),
        ];
        if (operation.RequestBody is OpenApiRequestBody body)
        {
            body.Description = "A form in UTF-8; each parameter once.";
        }

        operation.Responses ??= [];
        foreach (var (error, meaning, own) in new (OAuthError Error, string Meaning, string[] Own)[]
        {
            (OAuthErrors.InvalidScope(), "The form, grant or scope is at fault; trying again will not help.", []),
            (OAuthErrors.InvalidClient(), "No active client has this id and secret.", [OpenApiParts.Challenge]),
            (OAuthErrors.Of(Problems.PayloadTooLarge(HttpOptions.BodyBytesMax)), "The body is too large.", []),
            (OAuthErrors.Of(Problems.RateLimited(ExampleWaitSeconds)),
                "The address has tried too often; wait `Retry-After` seconds.", [OpenApiParts.RetryAfter]),
            (OAuthErrors.Of(Problems.InternalError()), "Something broke on the server's side.", []),
            (OAuthErrors.Of(Problems.ServiceUnavailable(HttpOptions.RetryAfterSeconds)),
                "The database is busy or out of reach; trying again is safe.", [OpenApiParts.RetryAfter]),
        })
        {
            var status = error.Status.ToString(System.Globalization.CultureInfo.InvariantCulture);
            operation.Responses[status] = new OpenApiResponse
            {
                Description = meaning,
                Headers = OpenApiParts.HeaderReferences(document, [.. OpenApiParts.OnEveryAnswer, .. own]),
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/json"] = new()
                    {
                        Schema = new OpenApiSchemaReference(ErrorSchema, document),
                        Example = JsonSerializer.SerializeToNode(error.ToBody(), WireJson.Options),
                    },
                },
            };
        }
    }

    public static void AddTo(OpenApiDocument document, OpenApiSchema error) =>
        document.AddComponent(ErrorSchema, error);
}
