using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Countinghouse.Payouts;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Telemetry;

/// <summary>
/// Figures as Prometheus gets them, from a process of its own: in one process meters of one name are everybody's.
/// </summary>
public abstract partial class TelemetryContract(Engine engine) : IAsyncLifetime
{
    private readonly int _port = FreePort();
    private readonly HttpClient _client = new();
    private TestDatabase _database = null!;
    private Market _market = null!;
    private string _campaign = "";
    private TestProgram _program = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.Create(engine);
        var clock = new TestClock { Now = TimeProvider.System.GetUtcNow() };
        await using (var server = await TestServer.Start(engine, clock, shared: _database))
        {
            _market = await Market.Open(server);
            _campaign = await _market.NewCampaign(bid: "0.50", budget: "1.00");
        }

        // A close that was cut off, and a stop of payouts, to have something to show.
        await _database.Database.Write(
            async c =>
            {
                await c.Execute(
                    "INSERT INTO settlement (period, state, started_at, actor) VALUES (202607, 'CLOSING', 0, 'test')",
                    default);
                await c.Execute(
                    "INSERT INTO payout_halt (id, reason, halted_at, halted_by) VALUES (1, 'test', 0, 'test')",
                    default);
            },
            default);
        await TestProgram.Run(["verify", .. TestProgram.On(_database)]);
        _program = await TestProgram.Serve(
            new Dictionary<string, string>
            {
                ["COUNTINGHOUSE_Telemetry__PrometheusUrl"] = $"http://127.0.0.1:{_port}",
                ["COUNTINGHOUSE_Ingest__QueuedEventsMax"] = "1000",
            },
            TestProgram.On(_database));
        _client.DefaultRequestHeaders.Add("X-API-Key", _market.AdvertiserKey);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _program.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Events_are_counted_by_verdict_and_reason_and_figures_are_those_of_the_database()
    {
        var id = Guid.CreateVersion7().ToString();
        await Click(id);
        await Click(id);
        await Click(id, _market.Offers[0]);
        await Click(null);
        await Click(null);
        await Click(null, agent: "curl/8.5.0");

        var scraped = await Scrape();

        Assert.Equal(2, scraped["countinghouse_ingest_events_total{reason=\"none\",verdict=\"valid\"}"]);
        Assert.Equal(1, scraped["countinghouse_ingest_events_total{reason=\"not_running\",verdict=\"free\"}"]);
        Assert.Equal(1, scraped["countinghouse_ingest_events_total{reason=\"non_browser_agent\",verdict=\"invalid\"}"]);
        Assert.Equal(1, scraped["countinghouse_ingest_duplicates_total{found_in=\"own_batch\"}"]);
        Assert.Equal(1, scraped["countinghouse_ingest_conflicts_total{found_in=\"own_batch\"}"]);
        Assert.Equal(1, scraped["countinghouse_budget_exhaustions_total"]);
        Assert.Equal(6, scraped["countinghouse_ingest_flush_duration_seconds_count"]);
        Assert.Equal(4, scraped["countinghouse_ingest_flush_events_sum"]);
        Assert.Equal(1, scraped["countinghouse_payouts_halted"]);
        Assert.Equal(0, scraped["countinghouse_verification_differences"]);
        Assert.Equal(3, scraped["countinghouse_journal_months_ahead"]);
        Assert.Equal(1000, scraped["countinghouse_ingest_queue_capacity"]);
        Assert.Equal(
            Enum.GetValues<PayoutState>().Length,
            scraped.Keys.Count(name => name.StartsWith("countinghouse_payouts{", StringComparison.Ordinal)));
        await AssertAsked(scraped.Keys);
    }

    [Fact]
    public async Task Figures_have_an_address_of_their_own_and_tell_nobody_who_asked()
    {
        await Click(null);

        Assert.Equal(404, await Status(new Uri(_program.Origin, "/metrics")));
        foreach (var path in new[] { "/", "/advertising/api/v1/campaigns", "/console", "/health/live", "/metrics/x" })
        {
            Assert.Equal(404, await Status(new Uri($"http://127.0.0.1:{_port}{path}")));
        }

        var text = await _client.GetStringAsync(new Uri($"http://127.0.0.1:{_port}/metrics"));
        Assert.All(
            [_campaign, _market.AdvertiserKey, _market.Advertiser.ToString(), "Mozilla", "10.0."],
            secret => Assert.DoesNotContain(secret, text));
    }

    /// <summary>A dashboard that asks for what is not there shows nothing, and an alert on it never comes.</summary>
    private static async Task AssertAsked(IEnumerable<string> scraped)
    {
        // A histogram's name is that of its sum, without the end.
        var there = scraped.Select(name => name.Split('{')[0])
            .SelectMany(name => new[] { name, name.EndsWith("_sum") ? name[..^4] : name }).ToHashSet();
        var dashboard = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "docs", "grafana", "countinghouse.json"));
        var asked = JsonDocument.Parse(dashboard).RootElement.GetProperty("panels").EnumerateArray()
            .Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!)
            .ToList();
        var alerts = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operating.md"));
        var names = MetricName().Matches(string.Join('\n', asked) + alerts).Select(match => match.Value).ToHashSet();

        Assert.True(asked.Count > 20);
        Assert.True(names.Count > 20);
        Assert.Equal("", string.Join(' ', names.Except(there).Except(NeedsAFullQueue)));
    }

    /// <summary>It is there from the first refusal on, and that needs thousands of events at once.</summary>
    private static readonly string[] NeedsAFullQueue = ["countinghouse_ingest_queue_refusals_total"];

    private async Task Click(string? id, string? offer = null, string agent = Market.Browser)
    {
        using var answer = await _client.PostAsJsonAsync(
            new Uri(_program.Origin, "/advertising/api/v1/ads/click"),
            new
            {
                campaign_id = _campaign,
                event_id = id,
                offer_id = offer,
                client = new { ip = Market.NewShopper(), user_agent = agent },
            });
        Assert.True((int)answer.StatusCode < 500);
    }

    private async Task<int> Status(Uri address)
    {
        using var answer = await _client.GetAsync(address);
        return (int)answer.StatusCode;
    }

    [GeneratedRegex(@"\b(countinghouse|http_server|kestrel|dotnet)_[a-z_]+[a-z]\b(?!\.)")]
    private static partial Regex MetricName();

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Values by name and labels, without the label that names the meter.</summary>
    private async Task<Dictionary<string, double>> Scrape()
    {
        var text = await _client.GetStringAsync(new Uri($"http://127.0.0.1:{_port}/metrics"));
        var scraped = new Dictionary<string, double>();
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var parts = line.Split("} ") is [var named, var rest] ? (named + "}", rest) : Bare(line);
            var labels = parts.Item1.Contains('{', StringComparison.Ordinal)
                ? parts.Item1.Split('{')[1].TrimEnd('}').Split(',').Where(
                    label => !label.StartsWith("otel_scope", StringComparison.Ordinal)).Order().ToList()
                : [];
            var name = parts.Item1.Split('{')[0] + (labels.Count > 0 ? "{" + string.Join(',', labels) + "}" : "");
            scraped[name] = double.Parse(parts.Item2.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        }

        return scraped;
    }

    private static (string, string) Bare(string line) => (line.Split(' ')[0], line.Split(' ')[1]);
}

public sealed class SqliteTelemetry() : TelemetryContract(Engine.Sqlite);

public sealed class PostgresTelemetry() : TelemetryContract(Engine.Postgres);
