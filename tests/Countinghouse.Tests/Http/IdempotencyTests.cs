using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.RateLimits;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Countinghouse.Http;

public abstract class IdempotencyContract(Engine engine) : IAsyncLifetime
{
    private const string Rows = "SELECT COUNT(*) FROM idempotent_answer";

    private readonly TaskCompletionSource _gate = new();
    private int _runs;
    private TestServer _server = null!;
    private string _key = "";

    public async Task InitializeAsync()
    {
        _server = await Start();
        _key = await _server.NewKey(await _server.NewOrganization("Careful"));
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task The_same_request_gets_the_stored_answer_and_runs_once()
    {
        var first = await Post("things", "k1", """{"name": "a"}""");
        var again = await Post("things", "k1", """{"name": "a"}""");

        Assert.Equal((201, 201), (first.Status, again.Status));
        Assert.Equal(first.Text, again.Text);
        Assert.Equal(first.Headers["Content-Type"], again.Headers["Content-Type"]);
        Assert.Equal("/things/1", again.Headers["Location"]);
        Assert.DoesNotContain(Idempotency.ReplayedHeader, first.Headers);
        Assert.Equal("true", again.Headers[Idempotency.ReplayedHeader]);
        Assert.Contains("RateLimit-Remaining", again.Headers);
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task The_handler_reads_the_whole_body_and_an_empty_answer_is_replayed_too()
    {
        var body = new string('x', 300_000);

        Assert.Equal("300000", (await Post("length", "k1", body)).Text);
        Assert.Equal("300000", (await Post("length", "k1", body)).Text);
        Assert.Equal(204, (await Post("nothing", "k2")).Status);
        var again = await Post("nothing", "k2");
        Assert.Equal((204, "true"), (again.Status, again.Headers[Idempotency.ReplayedHeader]));
        Assert.Equal(2, _runs);
    }

    [Theory]
    [InlineData("things", """{"name": "b"}""")]
    [InlineData("things?x=1", """{"name": "a"}""")]
    [InlineData("length", """{"name": "a"}""")]
    public async Task The_key_of_another_request_is_refused(string path, string body)
    {
        await Post("things", "k1", """{"name": "a"}""");

        var other = await Post(path, "k1", body);

        Assert.Equal(409, other.Status);
        Assert.Equal("conflict", other.Json.GetProperty("error_code").GetString());
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task Callers_do_not_see_each_others_keys()
    {
        var other = await _server.NewKey(await _server.NewOrganization("Other"));

        await Post("things", "k1");
        var answer = await Post("things", "k1", caller: other);

        Assert.DoesNotContain(Idempotency.ReplayedHeader, answer.Headers);
        Assert.Equal(2, _runs);
    }

    [Fact]
    public async Task Two_at_once_run_once_and_the_second_is_told_to_wait()
    {
        var first = Post("slow", "k1");
        await LimitedServer.Until(() => Task.FromResult(Volatile.Read(ref _runs) == 1));

        var second = await Post("slow", "k1");
        _gate.SetResult();

        Assert.Equal(409, second.Status);
        Assert.Equal(200, (await first).Status);
        Assert.Equal("true", (await Post("slow", "k1")).Headers[Idempotency.ReplayedHeader]);
        Assert.Equal(1, _runs);
    }

    [Fact]
    public async Task Many_at_once_run_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Post("things", "k1")));

        Assert.Equal(1, _runs);
        Assert.All(answers, answer => Assert.True(answer.Status is 201 or 409));
        Assert.Single(answers, answer =>
            answer.Status == 201 && !answer.Headers.ContainsKey(Idempotency.ReplayedHeader));
    }

