using Countinghouse.Storage;
using Countinghouse.Support;
using Npgsql;

namespace Countinghouse.Proof;

/// <summary>
/// Experiment 10 of docs/proof.md: a backup is taken under load and restored; clients, who know nothing of it,
/// send again what they had sent since. Everything is counted once.
/// </summary>
internal static class BackupExperiments
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <param name="engine">Which engine.</param>
    /// <param name="seed">Of the plan.</param>
    /// <param name="sabotage">What is broken in the nodes over the restored copy.</param>
    public static async Task<ProofOutcome> Restore(Engine engine, int seed, string sabotage = "")
    {
        await using var server = engine == Engine.Postgres ? await ProofPostgres.Create() : null;
        await using var world = await ProofWorld.Open(engine, server: server?.Connection);
        var plan = new ProofPlan(seed, world.Nodes.Count);
        var campaigns = new[]
        {
            await world.NewCampaign("cpc", 0.20m, 200m), await world.NewCampaign("cpm", 4.75m, 100m),
        };
        var before = Events(plan, campaigns, 2_000);
        var after = Events(plan, campaigns, 2_000);
        await world.Clients.Run(before, Patience);
        var load = world.Clients.Run(after, Patience);
        await Task.Delay(300);
        var copy = await BackUp(world.Database, server);
        await load;
        var first = (await ProofOutcome.Of("10 before the restore", world, seed)).ExpectNothingWrong();

        return await SendAgain(world, copy, plan, (before, after), first, sabotage);
    }

    /// <summary>
    /// PostgreSQL's own way to any moment: a copy of the whole server, the log archived since, and a time. What
    /// was recorded after it is lost, and clients send it again.
    /// </summary>
    public static async Task<ProofOutcome> RestoreToAMoment(int seed)
    {
        await using var server = await ProofPostgres.Create();
        await server.StartArchiving();
        await using var world = await ProofWorld.Open(Engine.Postgres, server: server.Connection);
        var plan = new ProofPlan(seed, world.Nodes.Count);
        var campaigns = new[]
        {
            await world.NewCampaign("cpc", 0.20m, 200m), await world.NewCampaign("cpm", 4.75m, 100m),
        };
        var before = Events(plan, campaigns, 1_000);
        await world.Clients.Run(before, Patience);
        var copy = await server.BaseBackup();
        var after = Events(plan, campaigns, 2_000);
        await world.Clients.Run(after[..1_000], Patience);
        var moment = await server.Execute("SELECT clock_timestamp()::text");
        await world.Clients.Run(after[1_000..], Patience);
        await server.FinishArchive();
        var first = (await ProofOutcome.Of("10 before the restore", world, seed)).ExpectNothingWrong();

        await using var then = await server.RestoreTo(copy, moment);
        var name = new NpgsqlConnectionStringBuilder(world.Database.Postgres)
        {
            Host = then.Folder,
        };
        return await SendAgain(
            world, ProofDatabase.Of(null, name.ToString()), plan, (before, after), first, sabotage: "");
    }

    private static async Task<ProofOutcome> SendAgain(
        ProofWorld world,
        ProofDatabase copy,
        ProofPlan plan,
        (List<Send> Before, List<Send> After) sent,
        ProofOutcome first,
        string sabotage)
    {
        var (before, after) = sent;
        var (engine, seed) = (world.Engine, first.Seed);
        await using var restored = await world.OpenCopy(copy, sabotage);
        var inBackup = await restored.Database.Number("SELECT SUM(event_count) FROM ingest_batch");
        first.Expect(
            inBackup < first.Check.Journal.Events.Count, "the backup has all events: it was taken too late");

        // Everything of the second half again, and some of the first: clients cannot know where the backup ends.
        await restored.Clients.Run(
            plan.WithRepetitions([.. before.Where(_ => plan.Random.Next(10) == 0), .. after], 1_000), Patience);
        var outcome = await ProofOutcome.Of("10 restore", restored, seed);
        if (sabotage.Length > 0)
        {
            return outcome with
            {
                Violations = [.. outcome.Violations.Select(one => one with { Checker = "restored " + one.Checker })],
            };
        }

        outcome.ExpectNothingWrongBut("answers", "invented");
        var ids = first.Check.Journal.Events.Select(item => item.Id).ToHashSet();
        outcome.Expect(
            ids.SetEquals(outcome.Check.Journal.Events.Select(item => item.Id)),
            "not the same events are stored as before the restore");
        ProofReport.Add("fault", "restored from a backup", engine, 1, $"{inBackup} of {ids.Count} events in it");
        return outcome;
    }

    private static List<Send> Events(ProofPlan plan, Guid[] campaigns, int count) => Enumerable.Range(0, count)
        .Select(number => number % 6 == 0
            ? plan.Impressions(1 + plan.Random.Next(10), () => plan.Pick(campaigns))
            : plan.Click(plan.Pick(campaigns)))
        .ToList();

    /// <summary>As an operator would: "backup" beside a node and "restore", or pg_dump and pg_restore.</summary>
    private static async Task<ProofDatabase> BackUp(ProofDatabase database, ProofPostgres? server)
    {
        if (server is null)
        {
            var folder = Directory.CreateTempSubdirectory("countinghouse-restored-");
            var file = Path.Combine(Path.GetDirectoryName(database.File)!, "backup.db");
            foreach (var arguments in new string[][]
            {
                ["backup", file, .. database.Options], ["restore", file, "--data", folder.FullName],
            })
            {
                var ended = await TestProgram.Run(arguments);
                Assert.True(ended.Code == 0, ended.Error);
            }

            return ProofDatabase.Of(folder, null);
        }

        var name = new NpgsqlConnectionStringBuilder(database.Postgres).Database!;
        var dump = Path.Combine(server.Folder, name + ".dump");
        await server.AsOwner("pg_dump", "-h", server.Folder, "-U", "postgres", "-Fc", "-f", dump, name);
        await server.AsOwner("createdb", "-h", server.Folder, "-U", "postgres", "-T", "template0", name + "_restored");
        await server.AsOwner("pg_restore", "-h", server.Folder, "-U", "postgres", "-d", name + "_restored", dump);
        return ProofDatabase.Of(
            null, new NpgsqlConnectionStringBuilder(database.Postgres) { Database = name + "_restored" }.ToString());
    }
}
