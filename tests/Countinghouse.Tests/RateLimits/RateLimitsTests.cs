using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RateLimits;

public abstract class RateLimitsContract(Engine engine)
{
    [Fact]
    public async Task Past_the_minutes_limit_requests_are_refused_until_it_ends()
    {
        await using var server = await LimitedServer.Start(engine);
        var key = await server.Key(perMinute: 2);
        server.Clock.Now = new DateTimeOffset(2026, 8, 15, 12, 0, 50, TimeSpan.Zero);

        Assert.Equal([200, 200, 429], await Statuses(server, key, 3));
        var refused = await server.Ask(key);
        Assert.Equal("10", refused.Headers["Retry-After"]);
        Assert.Equal("rate_limited", refused.Json.GetProperty("error_code").GetString());
        Assert.Equal(10, refused.Json.GetProperty("retry_after_seconds").GetInt32());
        Assert.True(refused.Json.GetProperty("retryable").GetBoolean());

        server.Clock.Now = server.Clock.Now.AddSeconds(10);
        Assert.Equal([200, 200, 429], await Statuses(server, key, 3));
    }

    [Fact]
    public async Task A_refused_request_is_not_counted_for_the_day_and_the_day_has_a_limit_too()
    {
        await using var server = await LimitedServer.Start(engine);
        var key = await server.Key(perMinute: 3, perDay: 5);

        Assert.Equal([200, 200, 200, 429, 429, 429, 429], await Statuses(server, key, 7));

        server.Clock.Now = server.Clock.Now.AddMinutes(1);
        Assert.Equal([200, 200, 429], await Statuses(server, key, 3));
        var refused = await server.Ask(key);
        Assert.Equal("5", refused.Headers["RateLimit-Limit"]);
        Assert.Equal($"{(12 * 60 * 60) - 60}", refused.Headers["Retry-After"]);

        server.Clock.Now = server.Clock.Now.Date.AddDays(1);
        Assert.Equal([200, 200, 200, 429], await Statuses(server, key, 4));
    }

    [Fact]
    public async Task When_both_windows_are_used_up_the_wait_is_until_the_end_of_the_day()
    {
        await using var server = await LimitedServer.Start(engine);
        var key = await server.Key(perMinute: 1, perDay: 1);

        Assert.Equal([200, 429], await Statuses(server, key, 2));
        Assert.Equal($"{12 * 60 * 60}", (await server.Ask(key)).Headers["Retry-After"]);
    }

    [Fact]
    public async Task Without_a_good_key_every_route_is_refused_past_the_addresss_limit()
    {
        await using var server = await LimitedServer.Start(engine, settings: (TestServer.AddressLimit, "3"));
        var key = await server.Key();

        Assert.Equal(401, (await server.Ask("csb_bad")).Status);
        Assert.Equal(404, (await server.Send(HttpMethod.Get, "none")).Status);
        Assert.Equal(200, (await server.Send(HttpMethod.Post, "ads/test")).Status);
        foreach (var (method, path, sent) in new (HttpMethod, string, string?)[]
        {
            (HttpMethod.Get, "test/ok", "csb_bad"),
            (HttpMethod.Get, "none", null),
            (HttpMethod.Put, "test/ok", null),
            (HttpMethod.Post, "ads/test", null),
            (HttpMethod.Post, "ads/test", "csb_bad"),
        })
        {
            var answer = await server.Send(method, path, sent);
            Assert.Equal((path, 429), (path, answer.Status));
            Assert.Equal("rate_limited", answer.Json.GetProperty("error_code").GetString());
        }

        Assert.Equal(200, (await server.Ask(key)).Status);
    }

    [Fact]
    public async Task Tries_to_sign_in_have_a_smaller_limit_of_the_address_whatever_key_comes_with_them()
    {
        await using var server = await LimitedServer.Start(engine, settings: (TestServer.SignInLimit, "3"));
        var (one, other) = (await server.Key(), await server.Key());

        var first = await server.Send(HttpMethod.Post, "test/sign-in");
        Assert.Equal((200, "2", "3;w=60"), (
            first.Status, first.Headers["RateLimit-Remaining"], first.Headers["RateLimit-Policy"]));
        Assert.Equal(200, (await server.Send(HttpMethod.Post, "test/sign-in", one)).Status);
        Assert.Equal(200, (await server.Send(HttpMethod.Post, "test/sign-in", other)).Status);
        foreach (var key in new[] { null, one, other, "csb_bad" })
        {
            var refused = await server.Send(HttpMethod.Post, "test/sign-in", key);
            Assert.Equal((429, "rate_limited"), (
                refused.Status, refused.Json.GetProperty("error_code").GetString()));
        }

        Assert.Equal(200, (await server.Ask()).Status);
        Assert.Equal(200, (await server.Ask(one)).Status);
        server.Clock.Now = server.Clock.Now.AddMinutes(1);
        Assert.Equal(200, (await server.Send(HttpMethod.Post, "test/sign-in")).Status);
    }

    [Fact]
    public async Task A_try_to_sign_in_counts_against_the_usual_limit_too()
    {
        await using var server = await LimitedServer.Start(engine, settings: (TestServer.AddressLimit, "2"));

        Assert.Equal(200, (await server.Send(HttpMethod.Post, "test/sign-in")).Status);
        Assert.Equal(200, (await server.Ask()).Status);
        Assert.Equal(429, (await server.Send(HttpMethod.Post, "test/sign-in")).Status);
    }

    [Fact]
    public async Task Concurrent_requests_get_exactly_the_limit()
    {
        await using var server = await LimitedServer.Start(engine);
        var key = await server.Key(perMinute: 200, perDay: 300);
        var answered = 0;

        await Task.WhenAll(Enumerable.Range(0, 64).Select(async _ =>
        {
            for (var i = 0; i < 10; i++)
            {
                var answer = await server.Ask(key);
                Interlocked.Add(ref answered, answer.Status == 200 ? 1 : 0);
            }
        }));

        Assert.Equal(200, answered);
    }

    [Theory]
    [InlineData("", "203.0.113.7", "203.0.113.8", 1)]
    [InlineData("127.0.0.1", "203.0.113.7", "203.0.113.8", 2)]
    [InlineData("127.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2:5::6", 1)]
    [InlineData("192.0.2.1", "203.0.113.7", "203.0.113.8", 1)]
    public async Task A_forwarded_address_counts_only_if_a_trusted_proxy_says_it(
        string trusted, string first, string second, int answered)
    {
        await using var server = await LimitedServer.Start(
            engine, settings: [(TestServer.AddressLimit, "1"), ("Http:TrustedProxies", trusted)]);

        var statuses = new List<int>();
        foreach (var address in new[] { first, second })
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "test/ok");
            request.Headers.Add("X-Forwarded-For", address);
            statuses.Add((await server.Send(request)).Status);
        }

        Assert.Equal(answered, statuses.Count(status => status == 200));
    }

    private static async Task<List<int>> Statuses(TestServer server, string? key, int times)
    {
        var statuses = new List<int>();
        for (var i = 0; i < times; i++)
        {
            statuses.Add((await server.Ask(key)).Status);
        }

        return statuses;
    }
}

public sealed class SqliteRateLimits() : RateLimitsContract(Engine.Sqlite);

public sealed class PostgresRateLimits() : RateLimitsContract(Engine.Postgres);
