using System.Text;

namespace Countinghouse.Load;

internal enum IdForm
{
    /// <summary>UUIDv7, dashed.</summary>
    Dated = 1,

    /// <summary>UUIDv7 as shortuuid.</summary>
    DatedShort = 2,

    /// <summary>UUIDv4, dashed: nothing in it says when it was made.</summary>
    Random = 3,
}

/// <summary>What the events of a row are about and who sends them.</summary>
/// <param name="Pairs">Campaign and offer of each placement, as the API prints them.</param>
/// <param name="Ids">The form of event ids.</param>
/// <param name="Key">The sender's csb key.</param>
/// <param name="Path">Where requests go.</param>
internal sealed record Traffic(
    IReadOnlyList<(string Campaign, string Offer)> Pairs, IdForm Ids, string Key, string Path)
{
    public const string ImpressionsPath = "/advertising/api/v1/ads/impressions";

    /// <summary>Distinct addresses; with twenty agents each they make a million clients.</summary>
    public const int Addresses = 50_000;

    /// <summary>One item in so many has a bot's agent.</summary>
    public const int BotEvery = 100;

    /// <summary>One event in so many, on average, is sent a second time.</summary>
    public const int ResentEvery = 100;

    public static readonly IReadOnlyList<string> Browsers = CreateBrowsers();

    public static readonly IReadOnlyList<string> Bots =
    [
        "Mozilla/5.0 (compatible; ExampleBot/2.1; +http://bot.example/about)", "python-requests/2.32.4", "curl/8.5.0",
    ];

    private static List<string> CreateBrowsers()
    {
        const string webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        var agents = new List<string>();
        for (var version = 132; version < 137; version++)
        {
            agents.Add($"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/{version}.0.0.0 Safari/537.36");
            agents.Add($"Mozilla/5.0 (Linux; Android 15; K) {webkit} Chrome/{version}.0.0.0 Mobile Safari/537.36");
            agents.Add($"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0");
            agents.Add(
                $"Mozilla/5.0 (iPhone; CPU iPhone OS 18_{version - 130} like Mac OS X) AppleWebKit/605.1.15 "
                + $"(KHTML, like Gecko) Version/18.{version - 130} Mobile/15E148 Safari/604.1");
        }

        return agents;
    }

    public int IdBytes => Ids == IdForm.DatedShort ? IdPrinter.ShortBytes : IdPrinter.DashedBytes;

    /// <summary>Everything before the body of a request.</summary>
    public byte[] Head(int bodyBytes) => Encoding.ASCII.GetBytes(
        $"POST {Path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {Key}\r\nContent-Type: application/json\r\n"
        + $"Content-Length: {bodyBytes}\r\n\r\n");
}
