using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// The schema would keep a broken build from the worst: a CHECK holds budgets, an index lets no flush be stored twice.
/// For showing that the checkers see it too, these go.
/// </summary>
internal static class BrokenSchema
{
    public static Task Apply(ProofWorld world, string sabotage) => sabotage switch
    {
        "no_lock" => DropChecks(world.Database),
        "no_flush_lookup" => world.Database.Execute("DROP INDEX ingest_batch_by_flush"),
        _ => Task.CompletedTask,
    };

    private static async Task DropChecks(ProofDatabase database)
    {
        if (database.Engine == Engine.Sqlite)
        {
            // The file keeps no names of constraints; the definition itself is what has to change.
            await database.Execute("""
                PRAGMA writable_schema = ON;
                UPDATE sqlite_master SET sql = replace(sql, 'spent_micro - credited_micro <= budget_micro', '1 = 1')
                WHERE name = 'campaign_budget';
                PRAGMA writable_schema = OFF
                """);
            return;
        }

        var names = new List<string>();
        await database.Query(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'campaign_budget'::regclass AND contype = 'c'",
            row => names.Add(row.GetString(0)));
        foreach (var name in names)
        {
            await database.Execute($"ALTER TABLE campaign_budget DROP CONSTRAINT {name}");
        }
    }
}
