using Countinghouse.Storage;

namespace Countinghouse.Support;

/// <summary>
/// One running server for all tests of a class, for those that do not mind each other's organizations:
/// <c>public sealed class SqliteX(SqliteServer fixture) : XContract(fixture), IClassFixture&lt;SqliteServer&gt;</c>.
/// </summary>
public abstract class ServerFixture(Engine engine) : IAsyncLifetime
{
    private TestServer? _server;

    public TestServer Server => _server ?? throw new InvalidOperationException("The server did not start.");

    public async Task InitializeAsync() => _server = await TestServer.Start(engine);

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

public sealed class SqliteServer() : ServerFixture(Engine.Sqlite);

public sealed class PostgresServer() : ServerFixture(Engine.Postgres);
