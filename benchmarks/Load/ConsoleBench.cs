using System.Diagnostics;
using System.Text.Json;

namespace Countinghouse.Load;

/// <summary>What the server takes for a page of the console, beside the call of the API that it rests on.</summary>
/// <param name="Row">The page.</param>
/// <param name="PageP50">Median of whole requests, in milliseconds.</param>
/// <param name="PageP99">The 99th of a hundred.</param>
/// <param name="Call">The call.</param>
/// <param name="CallP50">The same of the call alone.</param>
/// <param name="CallP99">The same of the call alone.</param>
internal sealed record ConsoleFigures(
    string Row, double PageP50, double PageP99, string Call, double CallP50, double CallP99);

/// <summary>Pages of a demo, one request after the other, page and call in turns, each with a session.</summary>
internal sealed class ConsoleBench(int port, string folder, BenchOptions options)
{
    /// <summary>The demo has so many times its usual events.</summary>
    public const int DemoScale = 10;

    private const int WarmUps = 20;

    private readonly JsonElement _demo =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "demo.json"))).RootElement;

    private int Requests => options.IsQuick ? 50 : 500;

    public async Task<IReadOnlyList<ConsoleFigures>> Measure()
    {
        var (advertiser, retailer) = (Organization("advertiser"), Organization("retailer"));
        var campaign = _demo.GetProperty("advertiser").GetProperty("campaigns").EnumerateArray()
            .First(one => one.GetProperty("status").GetString() == "active").GetProperty("campaign_id").GetString();
        var share = _demo.GetProperty("retailer").GetProperty("revenue_shares")[0].GetString();
        var day = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var days = $"start_date={day.AddDays(-29):yyyy-MM-dd}&end_date={day:yyyy-MM-dd}";
        (string Who, string Page, string Call)[] pages =
        [
            ("advertiser", $"{advertiser}", $"reporting/organizations/{advertiser}/campaigns/overview?{days}"),
            ("advertiser", $"{advertiser}/campaigns/{campaign}", $"reporting/campaigns/{campaign}/performance?{days}"),
            ("advertiser", $"{advertiser}/traffic", $"reporting/organizations/{advertiser}/invalid-traffic?{days}"),
            ("advertiser", $"{advertiser}/audit", $"organizations/{advertiser}/audit-log"),
            ("retailer", $"{retailer}/earnings", $"organizations/{retailer}/payout-outlook"),
            ("retailer", $"{retailer}/earnings/{share}", $"revenue-share/{retailer}/{share}/lines"),
            ("retailer", $"{retailer}/payouts", $"organizations/{retailer}/payouts"),
            ("operator", "operator/periods", "settlements/next"),
            ("operator", "operator/approvals", "revenue-shares?status=CALCULATED"),
            ("operator", "operator/payouts", "payouts"),
            ("operator", "operator/traffic", $"reporting/invalid-traffic?{days}"),
            ("operator", "operator/ingest", "ingest-health"),
        ];
        var rows = new List<ConsoleFigures>();
        foreach (var person in pages.GroupBy(page => page.Who))
        {
            using var http = await SignIn(person.Key);
            foreach (var (_, page, call) in person)
            {
                rows.Add(await Measure(http, page, call));
            }
        }

        return rows;
    }

    private async Task<ConsoleFigures> Measure(HttpClient http, string page, string call)
    {
        var (pages, calls) = (new List<double>(), new List<double>());
        for (var number = -WarmUps; number < Requests; number++)
        {
            var ofPage = await Time(http, "/console/" + page);
            var ofCall = await Time(http, $"{Api.BasePath}/{call}");
            if (number >= 0)
            {
                pages.Add(ofPage);
                calls.Add(ofCall);
            }
        }

        return new ConsoleFigures(
            page, Part(pages, 0.5), Part(pages, 0.99), call.Split('?')[0], Part(calls, 0.5), Part(calls, 0.99));
    }

    private static async Task<double> Time(HttpClient http, string address)
    {
        var begun = Stopwatch.GetTimestamp();
        using var answer = await http.GetAsync(new Uri(address, UriKind.Relative));
        await answer.Content.ReadAsByteArrayAsync();
        var took = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        return answer.IsSuccessStatusCode
            ? took
            : throw new BenchException($"{address} was answered with {(int)answer.StatusCode}.");
    }

    private async Task<HttpClient> SignIn(string who)
    {
        var people = _demo.GetProperty("people");
        var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = true })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
        };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["email"] = people.GetProperty(who).GetString()!,
            ["password"] = people.GetProperty("password").GetString()!,
        });
        using var answer = await http.PostAsync(new Uri("/console/sign-in", UriKind.Relative), form);
        return (int)answer.StatusCode == 303 ? http : throw new BenchException($"{who} could not sign in.");
    }

    private string Organization(string who) => _demo.GetProperty(who).GetProperty("organization_id").GetString()!;

    private static double Part(List<double> times, double part) =>
        times.Order().ElementAt((int)Math.Min(times.Count - 1, Math.Ceiling(times.Count * part) - 1));
}
