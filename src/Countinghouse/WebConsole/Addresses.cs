using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace Countinghouse.WebConsole;

/// <summary>Addresses of pages: those a few parameters away from the current one, and which are ours.</summary>
public static class Addresses
{
    /// <summary>The page's own address with parameters changed, or, where the value is null, left out.</summary>
    public static string With(HttpContext context, params (string Name, object? Value)[] changes)
    {
        var query = context.Request.Query
            .Where(pair => !changes.Any(change => change.Name == pair.Key))
            .Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value.ToString()))
            .Concat(changes.Where(change => change.Value is not null).Select(change => KeyValuePair.Create(
                change.Name, Convert.ToString(change.Value, CultureInfo.InvariantCulture))));
        return QueryHelpers.AddQueryString(context.Request.Path, query);
    }

    /// <summary>
    /// True for addresses of the console itself: one from outside could lead anywhere, so only these are gone on to.
    /// </summary>
    public static bool IsOurs(string address) =>
        (address == ConsolePage.Root || address.StartsWith(ConsolePage.Root + "/", StringComparison.Ordinal)
            || address.StartsWith(ConsolePage.Root + "?", StringComparison.Ordinal))
        && !address.Contains('\\') && !address.Contains("//", StringComparison.Ordinal)
        && !address.Contains("..", StringComparison.Ordinal) && !address.Any(char.IsControl);

    /// <summary>Another address, on the page of a list that somebody was on.</summary>
    public static string WithPage(string path, string page) =>
        page.Length == 0 ? path : QueryHelpers.AddQueryString(path, "page", page);
}