    [Theory]
    [InlineData("refuses", 422)]
    [InlineData("breaks", 500)]
    [InlineData("away", 503)]
    [InlineData("none", 404)]
    public async Task After_a_failure_the_key_is_free_again(string path, int status)
    {
        Assert.Equal(status, (await Post(path, "k1")).Status);
        Assert.Equal(status, (await Post(path, "k1")).Status);

        Assert.Equal(0, await Number(Rows));
        Assert.Equal(201, (await Post("things", "k1")).Status);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_as_ever()
    {
        Assert.Equal(413, (await Post("things", "k1", new string('x', HttpOptions.BodyBytesMax + 1))).Status);
        Assert.Equal(0, await Number(Rows));
    }

    [Fact]
    public async Task A_secret_is_shown_once_and_never_stored()
    {
        var first = await Post("secret", "k1");
        var again = await Post("secret", "k1");

        Assert.Equal("s3cret", first.Json.GetProperty("key").GetString());
        Assert.False(again.Json.TryGetProperty("key", out _));
        Assert.Equal(["name", "inner"], again.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("{}", again.Json.GetProperty("inner")[0].ToString());
        var stored = await _server.Database.Read(
            connection => connection.Query(
                "SELECT body FROM idempotent_answer", row => row.Bytes(0), CancellationToken.None),
            CancellationToken.None);
        Assert.DoesNotContain("s3cret", System.Text.Encoding.UTF8.GetString(stored.Single()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_keeps_the_answers_and_a_day_ends_them()
    {
        await using var database = await TestDatabase.Create(engine);
        string key;
        await using (var before = await Start(database))
        {
            key = await before.NewKey(await before.NewOrganization("Careful"));
            await Post("things", "k1", caller: key, server: before);
        }

        await using var after = await Start(database);
        after.Clock.Now = after.Clock.Now.AddHours(24);
        await after.Get<IdempotencyStore>().CleanUp(CancellationToken.None);
        Assert.Contains(Idempotency.ReplayedHeader, (await Post("things", "k1", caller: key, server: after)).Headers);

        after.Clock.Now = after.Clock.Now.AddHours(2);
        await after.Get<IdempotencyStore>().CleanUp(CancellationToken.None);
        var anew = await Post("things", "k1", caller: key, server: after);
        Assert.DoesNotContain(Idempotency.ReplayedHeader, anew.Headers);
        Assert.Equal(2, _runs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tab\there")]
    [InlineData("delete\u007f")]
    [InlineData(256)]
    public async Task A_key_that_cannot_be_kept_is_refused(object sent)
    {
        var answer = await Post("things", sent is int length ? new string('k', length) : (string)sent);

        Assert.Equal(422, answer.Status);
        Assert.Equal(Idempotency.Header, answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Equal(0, _runs);
    }

    [Fact]
    public async Task The_longest_key_is_kept()
    {
        var longest = new string('~', Idempotency.KeyLengthMax);

        await Post("things", longest);
        Assert.Contains(Idempotency.ReplayedHeader, (await Post("things", longest)).Headers);
    }

    [Fact]
    public async Task Events_readers_and_strangers_have_no_such_keys()
    {
        await Post("ads/thing", "k1");
        await Post("ads/thing", "k1");
        await Post("things", "k1", caller: "");
        var read = new HttpRequestMessage(HttpMethod.Get, "things");
        read.Headers.Add(Idempotency.Header, "k1");
        read.Headers.Add(CredentialHandler.Header, _key);
        await _server.Send(read);

        Assert.Equal(3, _runs);
        Assert.Equal(0, await Number(Rows));
    }

    [Fact]
    public async Task A_request_over_the_rate_limit_leaves_the_key_free()
    {
        var limited = await _server.NewKey(await _server.NewOrganization("Limited"), perMinute: 1);

        Assert.Equal(201, (await Post("things", "k1", caller: limited)).Status);
        Assert.Equal(429, (await Post("things", "k1", caller: limited)).Status);
        Assert.Equal(429, (await Post("things", "k2", caller: limited)).Status);
        Assert.Equal(1, await Number(Rows));
    }

    private Task<TestServer> Start(TestDatabase? database = null) =>
        TestServer.Start(engine, shared: database, map: Map);

    private void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup(HttpOptions.BasePath);
        api.MapGet("/things", () => "[]");
        api.MapPost("/things", () =>
            TypedResults.Created("/things/1", new { number = Interlocked.Increment(ref _runs) }));
        api.MapPost("/ads/thing", () => Interlocked.Increment(ref _runs));
        api.MapPost("/length", async (HttpContext context) =>
        {
            Interlocked.Increment(ref _runs);
            using var reader = new StreamReader(context.Request.Body);
            return (await reader.ReadToEndAsync()).Length;
        });
        api.MapPost("/nothing", () =>
        {
            Interlocked.Increment(ref _runs);
            return TypedResults.NoContent();
        });
        api.MapPost("/slow", async () =>
        {
            Interlocked.Increment(ref _runs);
            await _gate.Task;
            return "done";
        });
        api.MapPost("/secret", () => JsonSerializer.SerializeToElement(
                new { name = "n", key = "s3cret", inner = new[] { new { key = "s3cret" } } }))
            .WithMetadata(new SecretMembers("key"));
        api.MapPost("/refuses", () => Problems.Invalid("name", "is required"));
        api.MapPost("/breaks", string () => throw new InvalidOperationException("broken on purpose"));
        api.MapPost("/away", string () => throw new Npgsql.NpgsqlException("away on purpose"));
    }

    private Task<Answer> Post(
        string path, string idempotencyKey, string body = "{}", string? caller = null, TestServer? server = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation(Idempotency.Header, idempotencyKey);
        if ((caller ?? _key) is { Length: > 0 } key)
        {
            request.Headers.Add(CredentialHandler.Header, key);
        }

        return (server ?? _server).Send(request);
    }

    private Task<long?> Number(string sql) => _server.Database.Read(
        connection => connection.Number(sql, CancellationToken.None), CancellationToken.None);
}

public sealed class SqliteIdempotency() : IdempotencyContract(Engine.Sqlite);

public sealed class PostgresIdempotency() : IdempotencyContract(Engine.Postgres);
