using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Countinghouse.Storage;

namespace Countinghouse.Support;

/// <summary>What a database holds, table by table, for showing that something changed nothing.</summary>
public static class TableContents
{
    private const string SqliteTables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";

    // A partition's rows are its table's.
    private const string PostgresTables = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
        """;

    public static Task<List<string>> Tables(this Database database) => database.Read(
        connection => connection.Query(
            database.Engine == Engine.Sqlite ? SqliteTables : PostgresTables,
            row => row.GetString(0),
            CancellationToken.None),
        CancellationToken.None);

    /// <summary>They follow from the journal a moment later, also when nothing more happens.</summary>
    private static readonly string[] Following = ["campaign_total", "invalid_daily", "projection", "stat_hourly"];

    /// <summary>For each table but those left out: the number of its rows and a hash of them, in any order.</summary>
    public static async Task<SortedDictionary<string, string>> Contents(this Database database, params string[] leftOut)
    {
        var contents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var table in (await database.Tables()).Except(leftOut).Except(Following))
        {
            var rows = await database.Read(
                connection => connection.Query(
                    $"SELECT * FROM {table}",
                    row => string.Join('|', Enumerable.Range(0, row.FieldCount).Select(column => Text(row[column]))),
                    CancellationToken.None),
                CancellationToken.None);
            rows.Sort(StringComparer.Ordinal);
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', rows)));
            contents[table] = $"{rows.Count} {Convert.ToHexStringLower(hash)}";
        }

        return contents;
    }

    private static string Text(object value) => value switch
    {
        byte[] bytes => Convert.ToHexStringLower(bytes),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
