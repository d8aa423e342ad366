using System.Globalization;
using Countinghouse.Access;
using Countinghouse.Credentials;
using Countinghouse.Commands;
using Countinghouse.Organizations;
using Countinghouse.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Countinghouse.Proof;

/// <summary>
/// A system of real nodes on one database, with an advertiser, a retailer's offers and clients. SQLite has one node: a
/// second one on the same file is not supported.
/// </summary>
internal sealed class ProofWorld : IAsyncDisposable
{
    /// <summary>So few ids in memory that repetitions are decided by runs.</summary>
    public static readonly (string, string) FewHotIds = ("Ingest__HotIdsMax", "1000");

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private ProofWorld(ProofDatabase database) => Database = database;

    public ProofDatabase Database { get; }

    public Engine Engine => Database.Engine;

    public List<ProofNode> Nodes { get; } = [];

    public ProofClients Clients { get; private set; } = null!;

    public Guid Advertiser { get; private set; }

    public string Key { get; private set; } = "";

    public Guid Retailer { get; private set; }

    /// <summary>The retailer's location, at which all offers are.</summary>
    public Guid Shop { get; private set; }

    public IReadOnlyList<Guid> Offers { get; private set; } = [];

    public List<Guid> Campaigns { get; } = [];

    /// <param name="engine">Which engine.</param>
    /// <param name="environment">Variables of a node's life, both from 0.</param>
    /// <param name="nodes">How many, when not as many as the engine can have.</param>
    /// <param name="server">A PostgreSQL server of the test's own.</param>
    /// <param name="clock">How far the nodes' clocks are from the machine's.</param>
    /// <param name="program">Another build than this repository's, which then makes the schema too.</param>
    public static async Task<ProofWorld> Open(
        Engine engine,
        Func<int, int, IEnumerable<(string, string)>>? environment = null,
        int? nodes = null,
        string? server = null,
        TimeSpan clock = default,
        string? program = null)
    {
        var world = new ProofWorld(await ProofDatabase.Create(engine, server));
        try
        {
            await world.StartNodes(nodes ?? NodesOf(engine), environment, clock, program);
            await TermsLog.Install(world.Database);
            await world.AddOwners();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same owners and campaigns on nodes of their own, over a copy of this world's database.</summary>
    public async Task<ProofWorld> OpenCopy(ProofDatabase copy, string sabotage)
    {
        var world = new ProofWorld(copy) { Advertiser = Advertiser, Key = Key, Offers = Offers };
        world.Campaigns.AddRange(Campaigns);
        await world.StartNodes(NodesOf(Engine), (_, _) => [("SABOTAGE", sabotage)], default);
        world.Clients = new ProofClients(world.Nodes.ConvertAll(node => node.Origin), Key);
        return world;
    }

    /// <summary>From now on clients know one address only.</summary>
    public void ComeBy(Uri address)
    {
        Clients.Dispose();
        Clients = new ProofClients([address], Key);
    }

    public async Task<Guid> NewCampaign(
        string pricing, decimal bid, decimal budget, decimal? daily = null, string? start = null)
    {
        var made = await Clients.Post($"organizations/{Advertiser}/campaigns", new
        {
            name = $"Campaign {Campaigns.Count}",
            pricing,
            bid = Usd(bid),
            budget = Usd(budget),
            daily_budget = daily is { } cap ? Usd(cap) : null,
            start_date = start,
            offers = Offers,
        });
        var id = ProofClients.ReadId(made.GetProperty("campaign_id").GetString()!);
        await Clients.Post($"campaigns/{id}/activate", null);
        Campaigns.Add(id);
        return id;
    }

    public Task TopUp(Guid campaign, decimal amount) =>
        Clients.Post($"campaigns/{campaign}/budget", new { amount = Usd(amount) });

    /// <summary>Waits until rollups have reached the head, as nodes see to it by themselves.</summary>
    public Task UntilRolledUp() => UntilFollowed("rollups", long.MaxValue);

    /// <summary>
    /// Waits until what follows the journal has come to a batch, or to the head if that is before it.
    /// </summary>
    public async Task UntilFollowed(string projection, long batch)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (await Database.Number(
            "SELECT COUNT(*) FROM ingest_head h JOIN projection p ON p.org_id = h.org_id "
                + $"WHERE p.name = '{projection}' AND p.through_batch < h.batch_no "
                + $"AND p.through_batch < {batch}") > 0)
        {
            if (deadline.IsCancellationRequested)
            {
                throw new InvalidOperationException($"The {projection} did not follow: {Words}");
            }

            await Task.Delay(50);
        }
    }

    /// <summary>What faults and metrics counted, over all nodes.</summary>
    public Dictionary<string, long> Counts() => Nodes
        .SelectMany(node => node.Counts())
        .GroupBy(pair => pair.Key)
        .ToDictionary(same => same.Key, same => same.Sum(pair => pair.Value));

    public string Words => string.Join('\n', Nodes.Select((node, number) => $"node {number}:\n{node.Words}"));

    public async ValueTask DisposeAsync()
    {
        Clients?.Dispose();
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        await Database.DisposeAsync();
    }

    private static int NodesOf(Engine engine) => engine == Engine.Postgres ? 2 : 1;

    /// <summary>One after the other: the first makes the schema.</summary>
    private async Task StartNodes(
        int count,
        Func<int, int, IEnumerable<(string, string)>>? environment,
        TimeSpan clock,
        string? program = null)
    {
        for (var node = 0; node < count; node++)
        {
            var number = node;
            Nodes.Add(await ProofNode.Start(
                Database, life => [FewHotIds, .. environment?.Invoke(number, life) ?? []], clock, program));
        }
    }

    private async Task AddOwners()
    {
        var (advertiser, key) = await NewOwner("Advertiser");
        var (retailer, retailerKey) = await NewOwner("Retailer");
        (Advertiser, Key, Retailer) = (advertiser, key, retailer);
        var origins = Nodes.ConvertAll(node => node.Origin);
        Clients = new ProofClients(origins, key);
        using var owner = new ProofClients(origins, retailerKey);
        var shop = await owner.Post($"organizations/{retailer}/locations", new { name = "Shop" });
        Shop = ProofClients.ReadId(shop.GetProperty("location_id").GetString()!);
        var added = await owner.Post($"organizations/{retailer}/offers/bulk", new
        {
            offers = Enumerable.Range(1, 2).Select(number => new
            {
                location_id = shop.GetProperty("location_id").GetString(),
                name = $"Offer {number}",
            }),
        });
        Offers =
        [
            .. added.GetProperty("offers").EnumerateArray()
                .Select(offer => ProofClients.ReadId(offer.GetProperty("offer_id").GetString()!)),
        ];
    }

    /// <summary>By the nodes' own program, if that is another: this one would bring the schema up to its own.</summary>
    private async Task<(Guid Id, string Key)> NewOwner(string name)
    {
        var node = Nodes[0];
        if (node.Program == ProofNode.Assembly)
        {
            await using var place = await Workplace.Open(Database.Settings, CancellationToken.None);
            return await NewOrganization(place, name);
        }

        var id = await node.Command(["organizations", "create", "--name", name, .. Database.Options]);
        var key = await node.Command(
        [
            "keys", "create", "--organization", id, "--kind", "csb", "--role", "manager", "--name", "proof",
            "--per-minute", "100000000", "--per-day", "1000000000", .. Database.Options,
        ]);
        return (ProofClients.ReadId(id), key);
    }

    /// <summary>Somebody who may do what operators do; to be disposed of.</summary>
    public async Task<ProofClients> NewOperator()
    {
        await using var place = await Workplace.Open(Database.Settings, CancellationToken.None);
        var (_, key) = await NewOrganization(place, "Operator", isOperator: true);
        return new ProofClients(Nodes.ConvertAll(node => node.Origin), key);
    }

    private static async Task<(Guid Id, string Key)> NewOrganization(
        ServiceProvider place, string name, bool isOperator = false)
    {
        var made = await place.GetRequiredService<OrganizationStore>().Create(
            name, isOperator, new Dictionary<string, string>(), CancellationToken.None);
        var key = await place.GetRequiredService<ApiKeyStore>().Create(
            new NewApiKey(made.OrganizationId, KeyKind.Csb, Role.Manager, "proof", null, 100_000_000, 1_000_000_000),
            CancellationToken.None);
        return (made.OrganizationId.Value, key.Key);
    }

    private static string Usd(decimal amount) => amount.ToString("0.00####", CultureInfo.InvariantCulture);
}
