using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Countinghouse.Telemetry;

/// <summary>
/// What the program sends to a collector, and writes on its own output: the real program, a real receiver.
/// </summary>
public sealed class CollectorTests : IAsyncLifetime
{
    private const string Agent = "Mozilla/5.0 (telling nobody)";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, ConcurrentQueue<byte[]>> _received = new();
    private WebApplication _collector = null!;
    private string _address = "";

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _collector = builder.Build();
        _collector.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            _received.GetOrAdd(signal, _ => new ConcurrentQueue<byte[]>()).Enqueue(body.ToArray());
        });
        await _collector.StartAsync();
        _address = _collector.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public async Task DisposeAsync() => await _collector.DisposeAsync();

    [Theory]
    [InlineData("COUNTINGHOUSE_Telemetry__OtlpEndpoint", null)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http/protobuf")]
    public async Task Metrics_traces_and_logs_reach_a_collector_without_who_asked(string variable, string? protocol)
    {
        await using var program = await TestProgram.Serve(new Dictionary<string, string>
        {
            [variable] = _address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol ?? "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            ["COUNTINGHOUSE_Telemetry__TraceRatio"] = "1",
        });
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("User-Agent", Agent);
        client.DefaultRequestHeaders.Add("X-API-Key", "csb_thisKeyIsSecret");
        await client.GetAsync(new Uri(program.Origin, "/advertising/api/v1/campaigns?secret=inTheQuery"));

        await Until("metrics", "http.server.request.duration");
        await Until("metrics", "countinghouse.payouts");
        await Until("traces", "GET");
        program.Signal("TERM");
        await program.End();

        Assert.All(["csb_thisKeyIsSecret", "telling nobody", "inTheQuery"], secret => Assert.All(
            _received, signal => Assert.DoesNotContain(secret, Text(signal.Value))));
        Assert.Contains("countinghouse", Text(_received["traces"]));
    }

    [Fact]
    public async Task A_line_of_the_log_is_an_object_with_the_id_of_its_request()
    {
        await using var program = await TestProgram.Serve(new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_Telemetry__LogFormat"] = "json",
            ["COUNTINGHOUSE_Logging__LogLevel__Microsoft.AspNetCore.Routing.EndpointMiddleware"] = "Information",
        });
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-Request-Id", "my-own-id");
        client.DefaultRequestHeaders.Add("User-Agent", Agent);
        await client.GetAsync(new Uri(program.Origin, "/.well-known/api-catalog"));
        program.Signal("TERM");
        var ended = await program.End();

        var lines = ended.Output.Split('\n').Where(line => line.StartsWith('{')).ToList();
        Assert.NotEmpty(lines);
        Assert.Contains(lines, line => JsonDocument.Parse(line).RootElement.TryGetProperty("Scopes", out var scopes)
            && scopes.ToString().Contains("my-own-id", StringComparison.Ordinal));
        Assert.DoesNotContain("telling nobody", ended.Output);
    }

    [Fact]
    public async Task What_cannot_be_used_is_named_before_the_start()
    {
        var ended = await TestProgram.Run(
            new Dictionary<string, string>
            {
                ["COUNTINGHOUSE_Telemetry__OtlpEndpoint"] = "collector",
                ["COUNTINGHOUSE_Telemetry__PrometheusUrl"] = "9464",
                ["COUNTINGHOUSE_Telemetry__TraceRatio"] = "2",
                ["COUNTINGHOUSE_Telemetry__LogFormat"] = "xml",
            },
            "serve", "--urls", "http://127.0.0.1:0", "--no-demo");

        Assert.Equal(1, ended.Code);
        Assert.All(
            ["OtlpEndpoint must", "PrometheusUrl must", "TraceRatio must", "LogFormat must"],
            said => Assert.Contains(said, ended.Error));
    }

    private static string Text(IEnumerable<byte[]> bodies) =>
        string.Concat(bodies.Select(body => Encoding.Latin1.GetString(body)));

    private async Task Until(string signal, string name)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!_received.TryGetValue(signal, out var bodies) || !Text(bodies).Contains(name, StringComparison.Ordinal))
        {
            Assert.True(waited.Elapsed < Patience, $"No {signal} with {name} came.");
            await Task.Delay(50);
        }
    }
}
