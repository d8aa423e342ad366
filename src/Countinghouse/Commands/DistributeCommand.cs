using System.CommandLine;
using System.Globalization;
using Countinghouse.Storage;

namespace Countinghouse.Commands;

/// <summary>"distribute": spreads a PostgreSQL database over the workers of a Citus cluster.</summary>
internal static class DistributeCommand
{
    private static readonly Option<int> Shards = WireArguments.Number(
        "--shards",
        1,
        Distribution.ShardsMax,
        Distribution.DefaultShards,
        "Pieces of each table, to be shared out among workers now and later; fixed by the first run");

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Show what would be done, and do nothing",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "distribute",
            "Spread the database over the workers of a Citus cluster, by organization: what is an organization's lies "
                + "on one worker. One transaction: it happens as a whole or not at all. Stop the servers before and "
                + "start them after it. May be repeated; tables that have their place are left.",
            """
            countinghouse distribute --postgres "Host=coordinator;Database=ads;Username=ads;Password=..." --dry-run
            countinghouse distribute --postgres "Host=coordinator;Database=ads;Username=ads;Password=..." --shards 64
            """)
        {
            Shards, DryRun,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var dryRun = line.GetValue(DryRun);
        var tables = await new Distribution(workplace.GetRequiredService<Database>()).Run(
            line.GetValue(Shards),
            dryRun,
            table => Console.Error.WriteLine(dryRun ? $"Counting {table} ..." : $"Moving {table} ..."),
            cancellation);
        TextTable.Write(
            ["table", "place", "rows", "done", "because"],
            tables.Select(one => new[]
            {
                one.Table.Name,
                Word(one.Table.Place),
                one.Rows?.ToString(CultureInfo.InvariantCulture) ?? "",
                Done(one, dryRun),
                one.Table.Reason,
            }));
        var moved = tables.Count(one => one.Moved);
        await Console.Error.WriteLineAsync(
            dryRun ? $"{moved} tables would be moved; nothing was done."
            : moved == 0 ? "Every table had its place already."
            : $"{moved} tables were moved. Start the servers now: sessions from before lack the new settings.");
        return 0;
    }

    private static string Word(TablePlace place) => place switch
    {
        TablePlace.Distributed => "by organization",
        TablePlace.Reference => "every node",
        TablePlace.Local => "coordinator",
    };

    private static string Done(DistributedTable one, bool dryRun) =>
        one.Moved ? dryRun ? "would move" : "moved"
        : one.Table.Place == TablePlace.Local ? "stays"
        : "was there";
}
