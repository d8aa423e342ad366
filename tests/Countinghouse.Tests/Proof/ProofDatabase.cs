using System.Data.Common;
using Countinghouse.Commands;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Countinghouse.Proof;

/// <summary>A database that real nodes serve from, and that the tests read behind their backs.</summary>
internal sealed class ProofDatabase : IAsyncDisposable
{
    private readonly DirectoryInfo? _folder;
    private readonly string? _postgres;
    private readonly bool _isOnCluster;

    private ProofDatabase(DirectoryInfo? folder, string? postgres, bool isOnCluster = false) =>
        (_folder, _postgres, _isOnCluster) = (folder, postgres, isOnCluster);

    public Engine Engine => _postgres is null ? Engine.Sqlite : Engine.Postgres;

    /// <summary>True when it is distributed over the cluster that ./test --citus names.</summary>
    public bool IsOnCluster => _isOnCluster;

    /// <summary>What a command of the program needs to find it.</summary>
    public string[] Options => _postgres is null ? ["--data", _folder!.FullName] : ["--postgres", _postgres];

    public ServerSettings Settings => _postgres is null
        ? new ServerSettings { DataDirectory = _folder!.FullName }
        : new ServerSettings { Postgres = _postgres };

    /// <summary>The file on SQLite.</summary>
    public string File => Path.Combine(_folder!.FullName, "countinghouse.db");

    /// <summary>The connection string on PostgreSQL.</summary>
    public string Postgres => _postgres!;

    /// <param name="engine">Which engine.</param>
    /// <param name="server">Another PostgreSQL server than that of ./test, to be stopped at will.</param>
    public static async Task<ProofDatabase> Create(Engine engine, string? server = null)
    {
        if (engine == Engine.Sqlite)
        {
            return new ProofDatabase(Directory.CreateTempSubdirectory("countinghouse-proof-"), null);
        }

        var name = "proof_" + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal);
        if (server is null && TestCluster.IsThere)
        {
            await TestCluster.CreateDistributed(name);
            return new ProofDatabase(null, TestCluster.ConnectionTo(name, pooling: true), isOnCluster: true);
        }

        server ??= Environment.GetEnvironmentVariable(TestDatabase.PostgresVariable)
            ?? throw new InvalidOperationException($"{TestDatabase.PostgresVariable} is not set; run ./test.");
        await OnServer(server, $"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
        return new ProofDatabase(
            null, new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 40 }.ToString());
    }

    /// <summary>A database that a test has made itself: a folder with the file, or a connection.</summary>
    public static ProofDatabase Of(DirectoryInfo? folder, string? postgres) => new(folder, postgres);

    /// <summary>All rows of a table as text, in an order of their own.</summary>
    public async Task<List<string>> Dump(string table)
    {
        var rows = new List<string>();
        await Query(
            $"SELECT * FROM {table}",
            row => rows.Add(string.Join('|', Enumerable.Range(0, row.FieldCount).Select(column => row[column] switch
            {
                byte[] bytes => Convert.ToHexString(bytes),
                var value => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture),
            }))));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    public async Task<DbConnection> Open()
    {
        DbConnection connection = _postgres is null
            ? new SqliteConnection($"Data Source={File};Pooling=False")
            : new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_postgres) { Pooling = false }.ToString());
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>An id as SQL has it; SQLite keeps ids as capital text.</summary>
    public string Literal(Guid id) => _postgres is null ? $"'{id.ToString().ToUpperInvariant()}'" : $"'{id}'";

    public async Task Query(string sql, Action<DbDataReader> read)
    {
        await using var connection = await Open();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants and ids of the tests' own.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            read(rows);
        }
    }

    public Task Execute(string sql) => Query(sql, _ => { });

    public async Task<long> Number(string sql)
    {
        var number = 0L;
        await Query(sql, row => number = row.IsDBNull(0) ? 0 : row.GetInt64(0));
        return number;
    }

    public async ValueTask DisposeAsync()
    {
        _folder?.Delete(recursive: true);
        if (_postgres is not null)
        {
            var name = new NpgsqlConnectionStringBuilder(_postgres).Database!;
            if (_isOnCluster)
            {
                await TestCluster.Drop(name);
                return;
            }

            await OnServer(_postgres, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        }
    }

    private static async Task OnServer(string server, string statement)
    {
        var settings = new NpgsqlConnectionStringBuilder(server) { Database = "postgres", Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ToString());
        await connection.OpenAsync();
#pragma warning disable CA2100 // The name in it is made above.
        await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
