using System.Text.Json;
using System.Text.RegularExpressions;

namespace Countinghouse.Support;

/// <summary>Holds an error answer against the contract, member by member.</summary>
public static partial class ProblemFaults
{
    private static readonly Dictionary<int, string> Codes = new()
    {
        [400] = "bad_request",
        [401] = "unauthorized",
        [403] = "forbidden",
        [404] = "not_found",
        [405] = "method_not_allowed",
        [409] = "conflict",
        [413] = "payload_too_large",
        [415] = "unsupported_media_type",
        [422] = "validation_error",
        [429] = "rate_limited",
        [500] = "internal_error",
        [503] = "service_unavailable",
    };

    private static readonly string[] Everywhere =
        ["type", "title", "status", "detail", "error_code", "retryable", "timestamp", "request_id"];

    /// <summary>Everything that is not as the contract has it; empty when all is well.</summary>
    public static IEnumerable<string> In(Answer answer, string requestId)
    {
        if (answer.Headers.GetValueOrDefault("X-Request-Id") != requestId)
        {
            yield return $"X-Request-Id is {answer.Headers.GetValueOrDefault("X-Request-Id")}";
        }

        if (answer.Headers.GetValueOrDefault("Content-Type")?.Split(';')[0] != "application/problem+json")
        {
            yield return $"Content-Type is {answer.Headers.GetValueOrDefault("Content-Type")}";
            yield break;
        }

        if (answer.Headers.ContainsKey("Retry-After") != answer.Status is 429 or 503)
        {
            yield return "Retry-After belongs to 429 and 503 alone";
        }

        foreach (var fault in InBody(answer.Json, answer.Status, requestId))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> InBody(JsonElement body, int status, string requestId)
    {
        var extra = status == 422 ? "errors" : status is 429 or 503 ? "retry_after_seconds" : null;
        var members = body.EnumerateObject().Select(member => member.Name).ToList();
        var expected = extra is null ? Everywhere : [.. Everywhere, extra];
        if (members.Except(expected).Concat(expected.Except(members)).ToList() is { Count: > 0 } different)
        {
            yield return "members missing or not expected: " + string.Join(", ", different);
            yield break;
        }

        var code = Codes.GetValueOrDefault(status, "?");
        foreach (var (member, value) in new[]
        {
            ("type", "https://closient.com/docs/errors/" + code), ("error_code", code), ("request_id", requestId),
        })
        {
            if (body.GetProperty(member).GetString() != value)
            {
                yield return $"{member} is {body.GetProperty(member)}, not {value}";
            }
        }

        if (body.GetProperty("status").GetInt32() != status
            || body.GetProperty("retryable").GetBoolean() != status is 429 or 500 or 503
            || string.IsNullOrWhiteSpace(body.GetProperty("title").GetString())
            || string.IsNullOrWhiteSpace(body.GetProperty("detail").GetString())
            || !Timestamp().IsMatch(body.GetProperty("timestamp").GetString()!))
        {
            yield return "status, retryable, title, detail or timestamp is wrong: " + body;
        }

        if (Leak().IsMatch(body.GetProperty("detail").GetString()!))
        {
            yield return "detail tells too much: " + body.GetProperty("detail");
        }

        if (status == 422 && !body.GetProperty("errors").EnumerateArray().Any())
        {
            yield return "errors is empty";
        }
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")]
    private static partial Regex Timestamp();

    [GeneratedRegex(@"Exception|\bat Countinghouse\.|SELECT |INSERT |Npgsql|SQLite", RegexOptions.IgnoreCase)]
    private static partial Regex Leak();
}
