using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Countinghouse.Http;

/// <summary>The parts that operations share: headers, header parameters, error answers, ways to sign in.</summary>
internal static class OpenApiParts
{
    public const string RequestId = RequestIds.Header;
    public const string IdempotencyKey = Idempotency.Header;
    public const string IfNoneMatch = "If-None-Match";
    public const string ETag = "ETag";
    public const string Link = "Link";
    public const string Location = "Location";
    public const string Vary = "Vary";
    public const string AllowOrigin = "Access-Control-Allow-Origin";
    public const string CacheControl = "Cache-Control";
    public const string Replayed = Idempotency.ReplayedHeader;
    public const string RetryAfter = "Retry-After";
    public const string Challenge = "WWW-Authenticate";

    private const string IfNoneMatchParameter = "IfNoneMatch";
    private const string IdempotencyKeyParameter = "IdempotencyKey";
    private const string RequestIdParameter = "RequestId";

    /// <summary>On every answer under the base path, errors included.</summary>
    public static readonly string[] OnEveryAnswer =
    [
        RequestId, "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", CacheControl,
    ];

    /// <summary>In the order in which the server looks for them.</summary>
    public static readonly string[] Schemes = ["APIKeyHeaderAuth", "OAuthTokenAuth", "SessionAuth"];

    public static void AddTo(
        OpenApiDocument document,
        OpenApiSchema problem,
        OpenApiSchema fieldError,
        IReadOnlyDictionary<string, string> scopes)
    {
        var components = document.Components ??= new OpenApiComponents();
        components.Headers = Headers();
        components.Parameters = Parameters();
        components.SecuritySchemes = SecuritySchemes(scopes);
        document.AddComponent("Problem", problem);
        document.AddComponent("FieldError", fieldError);
        if (problem.Properties?["errors"] is OpenApiSchema errors)
        {
            errors.Items = new OpenApiSchemaReference("FieldError", document);
        }

        // The framework's own shape of errors, which nothing here answers with.
        components.Schemas?.Remove("ProblemDetails");
        components.Responses = Enum.GetValues<ErrorCode>()
            .Where(code => code != ErrorCode.MethodNotAllowed)
            .ToDictionary(code => code.ToString(), code => (IOpenApiResponse)Error(document, code, OnEveryAnswer));
    }

    public static Dictionary<string, IOpenApiHeader> HeaderReferences(
        OpenApiDocument document, IEnumerable<string> names) =>
        names.ToDictionary(name => name, name => (IOpenApiHeader)new OpenApiHeaderReference(name, document));

    public static IOpenApiParameter ParameterReference(OpenApiDocument document, string header) =>
        new OpenApiParameterReference(
            header switch
            {
                IdempotencyKey => IdempotencyKeyParameter,
                IfNoneMatch => IfNoneMatchParameter,
                _ => RequestIdParameter,
            },
            document);

    /// <summary>What a request that is itself at fault gets where the common errors do not apply.</summary>
    public static OpenApiResponse OtherError(OpenApiDocument document) => new()
    {
        Description = "The request is at fault; for example its method is neither GET nor HEAD.",
        Headers = HeaderReferences(document, [RequestId]),
        Content = ProblemContent(document, null),
    };

    public static IOpenApiResponse ErrorReference(OpenApiDocument document, ErrorCode code) =>
        new OpenApiResponseReference(code.ToString(), document);

    /// <summary>Any one of the schemes will do; with <paramref name="optional"/>, none at all too.</summary>
    public static List<OpenApiSecurityRequirement> Security(OpenApiDocument document, bool optional)
    {
        var alternatives = Schemes.Select(scheme => new OpenApiSecurityRequirement
        {
            [new OpenApiSecuritySchemeReference(scheme, document)] = [],
        });
        return optional ? [.. alternatives, new OpenApiSecurityRequirement()] : [.. alternatives];
    }

    /// <summary>An error outside the base path's rules: no limits, so no headers of limits.</summary>
    public static OpenApiResponse UnlimitedError(OpenApiDocument document, ErrorCode code) =>
        Error(document, code, [RequestId, CacheControl]);

