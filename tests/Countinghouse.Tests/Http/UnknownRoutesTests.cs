using Countinghouse.Support;

namespace Countinghouse.Http;

public abstract class UnknownRoutesContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task An_unknown_route_is_a_problem_with_status_404()
    {
        var answer = await _server.Send(HttpMethod.Get, "nothing/here");

        Assert.Equal(404, answer.Status);
        Assert.Equal("application/problem+json", answer.Headers["Content-Type"].Split(';')[0]);
        Assert.Equal("not_found", answer.Json.GetProperty("error_code").GetString());
    }
}

public sealed class SqliteUnknownRoutes(SqliteServer fixture)
    : UnknownRoutesContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresUnknownRoutes(PostgresServer fixture)
    : UnknownRoutesContract(fixture), IClassFixture<PostgresServer>;
