using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// A campaign's terms as they were from a batch on: they hold for the batches after that one. An exhaustion is the
/// flush of the next batch completing the campaign. The budget is with what was given back.
/// </summary>
internal sealed record Terms(
    long After,
    bool IsExhaustion,
    Guid Campaign,
    string Status,
    bool IsCpm,
    long Price,
    int StartDay,
    int? EndDay,
    long Budget,
    long? DailyCap);

/// <summary>
/// Triggers of the tests' own write down every change of terms with the head's batch number. A change holds the head's
/// lock, so the number says exactly between which batches it came, and a model can replay both in one order.
/// </summary>
internal static class TermsLog
{
    private const string TermsColumns = """
        org_id, exhaustion, campaign_id, after_batch, status, pricing, price_micro, start_day, end_day, budget_micro,
        daily_cap_micro
        """;

    private const string Snapshot = """
        SELECT c.org_id, {0} AS exhaustion, c.campaign_id, h.batch_no AS after_batch, c.status, c.pricing,
               c.price_micro, c.start_day, c.end_day, b.budget_micro + b.credited_micro AS budget_micro,
               b.daily_cap_micro
        FROM campaign c
        JOIN campaign_budget b ON b.org_id = c.org_id AND b.campaign_id = c.campaign_id
        JOIN ingest_head h ON h.org_id = c.org_id
        WHERE c.org_id = NEW.org_id AND c.campaign_id = NEW.campaign_id
        """;

    private const string Exhaustion =
        "CASE WHEN NEW.completed_reason = 'budget_exhausted' AND OLD.status = 'active' THEN 1 ELSE 0 END";

    private const string Table = """
        CREATE TABLE proof_terms (seq {0}, org_id uuid, exhaustion integer, campaign_id uuid, after_batch bigint,
                                  status text, pricing text, price_micro bigint, start_day integer, end_day integer,
                                  budget_micro bigint, daily_cap_micro bigint)
        """;

    private const string FenceColumns = "org_id, after_batch, fenced_through";

    private const string Fence = "SELECT NEW.org_id AS org_id, NEW.batch_no AS after_batch, NEW.fenced_through";

    private const string CorrectionColumns = "org_id, adjustment_id, fenced_through";

    // Read in the transaction that makes the correction: when it holds the head's lock, no close can come between.
    private const string Correction = """
        SELECT h.org_id, NEW.adjustment_id AS adjustment_id, h.fenced_through
        FROM ingest_head h WHERE h.org_id = NEW.org_id
        """;

    private const string FenceMoves = "AFTER UPDATE OF fenced_through ON ingest_head FOR EACH ROW "
        + "WHEN (OLD.fenced_through <> NEW.fenced_through)";

    /// <summary>Event, table and condition of each trigger.</summary>
    private static readonly (string Name, string On, string IsExhaustion)[] Triggers =
    [
        ("added", "AFTER INSERT ON campaign_budget FOR EACH ROW", "0"),
        ("budget", "AFTER UPDATE OF budget_micro, credited_micro, daily_cap_micro ON campaign_budget FOR EACH ROW",
            "0"),
        ("status", "AFTER UPDATE OF status ON campaign FOR EACH ROW WHEN (OLD.status <> NEW.status)", Exhaustion),
    ];

    public static async Task Install(ProofDatabase database)
    {
        var isPostgres = database.Engine == Engine.Postgres;
        var key = isPostgres ? "bigserial" : "INTEGER PRIMARY KEY AUTOINCREMENT";
        await database.Execute(Table.Replace("{0}", key, StringComparison.Ordinal));
        await database.Execute(
            $"CREATE TABLE proof_fence (seq {key}, org_id uuid, after_batch bigint, fenced_through integer)");
        await database.Execute(
            $"CREATE TABLE proof_adjustment (seq {key}, org_id uuid, adjustment_id uuid, fenced_through integer)");
        foreach (var table in database.IsOnCluster ? ["proof_terms", "proof_fence", "proof_adjustment"] : (string[])[])
        {
            await database.Execute(
                $"SELECT 1 FROM create_distributed_table('{table}', 'org_id', colocate_with => 'ingest_head') AS made");
        }

        var triggers = Triggers
            .Select(one => (
                one.Name, one.On, "proof_terms", TermsColumns,
                Snapshot.Replace("{0}", one.IsExhaustion, StringComparison.Ordinal)))
            .Append(("fence", FenceMoves, "proof_fence", FenceColumns, Fence))
            .Append((
                "correction", "AFTER INSERT ON adjustment FOR EACH ROW", "proof_adjustment", CorrectionColumns,
                Correction));
        foreach (var (name, on, table, columns, select) in triggers)
        {
            if (isPostgres)
            {
                // Row by row: on the shard of a cluster, where the trigger runs, what is selected cannot be inserted.
                var values = string.Join(", ", columns.Split(',').Select(column => "r." + column.Trim()));
                await database.Execute(
                    $"CREATE FUNCTION proof_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN "
                        + $"FOR r IN {select} LOOP INSERT INTO {table} ({columns}) VALUES ({values}); END LOOP; "
                        + "RETURN NULL; END $$");
                await database.Execute($"CREATE TRIGGER proof_{name} {on} EXECUTE FUNCTION proof_{name}()");
            }
            else
            {
                await database.Execute(
                    $"CREATE TRIGGER proof_{name} {on} BEGIN INSERT INTO {table} ({columns}) {select}; END");
            }
        }
    }

    /// <summary>Months that were fenced, each with the batch after which it was.</summary>
    public static async Task<List<(long After, int Month)>> ReadFences(ProofDatabase database, Guid organization)
    {
        var fences = new List<(long, int)>();
        await database.Query(
            "SELECT after_batch, fenced_through FROM proof_fence "
                + $"WHERE org_id = {database.Literal(organization)} ORDER BY seq",
            row => fences.Add((row.GetInt64(0), row.GetInt32(1))));
        return fences;
    }

    public static async Task<List<Terms>> Read(ProofDatabase database)
    {
        var log = new List<Terms>();
        await database.Query(
            "SELECT after_batch, exhaustion, campaign_id, status, pricing, price_micro, start_day, end_day, "
                + "budget_micro, daily_cap_micro FROM proof_terms ORDER BY seq",
            row => log.Add(new Terms(
                row.GetInt64(0),
                row.GetInt32(1) == 1,
                row.GetGuid(2),
                row.GetString(3),
                row.GetString(4) == "cpm",
                row.GetInt64(5) / (row.GetString(4) == "cpm" ? 1_000 : 1),
                row.GetInt32(6),
                row.IsDBNull(7) ? null : row.GetInt32(7),
                row.GetInt64(8),
                row.IsDBNull(9) ? null : row.GetInt64(9))));
        return log;
    }
}