    private static OpenApiResponse Error(OpenApiDocument document, ErrorCode code, string[] common)
    {
        string[] own = code switch
        {
            ErrorCode.Unauthorized => [Challenge],
            ErrorCode.RateLimited or ErrorCode.ServiceUnavailable => [RetryAfter],
            _ => [],
        };
        return new OpenApiResponse
        {
            Description = Meaning(code),
            Headers = HeaderReferences(document, [.. common, .. own]),
            Content = ProblemContent(document, Example(code)),
        };
    }

    private static Dictionary<string, OpenApiMediaType> ProblemContent(OpenApiDocument document, JsonNode? example) =>
        new()
        {
            ["application/problem+json"] = new OpenApiMediaType
            {
                Schema = new OpenApiSchemaReference("Problem", document),
                Example = example,
            },
        };

    private static string Meaning(ErrorCode code) => code switch
    {
        ErrorCode.BadRequest => "The request or its JSON cannot be read. Sending it again will not help.",
        ErrorCode.Unauthorized => "No valid credential was sent, or one that is wrong, expired or revoked.",
        ErrorCode.Forbidden => "The credential is good, and its role does not allow this.",
        ErrorCode.NotFound => "It does not exist, or it belongs to an organization that the caller has no part in.",
        ErrorCode.MethodNotAllowed => "The address does not take this method; `Allow` lists those it takes.",
        ErrorCode.Conflict => "The present state does not allow this, or an id or key was used for something else.",
        ErrorCode.PayloadTooLarge => "The body is too large.",
        ErrorCode.UnsupportedMediaType => "The body is not declared as `application/json`.",
        ErrorCode.ValidationError => "Fields or parameters were refused; `errors` lists them all. Nothing was changed.",
        ErrorCode.RateLimited => "A rate limit is used up; wait `Retry-After` seconds. The request was not counted.",
        ErrorCode.InternalError => "Something broke on the server's side. The same request may succeed later.",
        ErrorCode.ServiceUnavailable => "The database or the queue is busy or out of reach. Resending is safe.",
    };

    /// <summary>The example of an error is the error: made by the code that answers with it.</summary>
    private static JsonNode? Example(ErrorCode code)
    {
        var problem = code switch
        {
            ErrorCode.BadRequest => Problems.BrokenJson("it breaks off or goes wrong at line 1, byte 17."),
            ErrorCode.Unauthorized => Problems.Unauthorized(),
            ErrorCode.Forbidden => Problems.Forbidden(),
            ErrorCode.NotFound => Problems.NotFound(),
            ErrorCode.MethodNotAllowed => Problems.MethodNotAllowed(),
            ErrorCode.Conflict => Problems.IdempotencyKeyReused(),
            ErrorCode.PayloadTooLarge => Problems.PayloadTooLarge(HttpOptions.BodyBytesMax),
            ErrorCode.UnsupportedMediaType => Problems.NotJson(),
            ErrorCode.ValidationError => Problems.Invalid("page_size", "must be a whole number from 1 to 100"),
            ErrorCode.RateLimited => Problems.RateLimited(17),
            ErrorCode.InternalError => Problems.InternalError(),
            ErrorCode.ServiceUnavailable => Problems.ServiceUnavailable(HttpOptions.RetryAfterSeconds),
        };
        var body = problem.ToBody(new HttpOptions().ErrorTypeBase, ExampleTime, "0HNB3F6V2K1QD-00000001");
        return JsonSerializer.SerializeToNode(body, WireJson.Options);
    }

