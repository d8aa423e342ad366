using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>A transfer that really took effect, as the fake's truth tells it.</summary>
/// <param name="Id">The provider's name of it.</param>
/// <param name="Payout">The payout that it names; null: none.</param>
/// <param name="Destination">Where it went.</param>
/// <param name="Cents">How much.</param>
/// <param name="Back">How much of that came back.</param>
internal sealed record MovedMoney(string Id, Guid? Payout, string Destination, long Cents, long Back)
{
    public override string ToString() => $"{Id} ({Cents} cents to {Destination}, {Back} back)";
}

/// <summary>
/// Nodes that pay through a fake of Stripe, which is a process of its own; all of them die and come back. Retailers and
/// their approved records are written with plain SQL, while every node is dead.
/// </summary>
internal sealed class PayoutKillWorld : IAsyncDisposable
{
    private const string Secret = "whsec_proof";
    private const int Retailers = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly Random _random;
    private readonly Guid[] _retailers;
    private readonly Dictionary<Guid, int> _months = [];
    private TimeSpan _clock;
    private int _reversals;

    private PayoutKillWorld(ProofNode fake, Random random)
    {
        (Fake, _random) = (fake, random);
        _retailers = [.. Enumerable.Range(0, Retailers).Select(_ => NewId())];
    }

    /// <summary>The witness.</summary>
    public ProofNode Fake { get; }

    public ProofWorld World { get; private set; } = null!;

    /// <summary>Who previews and who confirms.</summary>
    public ProofClients First { get; private set; } = null!;

    public ProofClients Second { get; private set; } = null!;

    /// <summary>The nodes' present, in microseconds.</summary>
    public long NowMicros =>
        (TimeProvider.System.GetUtcNow().UtcTicks - DateTimeOffset.UnixEpoch.Ticks + _clock.Ticks) / 10;

    /// <param name="engine">Which engine.</param>
    /// <param name="seed">Of everything that chance decides.</param>
    /// <param name="environment">More variables of a node's life, both from 0.</param>
    public static async Task<PayoutKillWorld> Open(
        Engine engine, int seed, Func<int, int, IEnumerable<(string, string)>> environment)
    {
        // Before there are nodes there is nobody to tell; a later life of the fake tells one of them.
        PayoutKillWorld? opened = null;
        var fake = await ProofNode.StartFake(life => opened is { World: { } told }
            ?
            [
                "--webhook-url", new Uri(told.Nodes[life % told.Nodes.Count].Origin, "webhooks/stripe").ToString(),
                "--webhook-secret", Secret,
            ]
            : []);
        var world = new PayoutKillWorld(fake, new Random(seed));
        try
        {
            world.World = await ProofWorld.Open(engine, (node, life) =>
            [
                ("RevenueShare__CloseAutomatically", "false"),
                ("Payouts__StripeSecretKey", "sk_test_proof"),
                ("Payouts__StripeWebhookSecret", Secret),
                ("Payouts__StripeUrl", fake.Origin.ToString()),
                ("Payouts__StripeTimeoutSeconds", "1"),
                ("Payouts__PauseSeconds", "1"),
                .. environment(node, life),
            ]);
            world.First = await world.World.NewOperator();
            world.Second = await world.World.NewOperator();
            await world.AddRetailers();
            opened = world;
            await fake.KillAndWait();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>Nodes must be dead: if a clock leaps while a request is under way, the request took hours.</summary>
    public void MoveClocks(TimeSpan by)
    {
        _clock += by;
        Fake.MoveClock(_clock);
        World.Nodes.ForEach(node => node.MoveClock(_clock));
    }

    /// <summary>Replaces the fake's switches; chance begins anew there.</summary>
    public Task SetFaults(object faults) => Ask(() => new HttpRequestMessage(HttpMethod.Post, "_/faults")
    {
        Content = new StringContent(JsonSerializer.Serialize(faults), Encoding.UTF8, "application/json"),
    });

    /// <summary>What really moved, and how often each fault was made.</summary>
    public async Task<(List<MovedMoney> Transfers, Dictionary<string, long> Faults)> Truth()
    {
        var truth = await Ask(() => new HttpRequestMessage(HttpMethod.Get, "_/truth"));
        return (
            [
                .. truth.GetProperty("transfers").EnumerateArray().Select(one => new MovedMoney(
                    one.GetProperty("id").GetString()!,
                    one.GetProperty("transfer_group").GetString() is { Length: 29 } group
                        && group.StartsWith("payout_", StringComparison.Ordinal)
                        ? ProofClients.ReadId(group["payout_".Length..])
                        : null,
                    one.GetProperty("destination").GetString()!,
                    one.GetProperty("amount").GetInt64(),
                    one.GetProperty("amount_reversed").GetInt64())),
            ],
            truth.GetProperty("faults").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetInt64()));
    }

    /// <summary>Some or all of a transfer comes back, one of the latest.</summary>
    public async Task Reverse()
    {
        var standing = (await Truth()).Transfers.TakeLast(20).Where(one => one.Back == 0).ToList();
        if (standing.Count > 0)
        {
            var one = standing[_random.Next(standing.Count)];
            var cents = _random.Next(2) == 0 ? one.Cents : 1 + _random.Next((int)one.Cents - 1);
            var key = $"back_{++_reversals}";
            await Ask(() => new HttpRequestMessage(HttpMethod.Post, $"v1/transfers/{one.Id}/reversals")
            {
                Headers =
                {
                    { "Authorization", "Bearer sk_test_proof" }, { "Stripe-Version", "2024-06-20" },
                    { "Idempotency-Key", key },
                },
                Content = new FormUrlEncodedContent(
                    [KeyValuePair.Create("amount", cents.ToString(CultureInfo.InvariantCulture))]),
            });
        }
    }

    /// <summary>Approved records of some retailers; some come to less than the smallest sum that is paid.</summary>
    public async Task Approve(int retailers)
    {
        var rows = new List<string>();
        foreach (var retailer in _random.GetItems(_retailers, retailers))
        {
            for (var record = _random.Next(1, 3); record > 0; record--)
            {
                var month = _months[retailer] = _months.GetValueOrDefault(retailer) + 1;
                var period = ((1990 + (month / 12)) * 100) + 1 + (month % 12);
                var cents = _random.Next(3_000, 20_000);
                rows.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"({Id(retailer)}, {Id(NewId())}, {period}, {cents * 10_000L}, 0, 0, 0, {cents}, 0, {cents}, 0, "
                        + $"'APPROVED', 1, NULL, NULL, '', '{{}}', {NowMicros}, {NowMicros})"));
            }
        }

