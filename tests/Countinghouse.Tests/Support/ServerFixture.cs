using Countinghouse.Storage;

namespace Countinghouse.Support;

/// <summary>
/// One running server for all tests of a class, for those that do not mind each other's organizations:
/// <c>public sealed class SqliteX(SqliteServer fixture) : XContract(fixture), IClassFixture&lt;SqliteServer&gt;</c>.
/// </summary>
public abstract class ServerFixture(Engine engine) : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await TestServer.Start(engine);

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

public sealed class SqliteServer() : ServerFixture(Engine.Sqlite);

public sealed class PostgresServer() : ServerFixture(Engine.Postgres);