    private static readonly DateTimeOffset ExampleTime = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);

    private static Dictionary<string, IOpenApiHeader> Headers() => new()
    {
        [RequestId] = Header("The id of this request: the caller's own, or one made by the server. It is in the log.",
            Text("0HNB3F6V2K1QD-00000001", RequestIds.LengthMax)),
        ["RateLimit-Policy"] = Header("The limits that apply: requests per window of so many seconds.",
            Text("300;w=60, 10000;w=86400")),
        ["RateLimit-Limit"] = Header("Requests allowed in the window that has the fewest left.", Count(300)),
        ["RateLimit-Remaining"] = Header("Requests left in that window.", Count(299)),
        ["RateLimit-Reset"] = Header("Seconds until that window ends.", Count(42)),
        ["X-RateLimit-Limit"] = Header("The same as `RateLimit-Limit`.", Count(300)),
        ["X-RateLimit-Remaining"] = Header("The same as `RateLimit-Remaining`.", Count(299)),
        ["X-RateLimit-Reset"] = Header("When that window ends, in seconds since 1970.", Count(1_774_958_460)),
        [CacheControl] = Header("Who may keep this answer, and for how long.", Text("private, no-cache")),
        [RetryAfter] = Header("Seconds to wait before trying again.", Count(2)),
        [Challenge] = Header("How to sign in.", Text("ApiKey realm=\"Advertising API\", header=\"X-API-Key\"")),
        [ETag] = Header("The strong entity tag of these very bytes, for `If-None-Match`.",
            Text("\"5d41402abc4b2a76b9719d911017c592\"")),
        [Location] = Header("Where the new thing is.", Text("/advertising/api/v1/campaigns/ZowuNEgiULixDa5444gHVT")),
        [Link] = Header("Says that this address is the catalogue of the APIs here.",
            Text("</.well-known/api-catalog>; rel=\"api-catalog\"")),
        [Vary] = Header("What of the request decided on the form of this answer.", Text("Accept")),
        [AllowOrigin] = Header("With an `Origin` in the request: any web page may read this answer.", Text("*")),
        [Replayed] = Header("`true` when this is the stored answer to an earlier request with the same key.",
            Text("true")),
    };

    private static Dictionary<string, IOpenApiParameter> Parameters() => new()
    {
        [RequestIdParameter] = Parameter(
            RequestId,
            "An id of the caller's own for this request. Anything else than 1 to 64 of `[A-Za-z0-9._-]` is replaced.",
            Text("checkout-7f3a", RequestIds.LengthMax, "^[A-Za-z0-9._-]+$")),
        [IdempotencyKeyParameter] = Parameter(
            IdempotencyKey,
            "Makes sending again safe: the same key and body gives the stored answer, for 24 hours at least; "
            + "the same key with another body is a conflict.",
            Text("5f1c2f0e-create-campaign", Idempotency.KeyLengthMax, "^[\\x20-\\x7E]+$")),
        [IfNoneMatchParameter] = Parameter(
            IfNoneMatch,
            "The `ETag` of an earlier answer; 304 without a body if it still holds.",
            Text("\"5d41402abc4b2a76b9719d911017c592\"")),
    };

    private static Dictionary<string, IOpenApiSecurityScheme> SecuritySchemes(
        IReadOnlyDictionary<string, string> scopes) => new()
        {
            [Schemes[0]] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = "X-API-Key",
                Description = "An API key: `csb_…` of an organization's server, `csu_…` of a user, or the publishable "
                    + "`cpk_…`, which may do nothing but record events under `/ads`.",
            },
            [Schemes[1]] = OpenApiOAuth.Token(scopes),
            [Schemes[2]] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = "sessionid",
                Description = "The session of somebody signed in with a browser. Looked at last; "
                    + "requests that change something need the anti-forgery token as well.",
            },
            [OpenApiOAuth.ClientScheme] = OpenApiOAuth.Client,
        };

    private static OpenApiHeader Header(string description, OpenApiSchema schema) =>
        new() { Description = description, Schema = schema };

    private static OpenApiParameter Parameter(string name, string description, OpenApiSchema schema) =>
        new() { Name = name, In = ParameterLocation.Header, Description = description, Schema = schema };

    private static OpenApiSchema Text(string example, int? lengthMax = null, string? pattern = null) => new()
    {
        Type = JsonSchemaType.String,
        MinLength = lengthMax is null ? null : 1,
        MaxLength = lengthMax,
        Pattern = pattern,
        Examples = [JsonValue.Create(example)],
    };

    private static OpenApiSchema Count(int example) =>
        new() { Type = JsonSchemaType.Integer, Minimum = "0", Examples = [JsonValue.Create(example)] };
}
