using Countinghouse.Storage;

namespace Countinghouse.Support;

/// <summary>One migrated database for all tests of a class, for those that clear up after themselves.</summary>
public abstract class DatabaseFixture(Engine engine) : IAsyncLifetime
{
    private TestDatabase? _test;

    public Engine Engine => engine;

    public Database Database => Test.Database;

    public TestDatabase Test => _test ?? throw new InvalidOperationException("The database was not made.");

    public async Task InitializeAsync() => _test = await TestDatabase.Create(engine);

    public async Task DisposeAsync()
    {
        if (_test is not null)
        {
            await _test.DisposeAsync();
        }
    }
}

public sealed class SqliteSchema() : DatabaseFixture(Engine.Sqlite);

public sealed class PostgresSchema() : DatabaseFixture(Engine.Postgres);
