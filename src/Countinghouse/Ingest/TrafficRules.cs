using System.Buffers;

namespace Countinghouse.Ingest;

/// <summary>A verdict on whether an event is real traffic; the reason is null for valid ones.</summary>
public readonly record struct TrafficVerdict(Validity Validity, string? Reason)
{
    public static readonly TrafficVerdict Valid = new(Validity.Valid, null);
}

/// <summary>
/// Finds general invalid traffic by what the client says of itself. Reasons are stored and named in reports: never
/// change one; a change of the rules raises <see cref="Version"/>.
/// </summary>
public static class TrafficRules
{
    public const int Version = 1;

    public const string DeclaredBot = "declared_bot";
    public const string NonBrowser = "non_browser_agent";
    public const string Prefetch = "prefetch";

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

    /// <summary>Null: nobody said anything of the client, so nothing can be held against it.</summary>
    public static TrafficVerdict Judge(EventClient? client)
    {
        if (client is null)
        {
            return TrafficVerdict.Valid;
        }

        if (client.IsPrefetch)
        {
            return new TrafficVerdict(Validity.General, Prefetch);
        }

        var agent = client.UserAgent.AsSpan();
        if (agent.ContainsAny(Bots))
        {
            return new TrafficVerdict(Validity.General, DeclaredBot);
        }

        // Every browser, however odd, begins so since 1998; what does not is a program.
        return agent.ContainsAny(Tools) || !agent.StartsWith("Mozilla/") && !agent.StartsWith("Opera/")
            ? new TrafficVerdict(Validity.General, NonBrowser)
            : TrafficVerdict.Valid;
    }
}
