using System.Buffers;

namespace Countinghouse.Ingest;

/// <summary>
/// Finds general invalid traffic by what the client says of itself. Reasons are stored and named in reports: never
/// change one; a change of the rules raises <see cref="Version"/>.
/// </summary>
public static class TrafficRules
{
    public const int Version = 1;

    private static readonly SearchValues<string> Bots = SearchValues.Create(
        [
            "bot", "crawl", "spider", "slurp", "mediapartners", "facebookexternalhit", "headless", "lighthouse",
            "pingdom", "uptime", "monitoring", "preview", "scrape", "archiver", "transcoder",
        ],
        StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> Tools = SearchValues.Create(
        [
            "curl/", "wget/", "python", "go-http-client", "java/", "okhttp", "libwww", "httpclient", "axios",
            "node-fetch", "undici", "ruby", "perl", "php/", "postman", "insomnia", "apache-", "guzzle", "aiohttp",
            "httpie",
        ],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>What the agent and the headers alone give away.</summary>
    public static EventReason Judge(ReadOnlySpan<char> agent, bool isPrefetch)
    {
        if (isPrefetch)
        {
            return EventReason.Prefetch;
        }

        if (agent.ContainsAny(Bots))
        {
            return EventReason.DeclaredBot;
        }

        // Every browser, however odd, begins so since 1998; what does not is a program.
        return agent.ContainsAny(Tools) || !(agent.StartsWith("Mozilla/") || agent.StartsWith("Opera/"))
            ? EventReason.NonBrowserAgent
            : EventReason.None;
    }
}
