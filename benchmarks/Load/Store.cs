using System.Data.Common;
using System.Globalization;

namespace Countinghouse.Load;

/// <summary>What the database holds of all advertisers together.</summary>
/// <param name="Batches">Flushes.</param>
/// <param name="Events">Events in them.</param>
/// <param name="Valid">Those judged real traffic.</param>
/// <param name="ChargeMicros">What they cost.</param>
/// <param name="SpentMicros">What budgets say was spent.</param>
internal readonly record struct Totals(long Batches, long Events, long Valid, long ChargeMicros, long SpentMicros)
{
    public static Totals operator -(Totals later, Totals earlier) => new(
        later.Batches - earlier.Batches,
        later.Events - earlier.Events,
        later.Valid - earlier.Valid,
        later.ChargeMicros - earlier.ChargeMicros,
        later.SpentMicros - earlier.SpentMicros);
}

/// <summary>Bytes by what they are for.</summary>
internal sealed record Sizes(long Events, long Payload, long ClientKeys, long IdRuns, long All);

/// <summary>A fresh database on one engine, made for the bench, and looked into past the product.</summary>
internal abstract class Store(string name, string version, string folder) : IAsyncDisposable
{
    private const string ReadTotals = """
        SELECT COUNT(*), COALESCE(SUM(event_count), 0), COALESCE(SUM(valid_count), 0),
               COALESCE(SUM(charge_micro), 0)
        FROM ingest_batch
        """;

    private const string ReadSpent = "SELECT COALESCE(SUM(spent_micro), 0) FROM campaign_budget";

    private const string ReadReported = "SELECT SUM(impressions + clicks + invalid_impressions + invalid_clicks) FROM ";

    private const string CountBehind = """
        SELECT COUNT(*) FROM ingest_head h
        JOIN projection p ON p.org_id = h.org_id AND p.name = 'rollups'
        WHERE h.batch_no > p.through_batch
        """;

    public string Name => name;

    public string Version => version;

    /// <summary>The data directory of the program.</summary>
    public string Folder => folder;

    /// <summary>How the raw ceiling writes, for the table.</summary>
    public abstract string RawName { get; }

    /// <summary>What the program has to be told to use this database.</summary>
    public abstract IReadOnlyList<string> Arguments { get; }

    public async Task<Totals> Totals()
    {
        var spent = await Number(ReadSpent);
        await using var connection = await Open();
        await using var command = connection.CreateCommand();
        command.CommandText = ReadTotals;
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new Totals(Number(row, 0), Number(row, 1), Number(row, 2), Number(row, 3), spent);
    }

    /// <summary>Events in hourly rollups and in totals of campaigns, once they hold all of the journal.</summary>
    public async Task<(long Hourly, long Totals)> Reported()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await Number(CountBehind) > 0)
        {
            if (patience.IsCancellationRequested)
            {
                throw new BenchException("Rollups did not catch up with the journal within 60 s.");
            }

            await Task.Delay(50);
        }

        return (await Number(ReadReported + "stat_hourly"), await Number(ReadReported + "campaign_total"));
    }

    /// <summary>Lets events of all months after this one into the books of everybody.</summary>
    public Task OpenMonths(DateTimeOffset last) => Execute(string.Create(
        CultureInfo.InvariantCulture, $"UPDATE ingest_head SET fenced_through = {(last.Year * 100) + last.Month}"));

    public abstract Task<Sizes> Sizes();

    /// <summary>
    /// Rows a second of the fastest plain way into a table keyed by the event's id, committing so many at a time.
    /// </summary>
    public abstract Task<double> RawRowsPerSecond(int commitRows, bool ordered, TimeSpan time);

    /// <summary>
    /// Seconds that the engine has worked on statements of all connections together, since the database was made; null
    /// when it is in the program's own process.
    /// </summary>
    public virtual Task<double?> StatementSeconds() => Task.FromResult<double?>(null);

    /// <summary>
    /// Processor time of the engine since it was started; null when it is in the program's own process, or elsewhere.
    /// </summary>
    public virtual Task<double?> ProcessorSeconds() => Task.FromResult<double?>(null);

    public abstract ValueTask DisposeAsync();

    protected abstract ValueTask<DbConnection> Open();

    protected async Task<long> Number(string sql)
    {
        await using var connection = await Open();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constant text of this program.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync() is { } value and not DBNull
            ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
            : 0;
    }

    protected async Task Execute(string sql)
    {
        await using var connection = await Open();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constant text of this program, and a database's name that it made.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static long Number(DbDataReader row, int column) =>
        Convert.ToInt64(row.GetValue(column), CultureInfo.InvariantCulture);
}
