using System.Buffers;

namespace Countinghouse.Ingest;

/// <summary>
/// Finds general invalid traffic by what the client says of itself. Reasons are stored and named in reports: never
/// change one; a change of the rules raises <see cref="Version"/>. The lists are open and short on purpose: what an
/// operator licenses or finds besides is loaded into <see cref="TrafficLists"/>.
/// </summary>
public static class TrafficRules
{
    /// <summary>
    /// 2: more words than 1; a phone maker's name is no bot; browsers have "(". 3: no windows without an address.
    /// </summary>
    public const int Version = 3;

    /// <summary>A maker of phones, which stands in the agents of their browsers.</summary>
    private const string NoBot = "cubot";

    /// <summary>Those who say that they are no shopper.</summary>
    private static readonly SearchValues<string> Bots = SearchValues.Create(
        [
            // Crawlers and archives.
            "bot", "crawl", "spider", "slurp", "scrape", "scrapy", "archiver", "wayback", "heritrix", "nutch",
            "httrack", "webcopier", "mediapartners", "googleother", "google-extended", "google-inspectiontool",
            "google-read-aloud", "google favicon", "google-safety", "apis-google", "duplexweb", "feedfetcher",
            "feedburner", "feedly", "ahrefs", "semrush", "screaming frog", "sitebulb", "netcraft",

            // Assistants and their collectors.
            "chatgpt-user", "claude-web", "claude-user", "anthropic-ai", "perplexity-user", "cohere-ai",
            "meta-externalagent", "meta-externalfetcher", "mistralai-user",

            // Previews of links.
            "facebookexternalhit", "facebookcatalog", "preview", "embedly", "vkshare", "quora link", "outbrain",
            "transcoder",

            // Driven browsers.
            "headless", "phantomjs", "slimerjs", "puppeteer", "playwright", "selenium", "webdriver", "cypress/",
            "prerender", "rendertron",

            // Monitors and measurements.
            "lighthouse", "pagespeed", "gtmetrix", "ptst/", "pingdom", "uptime", "statuscake", "site24x7", "catchpoint",
            "dynatrace", "datadog", "newrelic", "monitoring", "monitis", "synthetic", "validator", "linkcheck",
            "link checker",

            // Scanners.
            "nmap", "nikto", "sqlmap", "masscan", "zgrab", "nuclei", "censys", "nessus", "acunetix", "burpcollaborator",
        ],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>Programs and libraries that load pages without showing them to anybody.</summary>
    private static readonly SearchValues<string> Tools = SearchValues.Create(
        [
            "curl/", "libcurl", "wget", "python", "go-http-client", "java/", "java-http-client", "okhttp", "libwww",
            "lwp-", "httpclient", "http-client", "axios", "node-fetch", "undici", "node.js", "superagent", "ruby",
            "faraday", "mechanize", "perl", "php/", "guzzle", "postman", "insomnia", "apache-", "jakarta", "aiohttp",
            "httpie", "httpx", "winhttp", "wininet", "powershell", "restsharp", "reqwest", "hyper/", "ureq",
            "cpp-httplib", "dart/", "dart:io", "jmeter", "gatling", "locust", "k6/", "vegeta", "artillery",
            "apachebench",
        ],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>What the agent and the headers alone give away, without what was loaded.</summary>
    public static EventReason Judge(ReadOnlySpan<char> agent, bool isPrefetch) =>
        isPrefetch ? EventReason.Prefetch : Judge(agent);

    /// <summary>What the agent alone gives away.</summary>
    public static EventReason Judge(ReadOnlySpan<char> agent)
    {
        if (HasBot(agent))
        {
            return EventReason.DeclaredBot;
        }

        // Every browser, however odd, begins so since 1998 and says in brackets what it runs on; what does not is a
        // program.
        return agent.ContainsAny(Tools)
            || !(agent.StartsWith("Mozilla/") || agent.StartsWith("Opera/"))
            || !agent.Contains('(')
                ? EventReason.NonBrowserAgent
                : EventReason.None;
    }

    private static bool HasBot(ReadOnlySpan<char> agent)
    {
        while (agent.IndexOf(NoBot, StringComparison.OrdinalIgnoreCase) is >= 0 and var at)
        {
            if (agent[..at].ContainsAny(Bots))
            {
                return true;
            }

            agent = agent[(at + NoBot.Length)..];
        }

        return agent.ContainsAny(Bots);
    }
}
