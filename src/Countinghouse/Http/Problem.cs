using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;

namespace Countinghouse.Http;

/// <summary>The kind of error, for programs; the wire spells it in snake_case.</summary>
public enum ErrorCode
{
    BadRequest = 400,
    Unauthorized = 401,
    Forbidden = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    Conflict = 409,
    PayloadTooLarge = 413,
    UnsupportedMediaType = 415,
    ValidationError = 422,
    RateLimited = 429,
    InternalError = 500,
    ServiceUnavailable = 503,
}

/// <summary>One thing wrong with a request: where, in words, and as a code for programs.</summary>
/// <param name="Field">The member or parameter, as a path: impressions[3].offer_id; empty for the body itself.</param>
/// <param name="Message">What it must be, as the end of a sentence that begins with the field.</param>
/// <param name="Code">The kind of fault for programs.</param>
public sealed record FieldError(string Field, string Message, string Code);

/// <summary>An error answer, RFC 9457. Made only by <see cref="Problems"/>.</summary>
public sealed class Problem : IResult, IStatusCodeHttpResult
{
    internal Problem(ErrorCode code, string title, string detail)
    {
        Code = code;
        Title = title;
        Detail = detail;
    }

    public ErrorCode Code { get; }

    public string Title { get; }

    public string Detail { get; }

    public IReadOnlyList<FieldError>? Errors { get; internal init; }

    public int? RetryAfterSeconds { get; internal init; }

    public int? StatusCode => (int)Code;

    /// <summary>The code as it goes over the wire.</summary>
    public string WireCode => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(Code.ToString());

    public Task ExecuteAsync(HttpContext httpContext)
    {
        // By the address and not by the route: what goes wrong before or without one has to speak OAuth as well.
        if (httpContext.Request.Path.StartsWithSegments(HttpOptions.OAuthPath))
        {
            return OAuthErrors.Of(this).ExecuteAsync(httpContext);
        }

        var services = httpContext.RequestServices;
        var body = ToBody(
            services.GetRequiredService<IOptions<HttpOptions>>().Value.ErrorTypeBase,
            services.GetRequiredService<TimeProvider>().GetUtcNow(),
            httpContext.TraceIdentifier);

        var response = httpContext.Response;
        response.StatusCode = (int)Code;
        if (RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return response.WriteAsJsonAsync(
            body, options: null, contentType: "application/problem+json", httpContext.RequestAborted);
    }

    /// <summary>The members as they go out; also the examples of the OpenAPI document.</summary>
    internal ProblemBody ToBody(string typeBase, DateTimeOffset now, string requestId) => new()
    {
        Type = typeBase + WireCode,
        Title = Title,
        Status = (int)Code,
        Detail = Detail,
        ErrorCode = Code,
        Retryable = Code is ErrorCode.RateLimited or ErrorCode.InternalError or ErrorCode.ServiceUnavailable,
        Timestamp = now.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture),
        RequestId = requestId,
        Errors = Errors,
        RetryAfterSeconds = RetryAfterSeconds,
    };
}

/// <summary>The members of an error answer.</summary>
public sealed class ProblemBody
{
    /// <summary>A page about this kind of error.</summary>
    [Url]
    public required string Type { get; init; }

    /// <summary>The kind of error in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status, again.</summary>
    [Range(400, 599)]
    public required int Status { get; init; }

    /// <summary>What was wrong with this request, and what to do about it.</summary>
    public required string Detail { get; init; }

    /// <summary>The kind of error for programs.</summary>
    public required ErrorCode ErrorCode { get; init; }

    /// <summary>True when the same request may succeed later.</summary>
    public required bool Retryable { get; init; }

    /// <summary>When it happened, RFC 3339 ending in +00:00.</summary>
    [DataType(DataType.DateTime)]
    public required string Timestamp { get; init; }

    /// <summary>The id under which the operator finds this request in the log.</summary>
    public required string RequestId { get; init; }

    /// <summary>With 422: everything that was wrong, at once.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>With 429 and 503: how long to wait.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Range(0, int.MaxValue)]
    public int? RetryAfterSeconds { get; init; }
}
