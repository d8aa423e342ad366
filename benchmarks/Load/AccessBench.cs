using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Countinghouse.Load;

/// <summary>Requests a second with one way of signing in.</summary>
/// <param name="Row">How it was signed in.</param>
/// <param name="RequestsPerSecond">Median over the rounds.</param>
/// <param name="OfNone">Median over the rounds of this beside the same round without a credential.</param>
internal sealed record AccessFigures(string Row, double RequestsPerSecond, double OfNone);

/// <summary>
/// What finding out who is calling costs: one request, counted by the limiter and refused with 422 before any work,
/// sent without a credential, with a key, a token and a session. In rounds, so that a machine that changes its speed
/// changes all of them.
/// </summary>
internal sealed class AccessBench(int port, Stage stage, BenchOptions options)
{
    private const string Path = Api.BasePath + "/ads/click";
    private const string Password = "a long enough password";
    private const int Connections = 32;
    private const int Rounds = 5;

    private static readonly string[] Scopes = ["advertising:read", "events:write"];

    public async Task<IReadOnlyList<AccessFigures>> Measure()
    {
        (string Row, string[] Headers)[] ways =
        [
            ("no credential", []),
            ("API key", [$"X-API-Key: {stage.Advertiser.Key}"]),
            ("access token", [$"Authorization: Bearer {await NewToken()}"]),
            ("session", [$"Cookie: {await NewSession()}"]),
        ];
        var rates = ways.Select(_ => new List<double>()).ToList();
        for (var round = 0; round < (options.IsQuick ? 2 : Rounds); round++)
        {
            for (var way = 0; way < ways.Length; way++)
            {
                var (row, headers) = ways[way];
                if (round == 0)
                {
                    await Run(row, headers, options.WarmUp * 2);
                }

                rates[way].Add(await Run(row, headers, options.ReportMeasured));
            }
        }

        return
        [
            .. ways.Select((way, number) => new AccessFigures(
                way.Row, Median(rates[number]), Median(rates[number].Zip(rates[0], (one, none) => one / none)))),
        ];
    }

    private async Task<double> Run(string row, string[] headers, TimeSpan time)
    {
        var script = System.IO.Path.Combine(options.Folder, "access.lua");
        await File.WriteAllTextAsync(
            script,
            """
            wrk.method = "POST"
            wrk.body = "{}"
            wrk.headers["Content-Type"] = "application/json"
            """);
        var said = await Wrk.Run(
            port, Path, Connections, time, ["-s", script, .. headers.SelectMany(header => new[] { "-H", header })]);
        return said.Requests > 0 && said.Refused == said.Requests
            ? said.PerSecond
            : throw new BenchException($"{row}: not every answer was a refusal.");
    }

    /// <summary>By the OAuth client credentials grant.</summary>
    private async Task<string> NewToken()
    {
        using var api = new Api(port, stage.Advertiser.Key);
        var client = await api.Post(
            $"/organizations/{stage.Advertiser.Id}/oauth-clients",
            new { name = "Bench", role = "manager", scopes = Scopes });
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = (string)client["client_id"]!,
            ["client_secret"] = (string)client["client_secret"]!,
        });
        using var answer = await http.PostAsync(new Uri("/oauth/token", UriKind.Relative), form);
        return (string)(await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>())!["access_token"]!;
    }

    /// <summary>Invited, come and signed in, as a person does it; returns the cookies.</summary>
    private async Task<string> NewSession()
    {
        using var api = new Api(port, stage.Advertiser.Key);
        var invited = await api.Post(
            $"/organizations/{stage.Advertiser.Id}/invitations", new { email = "bench@example.com", role = "manager" });
        var token = ((string)invited["link"]!).Split('#')[^1];
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var accepted = await http.PostAsJsonAsync(
            Api.BasePath + "/invitations/accept", new { token, name = "Bench", password = Password });
        accepted.EnsureSuccessStatusCode();
        using var signedIn = await http.PostAsJsonAsync(
            Api.BasePath + "/session", new { email = "bench@example.com", password = Password });
        var cookies = signedIn.EnsureSuccessStatusCode().Headers.GetValues("Set-Cookie");
        return string.Join("; ", cookies.Select(cookie => cookie.Split(';')[0]));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