        await World.Database.Execute(
            "INSERT INTO revenue_share (org_id, share_id, period, event_gross_micro, adjustment_micro, "
                + "carry_in_micro, carry_out_micro, gross_cents, "
                + "fee_cents, share_cents, fee_ppm, status, revision, payout_id, "
                + "paid_at, stripe_transfer_id, metadata, created_at, updated_at) VALUES "
                + string.Join(", ", rows));
    }

    /// <summary>One operator previews all that is approved, the other confirms what the first one saw.</summary>
    public async Task Pay()
    {
        var (status, text) = await First.Ask(HttpMethod.Post, "payout-runs", new { });
        if (status == 201)
        {
            var run = JsonDocument.Parse(text).RootElement;
            await Second.Ask(
                HttpMethod.Post,
                $"payout-runs/{run.GetProperty("run_id").GetString()}/confirm",
                new { fingerprint = run.GetProperty("fingerprint").GetString() });
        }
    }

    /// <summary>A reversal that nobody told of puts its retailer on hold; somebody has looked.</summary>
    public async Task LiftHolds()
    {
        var held = new List<Guid>();
        await World.Database.Query(
            "SELECT org_id FROM payout_account WHERE hold_reason IS NOT NULL", row => held.Add(row.GetGuid(0)));
        foreach (var retailer in held)
        {
            await First.Ask(HttpMethod.Post, $"organizations/{retailer}/payout-account/release", null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        First?.Dispose();
        Second?.Dispose();
        _http.Dispose();
        if (World is not null)
        {
            await World.DisposeAsync();
        }

        await Fake.DisposeAsync();
    }

    private async Task AddRetailers()
    {
        await World.Database.Execute(
            "INSERT INTO organization (org_id, name, is_operator, created_at, metadata) VALUES "
                + string.Join(", ", _retailers.Select(id => $"({Id(id)}, 'Retailer', FALSE, {NowMicros}, '{{}}')")));
        await World.Database.Execute(
            "INSERT INTO payout_account (org_id, provider, destination, hold_reason, changed_at, changed_by) VALUES "
                + string.Join(", ", _retailers.Select(
                    (id, number) => $"({Id(id)}, 'stripe', 'acct_1proof{number}', NULL, {NowMicros}, 'proof')")));
    }

    private string Id(Guid id) => World.Database.Literal(id);

    private Guid NewId()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes);
    }

    /// <summary>Asks the fake until it answers: it may be dead at the moment.</summary>
    private async Task<JsonElement> Ask(Func<HttpRequestMessage> request)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                using var message = request();
                message.RequestUri = new Uri(Fake.Origin, message.RequestUri!.ToString());
                using var answer = await _http.SendAsync(message, deadline.Token);
                answer.EnsureSuccessStatusCode();
                return await answer.Content.ReadFromJsonAsync<JsonElement>(deadline.Token);
            }
            catch (Exception error) when (error is HttpRequestException { StatusCode: null } or IOException
                && !deadline.IsCancellationRequested)
            {
                await Task.Delay(50, deadline.Token);
            }
        }
    }
}
