using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Experiment 11 of docs/proof.md: three nodes behind one address. Under load each is killed and comes back, is stopped
/// in good order and comes back, and the database stops at once and comes back.
/// </summary>
internal static class NodesExperiments
{
    /// <summary>What one node does for all; frozen, for it is the names that nodes of all versions agree by.</summary>
    public static readonly string[] Jobs =
        ["campaigns", "verification", "client-keys", "retention", "tokens", "accounts", "closing", "payouts"];

    private const int Chunk = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <param name="seed">Of what is sent and when what dies.</param>
    /// <param name="kills">How many nodes, one after the other, are killed.</param>
    /// <param name="stops">How many are stopped in good order, with their balancer looking on.</param>
    /// <param name="restarts">How often PostgreSQL stops at once.</param>
    public static async Task<ProofOutcome> OneAddress(int seed, int kills, int stops, int restarts)
    {
        await using var server = await ProofPostgres.Create();
        await using var world = await ProofWorld.Open(
            Engine.Postgres, (_, _) => [("Http__DrainSeconds", "1")], nodes: 3, server: server.Connection);
        var (plan, campaigns) = await KillExperiments.Prepare(world, seed);
        await using var address = new OneAddress(world.Nodes.ConvertAll(node => node.Origin));
        world.ComeBy(address.Origin);
        await using var readers = new ProofReaders(address.Origin, world.Key, world.Advertiser, campaigns[0]);
        await using var load = new ProofLoad(world, plan, campaigns);
        for (var kill = 0; kill < kills; kill++)
        {
            await Task.Delay(200);
            var node = world.Nodes[kill % world.Nodes.Count];
            await node.KillAndWait();
            await node.UntilReady();
            ProofReport.Add("fault", "kill -9 of one of three nodes", Engine.Postgres, 1, $"seed {seed}");
        }

        for (var stop = 0; stop < stops; stop++)
        {
            var node = world.Nodes[stop % world.Nodes.Count];
            await node.StopAndStart();
            await node.UntilReady();
            ProofReport.Add("fault", "one of three nodes stopped in good order", Engine.Postgres, 1, $"seed {seed}");
        }

        for (var restart = 0; restart < restarts; restart++)
        {
            await Task.Delay(300);
            await server.StopImmediately();
            await Task.Delay(200);
            await server.Start();
            ProofReport.Add("fault", "PostgreSQL stopped under three nodes", Engine.Postgres, 1, $"seed {seed}");
        }

        await load.Stop();
        await KillExperiments.SendAgain(world, plan, load.Sends);
        await readers.Stop();
        await ExpectOneHolder(world);
        await world.Nodes[0].Command(["verify", .. world.Database.Options]);
        var outcome = (await ProofOutcome.Of("11 three nodes, one address", world, seed)).ExpectNothingWrong();
        outcome.Expect(readers.Failures.IsEmpty, string.Join('\n', readers.Failures.Take(5)) + "\n" + world.Words);
        outcome.Expect(readers.Answers > 100, $"readers were answered {readers.Answers} times");
        outcome.Expect(
            restarts == 0 || world.Clients.Unavailable + readers.Unavailable > 0, "nobody noticed the database");
        outcome.Expect(address.TurnedAway >= stops, "a node did not say that it was about to stop");
        return outcome;
    }

    /// <summary>
    /// Two nodes of the version before a migration, under load; one of today migrates beside them and joins, then they
    /// are replaced, one after the other.
    /// </summary>
    public static async Task<ProofOutcome> RollingUpgrade(int seed, string migration)
    {
        using var former = await FormerProgram.Build(migration);
        await using var world = await ProofWorld.Open(Engine.Postgres, nodes: 2, program: former.Assembly);
        var number = int.Parse(migration[..4], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(number - 1, await world.Database.Number("SELECT MAX(number) FROM schema_migration"));
        var (plan, campaigns) = await KillExperiments.Prepare(world, seed);
        await using var address = new OneAddress(world.Nodes.ConvertAll(node => node.Origin));
        world.ComeBy(address.Origin);
        await using var readers = new ProofReaders(address.Origin, world.Key, world.Advertiser, campaigns[0]);
        await using var load = new ProofLoad(world, plan, campaigns);
        await load.Until(sends: 2 * Chunk);
        foreach (var old in world.Nodes.ToList())
        {
            var node = await ProofNode.Start(world.Database, _ => [ProofWorld.FewHotIds]);
            world.Nodes.Add(node);
            address.Add(node.Origin);

            // Both versions at work.
            await load.Until(load.Sent + (2 * Chunk));
            Assert.Equal(
                Migrator.Known[^1].Number, await world.Database.Number("SELECT MAX(number) FROM schema_migration"));
            Assert.Equal(1, old.Lives);
            await old.Stop();
        }

        await load.Stop();
        await KillExperiments.SendAgain(world, plan, load.Sends);
        await readers.Stop();
        await world.Nodes[^1].Command(["verify", .. world.Database.Options]);
        var outcome = (await ProofOutcome.Of("11 rolling upgrade", world, seed)).ExpectNothingWrong();
        outcome.Expect(readers.Failures.IsEmpty, string.Join('\n', readers.Failures.Take(5)) + "\n" + world.Words);
        return outcome;
    }

    /// <summary>All jobs' locks are one session's each, whatever has died.</summary>
    private static async Task ExpectOneHolder(ProofWorld world)
    {
        const string locks = """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """;
        foreach (var key in Jobs.Select(job => new JobTurns.Turn(job).Key))
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (await world.Database.Number(
                $"{locks} AND (classid::bigint << 32 | objid::bigint) = {key}") != 1)
            {
                await Task.Delay(100, patience.Token);
            }
        }
    }
}
