using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Countinghouse.Http;

/// <summary>Strong entity tags of reports: the same tag means the same bytes.</summary>
public static class ETags
{
    /// <summary>The tag of an answer that follows wholly from the given parts.</summary>
    public static string From(params ReadOnlySpan<string> parts) =>
        Tag(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));

    /// <summary>
    /// Sets the tag, and says whether the caller already has that answer: then the handler ends with 304 and no body.
    /// </summary>
    public static bool IsCurrent(HttpContext context, string tag)
    {
        context.Response.Headers.ETag = tag;
        var known = context.Request.Headers.IfNoneMatch;
        if (StringValues.IsNullOrEmpty(known) || !Matches(known, tag))
        {
            return false;
        }

        context.Response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    private static bool Matches(StringValues known, string tag)
    {
        foreach (var line in known)
        {
            foreach (var part in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                // Weak comparison, as RFC 9110 has it for If-None-Match.
                if (part == "*" || part == tag || (part.StartsWith("W/", StringComparison.Ordinal) && part[2..] == tag))
                {
                    return true;
                }
            }
        }

        return false;
    }

    internal static string Tag(byte[] hash) => $"\"{Convert.ToHexStringLower(hash.AsSpan(0, 16))}\"";
}
