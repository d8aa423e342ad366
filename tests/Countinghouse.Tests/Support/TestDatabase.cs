using Countinghouse.Commands;
using Countinghouse.Retention;
using Countinghouse.Storage;
using Npgsql;

namespace Countinghouse.Support;

/// <summary>
/// A database of one test's own, gone with it. The schema is made once per run and copied, which is several times
/// quicker than migrating each.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    /// <summary>Names the PostgreSQL server that tests make their databases on; ./test sets it.</summary>
    public const string PostgresVariable = "COUNTINGHOUSE_TEST_POSTGRES";

    private static readonly SemaphoreSlim OneAtATime = new(1);
    private static readonly string Run = $"{Environment.ProcessId}_{Random.Shared.Next():x8}";
    private static readonly DirectoryInfo Folder = Directory.CreateTempSubdirectory("countinghouse-test-");
    private static string? _sqliteTemplate;
    private static string? _postgresTemplate;

    static TestDatabase() => AppDomain.CurrentDomain.ProcessExit += (_, _) => RemoveTemplates();

    private TestDatabase(ServerSettings settings)
    {
        Settings = settings;
        Database = settings.OpenDatabase();
    }

    /// <summary>What a server needs to answer from this database.</summary>
    public ServerSettings Settings { get; }

    public Database Database { get; }

    /// <summary>The file on SQLite.</summary>
    public string File => FileIn(Settings.DataDirectory);

    public static async Task<TestDatabase> Create(Engine engine, bool migrate = true) => engine switch
    {
        Engine.Sqlite => await CreateSqlite(migrate),
        Engine.Postgres => await CreatePostgres(migrate),
    };

    /// <summary>A second handle on the same database, as another node has; the caller disposes of it.</summary>
    public Database OpenAgain() => Settings.OpenDatabase();

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        if (Settings.Postgres is { } connection)
        {
            await DropPostgres(new NpgsqlConnectionStringBuilder(connection).Database!);
        }
        else
        {
            Directory.Delete(Settings.DataDirectory, recursive: true);
        }
    }

    private static string FileIn(string folder) => Path.Combine(folder, "countinghouse.db");

    private static async Task<TestDatabase> CreateSqlite(bool migrate)
    {
        var folder = Path.Combine(Folder.FullName, Path.GetRandomFileName());
        Directory.CreateDirectory(folder);
        if (migrate)
        {
            System.IO.File.Copy(await SqliteTemplate(), FileIn(folder));
        }

        return new TestDatabase(new ServerSettings { Urls = "http://127.0.0.1:0", DataDirectory = folder });
    }

    private static async Task<string> SqliteTemplate()
    {
        await OneAtATime.WaitAsync();
        try
        {
            if (_sqliteTemplate is null)
            {
                var path = Path.Combine(Folder.FullName, "template.db");

                // Closing the last connection folds the write-ahead log into the file, so that one file is all of it.
                await using (var database = Database.OpenSqlite(path))
                {
                    await new Migrator(database, new TestClock()).Migrate(CancellationToken.None);
                }

                _sqliteTemplate = path;
            }

            return _sqliteTemplate;
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private static async Task<TestDatabase> CreatePostgres(bool migrate)
    {
        var name = $"test_{Run}_{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}";
        if (TestCluster.IsThere)
        {
            if (!migrate)
            {
                await TestCluster.Create(name);
            }

            return new TestDatabase(Named(migrate ? await TestCluster.Take(name, () => MigrateFresh(name)) : name));
        }

        // A template must not be in use while it is copied, not even by another copy's session.
        await OneAtATime.WaitAsync();
        try
        {
            var template = migrate ? _postgresTemplate ??= await CreatePostgresTemplate() : "template0";
            await OnServer($"CREATE DATABASE {name} TEMPLATE {template}");
        }
        finally
        {
            OneAtATime.Release();
        }

        return new TestDatabase(Named(name));
    }

    private static ServerSettings Named(string name) => new()
    {
        Urls = "http://127.0.0.1:0",
        DataDirectory = Folder.FullName,
        Postgres = ConnectionTo(name, pooling: true),
    };

    private static async Task<string> CreatePostgresTemplate()
    {
        var name = $"template_{Run}";
        await OnServer($"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
        await MigrateFresh(name);
        return name;
    }

    private static async Task MigrateFresh(string name)
    {
        await using var database = Database.OpenPostgres(ConnectionTo(name, pooling: false));
        var clock = new TestClock();
        await new Migrator(database, clock).Migrate(CancellationToken.None);
        await new JournalMonths(database, clock).Ensure(clock.Now, CancellationToken.None);
    }

    private static string ConnectionTo(string name, bool pooling)
    {
        if (TestCluster.IsThere)
        {
            return TestCluster.ConnectionTo(name, pooling);
        }

        var server = Environment.GetEnvironmentVariable(PostgresVariable);
        if (string.IsNullOrEmpty(server))
        {
            throw new InvalidOperationException(
                $"{PostgresVariable} names no PostgreSQL server. Run ./test: it starts one for the tests.");
        }

        return new NpgsqlConnectionStringBuilder(server)
        {
            Database = name,
            Pooling = pooling,
            MaxPoolSize = 30,
        }.ToString();
    }

    private static async Task OnServer(string statement)
    {
        await using var connection = new NpgsqlConnection(ConnectionTo("postgres", pooling: false));
        await connection.OpenAsync();
#pragma warning disable CA2100 // The names in it are made above.
        await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static Task DropPostgres(string name) => TestCluster.IsThere
        ? TestCluster.Leave(name)
        : OnServer($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    private static void RemoveTemplates()
    {
        Folder.Delete(recursive: true);
        TestCluster.DropFree().GetAwaiter().GetResult();
        if (_postgresTemplate is not null)
        {
            DropPostgres(_postgresTemplate).GetAwaiter().GetResult();
        }
    }
}
