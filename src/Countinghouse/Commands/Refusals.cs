using System.Text.Json;
using Countinghouse.Http;

namespace Countinghouse.Commands;

/// <summary>What the API refuses, refused at the terminal by the same rules and in the same words.</summary>
internal static class Refusals
{
    /// <summary>Holds what is wanted against the rules of the request's body, as if it had come over HTTP.</summary>
    public static void Check<T>(T wanted, Func<T, FieldError?>? check = null)
        where T : class
    {
        var body = JsonBody.Parse<T>(JsonSerializer.SerializeToUtf8Bytes(wanted, WireJson.Options), strict: true);
        if (body.Problem is null)
        {
            body.Refuse(check?.Invoke(wanted));
        }

        if (body.Problem is { } problem)
        {
            throw Say(problem);
        }
    }

    /// <summary>The API's own words, so that there is one of each.</summary>
    public static CommandException Say(Problem problem) => new(
        problem.Errors is { Count: > 1 } errors
            ? string.Join(' ', errors.Select(error => $"{error.Field} {error.Message}."))
            : problem.Detail);
}
