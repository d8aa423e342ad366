using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Http;

public abstract class DiscoveryContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task The_document_may_be_kept_and_is_not_limited()
    {
        var answer = await _server.Send(HttpMethod.Get, "openapi.json");

        Assert.Equal(200, answer.Status);
        Assert.StartsWith("3.1", answer.Json.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal("application/json", answer.Headers["Content-Type"].Split(';')[0]);
        Assert.Equal("public, max-age=300", answer.Headers["Cache-Control"]);
        Assert.DoesNotContain("RateLimit-Limit", answer.Headers);
    }

    [Fact]
    public async Task The_document_is_not_sent_again_to_who_has_it()
    {
        var first = await _server.Send(HttpMethod.Get, "openapi.json");
        var request = new HttpRequestMessage(HttpMethod.Get, "openapi.json");
        request.Headers.Add("If-None-Match", first.Headers["ETag"]);

        var second = await _server.Send(request);

        Assert.Equal(304, second.Status);
        Assert.Empty(second.Text);
    }

    [Fact]
    public async Task The_document_does_not_tell_a_good_key_from_a_bad_one()
    {
        // It is not limited, so it must not be a way to try keys.
        var answer = await _server.Send(HttpMethod.Get, "openapi.json", key: "csb_wrong");

        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task The_catalogue_leads_to_the_document_the_page_and_the_health_check()
    {
        var answer = await _server.Send(HttpMethod.Get, "/.well-known/api-catalog");

        Assert.Equal(200, answer.Status);
        Assert.Equal(
            "application/linkset+json; profile=\"https://www.rfc-editor.org/info/rfc9727\"",
            answer.Headers["Content-Type"]);
        var api = answer.Json.GetProperty("linkset")[0];
        Assert.Equal(new Uri(_server.Origin, HttpOptions.BasePath).ToString(), api.GetProperty("anchor").GetString());
        foreach (var relation in new[] { "service-desc", "service-doc", "status" })
        {
            var target = api.GetProperty(relation)[0].GetProperty("href").GetString()!;
            Assert.Contains((await _server.Send(HttpMethod.Get, target)).Status, new[] { 200, 301 });
        }
    }

    [Fact]
    public async Task The_catalogue_names_itself_to_who_only_asks_for_headers()
    {
        var answer = await _server.Send(HttpMethod.Head, "/.well-known/api-catalog");

        Assert.Equal(200, answer.Status);
        Assert.Equal("</.well-known/api-catalog>; rel=\"api-catalog\"", answer.Headers["Link"]);
    }

    [Theory]
    [InlineData("/docs/index.html")]
    [InlineData("/docs/index.js")]
    [InlineData("/docs/swagger-ui-bundle.js")]
    [InlineData("/docs/swagger-ui.css")]
    public async Task The_reference_page_may_load_nothing_from_elsewhere(string path)
    {
        var answer = await _server.Send(HttpMethod.Get, path);

        Assert.Equal(200, answer.Status);
        Assert.StartsWith("default-src 'none'", answer.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", answer.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("http", answer.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("RateLimit-Limit", answer.Headers);
    }

    [Fact]
    public async Task The_reference_page_shows_this_document()
    {
        Assert.Equal("docs/index.html", (await _server.Send(HttpMethod.Get, "/docs")).Headers["Location"]);
        Assert.Contains(
            "\"/advertising/api/v1/openapi.json\"",
            (await _server.Send(HttpMethod.Get, "/docs/index.js")).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_page_of_the_reference_is_a_problem()
    {
        var answer = await _server.Send(HttpMethod.Get, "/docs/nothing");

        Assert.Equal(404, answer.Status);
        Assert.Equal("not_found", answer.Json.GetProperty("error_code").GetString());
    }

    [Theory]
    [InlineData("/health/live", "live")]
    [InlineData("/health/ready", "ready")]
    public async Task A_server_that_is_well_says_so(string path, string status)
    {
        var answer = await _server.Send(HttpMethod.Get, path);

        Assert.Equal(200, answer.Status);
        Assert.Equal(status, answer.Json.GetProperty("status").GetString());
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
        Assert.DoesNotContain("RateLimit-Limit", answer.Headers);
        Assert.Equal(200, (await _server.Send(HttpMethod.Head, path)).Status);
    }

    [Fact]
    public async Task A_server_without_its_database_is_alive_and_not_ready()
    {
        await Execute("ALTER TABLE schema_migration RENAME TO schema_migration_elsewhere");
        try
        {
            var ready = await _server.Send(HttpMethod.Get, "/health/ready");

            Assert.Equal(503, ready.Status);
            Assert.Equal("2", ready.Headers["Retry-After"]);
            Assert.Equal("service_unavailable", ready.Json.GetProperty("error_code").GetString());
            Assert.Equal(2, ready.Json.GetProperty("retry_after_seconds").GetInt32());
            Assert.Equal(200, (await _server.Send(HttpMethod.Get, "/health/live")).Status);
        }
        finally
        {
            await Execute("ALTER TABLE schema_migration_elsewhere RENAME TO schema_migration");
        }
    }

    private Task<int> Execute(string sql) =>
        _server.Database.Write(connection => connection.Execute(sql, CancellationToken.None), CancellationToken.None);
}

public sealed class SqliteDiscovery(SqliteServer fixture) : DiscoveryContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresDiscovery(PostgresServer fixture)
    : DiscoveryContract(fixture), IClassFixture<PostgresServer>;
