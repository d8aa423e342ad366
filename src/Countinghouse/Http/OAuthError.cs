using System.Globalization;
using System.Text.Json.Serialization;

namespace Countinghouse.Http;

/// <summary>
/// An error answer of the OAuth endpoints, in the form that OAuth clients know (RFC 6749, 5.2). Made only by
/// <see cref="OAuthErrors"/>.
/// </summary>
public sealed class OAuthError : IResult, IStatusCodeHttpResult
{
    internal OAuthError(int status, string code, string description)
    {
        Status = status;
        Code = code;
        Description = description;
    }

    public int Status { get; }

    public string Code { get; }

    public string Description { get; }

    public int? RetryAfterSeconds { get; internal init; }

    public int? StatusCode => Status;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.Headers.CacheControl = "no-store";
        if (Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Basic realm=\"Advertising API\"";
        }

        if (RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return response.WriteAsJsonAsync(ToBody(), WireJson.Options, httpContext.RequestAborted);
    }

    /// <summary>The members as they go out; also the examples of the OpenAPI document.</summary>
    internal OAuthErrorBody ToBody() => new() { Error = Code, ErrorDescription = Description };
}

/// <summary>The members of an error answer of the OAuth endpoints.</summary>
public sealed class OAuthErrorBody
{
    /// <summary>The kind of error for programs, as OAuth spells it.</summary>
    public required string Error { get; init; }

    /// <summary>What was wrong with this request, and what to do about it.</summary>
    [JsonPropertyName("error_description")]
    public required string ErrorDescription { get; init; }
}

/// <summary>
/// Every error that the OAuth endpoints can answer with. Descriptions keep to the characters that OAuth allows: ASCII
/// without quotes and backslashes.
/// </summary>
public static class OAuthErrors
{
    private const string InvalidRequest = "invalid_request";
    private const string Unavailable = "temporarily_unavailable";

    public static OAuthError NotAForm() => new(
        StatusCodes.Status400BadRequest,
        InvalidRequest,
        "The body must be a form in UTF-8, with Content-Type: application/x-www-form-urlencoded.");

    public static OAuthError BrokenForm(int parametersMax, int charactersMax) => new(
        StatusCodes.Status400BadRequest,
        InvalidRequest,
        $"The form cannot be read: it may have {parametersMax} parameters of {charactersMax} characters at most.");

    public static OAuthError Repeated() => new(
        StatusCodes.Status400BadRequest, InvalidRequest, "A parameter was given more than once.");

    public static OAuthError Missing(string parameter) => new(
        StatusCodes.Status400BadRequest, InvalidRequest, $"The parameter {parameter} is missing.");

    public static OAuthError TwoWaysToSignIn() => new(
        StatusCodes.Status400BadRequest,
        InvalidRequest,
        "The client named itself twice: send its id and secret either by HTTP Basic or in the body.");

    /// <summary>The same for an unknown client, a wrong secret and a revoked client.</summary>
    public static OAuthError InvalidClient() => new(
        StatusCodes.Status401Unauthorized,
        "invalid_client",
        "No active client has this id and secret. Send both by HTTP Basic, or as client_id and client_secret.");

    public static OAuthError UnsupportedGrantType() => new(
        StatusCodes.Status400BadRequest, "unsupported_grant_type", "The grant_type must be client_credentials.");

    public static OAuthError InvalidScope() => new(
        StatusCodes.Status400BadRequest,
        "invalid_scope",
        "The scope names something that is not one of this client's scopes.");

    /// <summary>What the rest of the program answers with, said to an OAuth client.</summary>
    public static OAuthError Of(Problem problem) => problem.Code switch
    {
        ErrorCode.UnsupportedMediaType => NotAForm(),
        ErrorCode.Unauthorized => InvalidClient(),
        ErrorCode.RateLimited or ErrorCode.ServiceUnavailable =>
            new((int)problem.Code, Unavailable, problem.Detail) { RetryAfterSeconds = problem.RetryAfterSeconds },
        ErrorCode.InternalError => new((int)problem.Code, "server_error", problem.Detail),
        ErrorCode.BadRequest or ErrorCode.Forbidden or ErrorCode.NotFound or ErrorCode.MethodNotAllowed
            or ErrorCode.Conflict or ErrorCode.PayloadTooLarge or ErrorCode.ValidationError =>
            new((int)problem.Code, InvalidRequest, problem.Detail),
    };
}
