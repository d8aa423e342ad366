using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RateLimits;

public abstract class RateLimitHeadersContract(Engine engine) : IAsyncLifetime
{
    private static readonly string[] All =
    [
        "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
    ];

    private TestServer _server = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _server = await LimitedServer.Start(engine, settings: (TestServer.AddressLimit, "600"));
        _key = await _server.Key();
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Every_answer_to_a_key_tells_its_limit()
    {
        var large = new string('x', HttpOptions.BodyBytesMax + 1);
        var remaining = 300;
        foreach (var (method, path, body, status) in new (string, string, string?, int)[]
        {
            ("GET", "test/ok", null, 200),
            ("HEAD", "test/ok", null, 200),
            ("GET", "test/none", null, 404),
            ("DELETE", "test/ok", null, 405),
            ("POST", "test/body", large, 413),
            ("GET", "test/broken", null, 500),
            ("GET", "test/away", null, 503),
        })
        {
            var answer = await _server.Send(new HttpMethod(method), path, _key, body);

            Assert.Equal((path, status), (path, answer.Status));
            AssertTold(answer, "300;w=60, 10000;w=86400", 300, --remaining);
        }
    }

    [Fact]
    public async Task Every_answer_to_a_caller_without_a_good_key_tells_the_limit_of_the_address()
    {
        var remaining = 600;
        foreach (var (method, path, key, status) in new (string, string, string?, int)[]
        {
            ("GET", "test/ok", null, 200),
            ("HEAD", "test/ok", null, 200),
            ("GET", "test/ok", "csb_wrong", 401),
            ("GET", "test/none", null, 404),
            ("PUT", "test/ok", null, 405),
            ("GET", "test/broken", null, 500),
            ("GET", "test/away", null, 503),
            ("POST", "ads/test", null, 200),
        })
        {
            var answer = await _server.Send(new HttpMethod(method), path, key);

            Assert.Equal((path, status), (path, answer.Status));
            AssertTold(answer, "600;w=60", 600, --remaining);
        }
    }

    [Fact]
    public async Task A_failure_to_find_out_who_calls_is_told_and_counted_for_the_address()
    {
        await _server.Database.Write(
            connection => connection.Execute("ALTER TABLE api_key RENAME TO api_key_away", CancellationToken.None),
            CancellationToken.None);

        var answer = await _server.Ask(_key);

        Assert.Equal(500, answer.Status);
        AssertTold(answer, "600;w=60", 600, 599);
    }

    [Fact]
    public async Task A_preflight_is_told_and_counted_for_the_address_and_answered_past_the_limit()
    {
        await using var server = await LimitedServer.Start(engine, settings: (TestServer.AddressLimit, "1"));

        var first = await Preflight(server);
        var second = await Preflight(server);
        var refused = await FromPage(server);

        Assert.Equal((204, 204, 429), (first.Status, second.Status, refused.Status));
        AssertTold(first, "1;w=60", 1, 0);
        AssertTold(second, "1;w=60", 1, 0);
        AssertTold(refused, "1;w=60", 1, 0);
        Assert.Equal("*", refused.Headers["Access-Control-Allow-Origin"]);
        Assert.Contains("Retry-After", refused.Headers["Access-Control-Expose-Headers"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retry_after_is_on_429_and_503_alone()
    {
        var key = await _server.Key(perMinute: 3);

        Assert.DoesNotContain("Retry-After", (await _server.Ask(key)).Headers);
        Assert.Contains("Retry-After", (await _server.Send(HttpMethod.Get, "test/away", key)).Headers);
        Assert.DoesNotContain("Retry-After", (await _server.Send(HttpMethod.Get, "test/broken", key)).Headers);
        Assert.Contains("Retry-After", (await _server.Ask(key)).Headers);
    }

    [Fact]
    public async Task Resets_are_the_ends_of_the_utc_minute_and_day()
    {
        _server.Clock.Now = new DateTimeOffset(2026, 8, 15, 23, 59, 17, 400, TimeSpan.Zero);
        var midnight = new DateTimeOffset(2026, 8, 16, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();

        var minute = await _server.Ask(await _server.Key(perMinute: 5, perDay: 10));
        var day = await _server.Ask(await _server.Key(perMinute: 10, perDay: 5));

        Assert.Equal("43", minute.Headers["RateLimit-Reset"]);
        Assert.Equal($"{midnight}", minute.Headers["X-RateLimit-Reset"]);
        Assert.Equal("43", day.Headers["RateLimit-Reset"]);
        Assert.Equal($"{midnight}", day.Headers["X-RateLimit-Reset"]);
    }

    [Fact]
    public async Task The_description_of_the_api_and_health_are_neither_limited_nor_counted()
    {
        await using var server = await LimitedServer.Start(engine, settings: (TestServer.AddressLimit, "2"));
        for (var i = 0; i < 5; i++)
        {
            foreach (var path in new[] { "openapi.json", "/health/test", "/" })
            {
                var answer = await server.Send(HttpMethod.Get, path);
                Assert.NotEqual(429, answer.Status);
                Assert.DoesNotContain(answer.Headers.Keys, All.Contains);
            }
        }

        Assert.Equal(1, (await server.Ask()).Remaining());
    }

    [Theory]
    [InlineData(KeyKind.Csb, 0, 0, "300;w=60, 10000;w=86400")]
    [InlineData(KeyKind.Cpk, 0, 0, "100;w=60, 10000;w=86400")]
    [InlineData(KeyKind.Csb, 7, 0, "7;w=60, 10000;w=86400")]
    [InlineData(KeyKind.Csb, 0, 12345, "300;w=60, 12345;w=86400")]
    [InlineData(KeyKind.Cpk, 70, 80, "70;w=60, 80;w=86400")]
    public async Task A_key_has_the_limits_of_its_kind_or_its_own(
        KeyKind kind, int perMinute, int perDay, string policy)
    {
        var answer = await _server.Ask(await _server.Key(perMinute, perDay, kind));

        Assert.Equal(policy, answer.Headers["RateLimit-Policy"]);
    }

    [Theory]
    [InlineData(nameof(RateLimitOptions.KeyPerMinute))]
    [InlineData(nameof(RateLimitOptions.PublishablePerDay))]
    public async Task A_limit_of_zero_is_refused_at_the_start_by_name(string setting)
    {
        var refusal = await Assert.ThrowsAnyAsync<Exception>(
            () => LimitedServer.Start(engine, settings: ($"{RateLimitOptions.Section}:{setting}", "0")));

        Assert.Contains(setting, refusal.Message, StringComparison.Ordinal);
    }

    private static Task<Answer> Preflight(TestServer server)
    {
        var request = new HttpRequestMessage(HttpMethod.Options, "ads/test");
        request.Headers.Add("Origin", "https://shop.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type");
        return server.Send(request);
    }

    private static Task<Answer> FromPage(TestServer server)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "ads/test");
        request.Headers.Add("Origin", "https://shop.example");
        return server.Send(request);
    }

    private static void AssertTold(Answer answer, string policy, int limit, int remaining)
    {
        var end = new DateTimeOffset(2026, 8, 15, 12, 1, 0, TimeSpan.Zero).ToUnixTimeSeconds();
        var expected = new[] { policy, $"{limit}", $"{remaining}", "60", $"{limit}", $"{remaining}", $"{end}" };
        Assert.Equal(expected, All.Select(name => answer.Headers.GetValueOrDefault(name, "missing")));
    }
}

public sealed class SqliteRateLimitHeaders() : RateLimitHeadersContract(Engine.Sqlite);

public sealed class PostgresRateLimitHeaders() : RateLimitHeadersContract(Engine.Postgres);
