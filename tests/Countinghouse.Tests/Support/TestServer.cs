using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Credentials;
using Countinghouse.Commands;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Countinghouse.Support;

/// <summary>What came back: the status, all headers (of the content too) and the body.</summary>
public sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement.Clone();
}

/// <summary>The program itself, on its real web server and a database of its own.</summary>
public sealed class TestServer : IAsyncDisposable
{
    /// <summary>Limit of callers without a key; high unless a test sets it, as the clock may stand still.</summary>
    public const string AddressLimit = "RateLimits:AddressPerMinute";

    /// <summary>Limit of tries to sign in; high for the same reason.</summary>
    public const string SignInLimit = "RateLimits:SignInPerMinute";

    /// <summary>The rolling windows per client.</summary>
    private static readonly string[] WindowRules =
    [
        "ImpressionWindowSeconds", "ClickWindowSeconds", "ClicksPerMinuteMax", "ClicksPerTenMinutesMax",
        "ClicksPerHourMax", "ClicksPerDayMax",
    ];

    private readonly WebApplication _app;
    private readonly TestDatabase _database;
    private readonly bool _ownsDatabase;

    private TestServer(WebApplication app, TestDatabase database, bool ownsDatabase, TestClock clock, TestLog log)
    {
        _app = app;
        _database = database;
        _ownsDatabase = ownsDatabase;
        Clock = clock;
        Log = log;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Origin = new Uri(addresses.First());
        var handler = new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false };
        Client = new HttpClient(handler) { BaseAddress = new Uri(Origin, HttpOptions.BasePath + "/") };
    }

    /// <summary>http://127.0.0.1:port, without the base path.</summary>
    public Uri Origin { get; }

    /// <summary>Its base address is that of the API, so paths are given without a slash before them.</summary>
    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public TestClock Clock { get; }

    /// <summary>Everything the server logged from warnings up.</summary>
    public TestLog Log { get; }

    public TestDatabase Storage => _database;

    public Database Database => _database.Database;

    public Engine Engine => _database.Database.Engine;

    /// <param name="engine">Where it keeps its data.</param>
    /// <param name="clock">The time it goes by; its own by default.</param>
    /// <param name="configure">Changes to the program before it is built.</param>
    /// <param name="shared">The database of another server, to be a second node of that system.</param>
    /// <param name="map">Routes that only the test needs.</param>
    public static async Task<TestServer> Start(
        Engine engine,
        TestClock? clock = null,
        Action<WebApplicationBuilder>? configure = null,
        TestDatabase? shared = null,
        Action<IEndpointRouteBuilder>? map = null)
    {
        var database = shared ?? await TestDatabase.Create(engine);
        clock ??= new TestClock();
        var log = new TestLog();
        var app = Server.Build(database.Settings, builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(clock);
            builder.Logging.ClearProviders().AddProvider(log);
            builder.Configuration[AddressLimit] = "1000000";
            builder.Configuration[SignInLimit] = "1000000";

            // All of a test's requests come from one shopper; tests of these rules set them.
            foreach (var rule in WindowRules)
            {
                builder.Configuration["Ingest:" + rule] = rule.EndsWith("Seconds") ? "0" : "1000000";
            }

            configure?.Invoke(builder);
        });
        map?.Invoke(app);
        await app.StartAsync();
        return new TestServer(app, database, shared is null, clock, log);
    }

    public T Get<T>()
        where T : notnull => Services.GetRequiredService<T>();

    /// <summary>Stores the ids that this node's memory has no room for, as the job would.</summary>
    public async Task MakeRuns()
    {
        foreach (var lane in Get<IdRuns>().Lanes)
        {
            await Get<IdRuns>().Make(lane, CancellationToken.None);
        }
    }

    public async Task<OrganizationId> NewOrganization(string name, bool isOperator = false) =>
        (await Get<OrganizationStore>().Create(
            name, isOperator, new Dictionary<string, string>(), CancellationToken.None)).OrganizationId;

    /// <summary>A key whose own limits no test reaches unless it says so.</summary>
    public async Task<string> NewKey(
        OrganizationId organization,
        KeyKind kind = KeyKind.Csb,
        Role role = Role.Manager,
        Instant? expires = null,
        int perMinute = 1_000_000,
        int perDay = 10_000_000) =>
        (await Get<ApiKeyStore>().Create(
            new NewApiKey(organization, kind, role, "test", expires, perMinute, perDay), CancellationToken.None)).Key;

    /// <summary>Asks with GET and expects to be answered.</summary>
    public async Task<JsonElement> GetJson(string path, string? key = null)
    {
        var answer = await Send(HttpMethod.Get, path, key);
        Assert.True(answer.Status == 200, $"GET {path}: {answer.Status} {answer.Text}\n{Log}");
        return answer.Json;
    }

    /// <summary>Sends a body as JSON: text as it is, anything else serialized.</summary>
    public Task<Answer> Send(HttpMethod method, string path, string? key = null, object? body = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (key is not null)
        {
            request.Headers.Add(CredentialHandler.Header, key);
        }

        if (body is not null)
        {
            var text = body as string ?? JsonSerializer.Serialize(body, WireJson.Options);
            request.Content = new StringContent(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        return Send(request);
    }

    public async Task<Answer> Send(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await Client.SendAsync(request);
            var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(
                header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
            return new Answer((int)response.StatusCode, headers, await response.Content.ReadAsStringAsync());
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_ownsDatabase)
        {
            await _database.DisposeAsync();
        }
    }
}

/// <summary>Keeps what a server logs, so that a failing test can say why.</summary>
public sealed class TestLog : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _lines);

    public override string ToString() => string.Join('\n', _lines);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            Microsoft.Extensions.Logging.EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
            }
        }
    }
}
