using Countinghouse.Commands;
using Countinghouse.FakeStripe;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Countinghouse.Payouts;

/// <summary>
/// Some hundred payouts through weeks of virtual time, with everything that can happen to them: faults of the provider,
/// a worker that dies between call and commit, stalls, holds, stops, webhooks lost and doubled, reversals. All of it
/// follows from the seed. In the end the fake's truth is held against the tables, which are read with plain SQL.
/// </summary>
internal sealed class PayoutHistory : IAsyncDisposable
{
    private const int DaysMax = 60;
    private const int RoundsMax = 20_000;

    /// <summary>Retailers are approved and paid in so many waves, each with faults of its own.</summary>
    private const int Waves = 12;
    private const string Actor = "history";

    private static readonly FakeFault[] Faults =
    [
        FakeFault.DropBefore, FakeFault.DropAfter, FakeFault.ErrorBefore, FakeFault.ErrorAfter, FakeFault.Conflict,
        FakeFault.RateLimit, FakeFault.Mismatch, FakeFault.Insufficient, FakeFault.Slow, FakeFault.SlowEffect,
        FakeFault.ListError, FakeFault.ListDrop, FakeFault.WebhookLose, FakeFault.WebhookDuplicate,
        FakeFault.WebhookReorder,
    ];

    private readonly Random _random;
    private readonly TestDatabase _database;
    private readonly ServiceProvider _product;
    private readonly FakeBank _bank;
    private readonly TestClock _clock = new();
    private readonly List<OrganizationId> _retailers = [];
    private readonly int _keysKeptSeconds;
    private bool _mayCrash = true;

    private PayoutHistory(TestDatabase database, int seed, bool hasRandomKeys, int keysKeptSeconds)
    {
        _random = new Random(seed);
        _database = database;
        _keysKeptSeconds = keysKeptSeconds;
        _bank = FakeBank.Open(":memory:", _clock);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Payouts:StripeSecretKey"] = "sk_test_1",
            ["Payouts:AtOnceMax"] = "1",
        }).Build();
        var services = new ServiceCollection();
        services.AddSingleton(database.Settings).AddLogging().AddSingleton<IConfiguration>(configuration);
        Server.AddSlices(services, configuration);
        services.AddSingleton<TimeProvider>(_clock);
        PayoutWorld.PayThrough(services, _bank, inner => new Crashing(this, hasRandomKeys) { InnerHandler = inner });
        _product = services.BuildServiceProvider();
    }

    /// <summary>How often the worker died in a call.</summary>
    public int Crashes { get; private set; }

    public FakeTruth Truth => _bank.Truth();

    /// <summary>Runs a history to its end and returns what is wrong with it.</summary>
    /// <param name="engine">Where the payouts are kept.</param>
    /// <param name="seed">Everything follows from it.</param>
    /// <param name="retailers">One payout each at first; those that fail or come back are paid again.</param>
    /// <param name="hasRandomKeys">Breaks it: every send has a key of its own.</param>
    /// <param name="keysKeptSeconds">Breaks it when keys are forgotten while they are still used.</param>
    public static async Task<(PayoutHistory History, List<string> Wrong)> Run(
        Engine engine, int seed, int retailers, bool hasRandomKeys = false, int keysKeptSeconds = 86_400)
    {
        var database = await TestDatabase.Create(engine);
        var history = new PayoutHistory(database, seed, hasRandomKeys, keysKeptSeconds);
        await history.Fill(retailers);
        await history.Live();
        return (history, await PayoutHistoryCheck.Run(database.Database, history.Truth));
    }

    public async ValueTask DisposeAsync()
    {
        await _product.DisposeAsync();
        await _database.DisposeAsync();
        _bank.Dispose();
    }

    private T Get<T>()
        where T : notnull => _product.GetRequiredService<T>();

    private async Task Fill(int retailers) => await _database.Database.Write(
        async connection =>
        {
            for (var number = 0; number < retailers; number++)
            {
                var name = $"retailer{number}";
                var retailer = Books.Id(name);
                _retailers.Add(retailer);
                await connection.Execute(
                    """
                    INSERT INTO organization (org_id, name, is_operator, created_at, metadata)
                    VALUES (@org, @name, @no, 1, '{}')
                    """,
                    CancellationToken.None,
                    ("org", retailer),
                    ("name", name),
                    ("no", false));
                await connection.Execute(
                    """
                    INSERT INTO payout_account (org_id, provider, destination, hold_reason, changed_at, changed_by)
                    VALUES (@org, 'stripe', @destination, NULL, 1, 'test')
                    """,
                    CancellationToken.None,
                    ("org", retailer),
                    ("destination", PayoutWorld.AccountOf(name)));
                foreach (var month in new[] { 202605, 202606 })
                {
                    await TestRows.RevenueShare.With(
                        ("org_id", retailer),
                        ("share_id", new ShareId(NamedId.Create($"{name}/{month}"))),
                        ("period", month),
                        ("event_gross_micro", 100_000_000L),
                        ("carry_out_micro", 0L),
                        ("gross_cents", 10_000L),
                        ("fee_cents", 10_000L - 3_000 - number),
                        ("share_cents", 3_000L + number),
                        ("status", "CALCULATED")).Insert(connection);
                }
            }
        },
        CancellationToken.None);

    private async Task Live()
    {
        var begin = _clock.Now;
        var wave = 0;
        for (var round = 0; round < RoundsMax && _clock.Now - begin < TimeSpan.FromDays(DaysMax); round++)
        {
            if (await NextDue() is not { } due)
            {
                if (wave == Waves)
                {
                    break;
                }

                SetFaults();
                await Approve(wave++);
                await PayAll();
                due = Instant.Of(_clock.Now);
            }

            Pass(due);
            await Happen();
            await Work();
        }

        // Whatever was lost is found by the reconciliation, once lists are complete.
        _mayCrash = false;
        _bank.SetFaults(new FakeFaults { KeysKeptSeconds = _keysKeptSeconds });
        await Get<PayoutStore>().Resume(CancellationToken.None);
        await Release();
        for (var day = 0; day < 3; day++)
        {
            _clock.Now += TimeSpan.FromHours(25);
            await Work();
            await Tell();
            await Get<Reconciliation>().RunNow(Actor, CancellationToken.None);
        }
    }

    /// <summary>Mostly when something is due, sometimes hours later: a machine that stood still.</summary>
    private void Pass(Instant due)
    {
        var stall = _random.Next(60) == 0 ? _random.Next(30 * 3_600) : _random.Next(90);
        var wanted = due.ToTime().AddSeconds(stall);
        _clock.Now = wanted > _clock.Now ? wanted : _clock.Now.AddSeconds(1);
    }

    private async Task Happen()
    {
        switch (_random.Next(30))
        {
            case 0:
                await Get<PayoutAccountStore>().SetHold(
                    Any(_retailers), "Wait", Actor, Instant.Of(_clock.Now), CancellationToken.None);
                break;
            case 1:
                await Release();
                break;
            case 2:
                await Get<PayoutStore>().Stop("Wait", Actor, Instant.Of(_clock.Now), CancellationToken.None);
                break;
            case 3 or 4:
                await Get<PayoutStore>().Resume(CancellationToken.None);
                break;
            case 5 or 6:
                Reverse();
                break;
            case 7 or 8:
                await Tell();
                break;
            case 9:
                await SettleReturned();
                await Approve(_random.Next(Waves));
                await PayAll();
                break;
            case 11:
                SetFaults();
                break;
            case 10:
                await Survive(() => Get<Reconciliation>().RunDaily(CancellationToken.None));
                break;
        }
    }

    private async Task PayAll()
    {
        var runs = Get<PayoutRunStore>();
        var preview = await runs.Preview(null, Actor, CancellationToken.None);
        await runs.Confirm(preview.Id, preview.Fingerprint, "second", CancellationToken.None);
        await runs.Reserve(CancellationToken.None);
    }

    /// <summary>What came back in full is settled and may be approved again.</summary>
    private Task SettleReturned() => _database.Database.Write(
        connection => connection.Execute(
            "UPDATE revenue_share SET status = 'CALCULATED', revision = revision + 1 WHERE status = 'DISPUTED'",
            CancellationToken.None),
        CancellationToken.None);

    private Task Approve(int wave) => _database.Database.Write(
        connection => connection.Execute(
            """
            UPDATE revenue_share SET status = 'APPROVED' WHERE status = 'CALCULATED' AND share_cents % @waves = @wave
            """,
            CancellationToken.None,
            ("waves", Waves),
            ("wave", wave)),
        CancellationToken.None);

    private Task Release() => _database.Database.Write(
        connection => connection.Execute("UPDATE payout_account SET hold_reason = NULL", CancellationToken.None),
        CancellationToken.None);

    private void Reverse()
    {
        var transfers = _bank.Truth().Transfers.Where(transfer => !transfer.IsReversed).ToList();
        if (transfers.Count > 0)
        {
            var transfer = Any(transfers);
            var left = transfer.AmountCents - transfer.AmountReversedCents;
            var cents = _random.Next(2) == 0 ? left : 1 + _random.Next((int)left);
            _bank.Handle(new FakeRequest(
                "POST",
                $"/v1/transfers/{transfer.Id}/reversals",
                new Dictionary<string, string>(),
                new Dictionary<string, string> { ["amount"] = $"{cents}" },
                null,
                IsAuthorized: true));
        }
    }

    private async Task Tell()
    {
        foreach (var webhook in _bank.TakeWebhooks())
        {
            using var body = System.Text.Json.JsonDocument.Parse(webhook.Body);
            var transfer = body.RootElement.GetProperty("data").GetProperty("object").GetProperty("id").GetString()!;
            await Get<WebhookInbox>().Keep(
                new Told("stripe", webhook.EventId, "transfer.updated", transfer, "{}"), CancellationToken.None);
        }

        await Survive(() => Get<WebhookInbox>().Work(CancellationToken.None));
    }

    /// <summary>Two workers, one after the other, each until it dies or nothing is due.</summary>
    private async Task Work()
    {
        while (await Survive(() => Get<PayoutWorker>().RunDue(CancellationToken.None)))
        {
        }
    }

    /// <summary>True when there may be more to do: something was done, or the worker died of it.</summary>
    private async Task<bool> Survive<T>(Func<Task<T>> work)
    {
        try
        {
            return await work() is > 0;
        }
        catch (Killed)
        {
            Crashes++;
            return true;
        }
    }

    private async Task<Instant?> NextDue()
    {
        var due = await _database.Database.Read(
            connection => connection.Number("SELECT MIN(due_at) FROM payout", CancellationToken.None),
            CancellationToken.None);
        return due is { } micros ? new Instant(micros) : null;
    }

    /// <summary>A few faults at a time, so that nothing is only ever hidden behind something else.</summary>
    private void SetFaults()
    {
        var rates = Enumerable.Range(0, 1 + _random.Next(5))
            .Select(_ => Any(Faults)).Distinct()
            .ToDictionary(fault => fault, fault => _random.Next(1, 60) / 100.0);
        if (rates.TryGetValue(FakeFault.Insufficient, out var often) && often > 0.1)
        {
            rates[FakeFault.Insufficient] = 0.1;
        }

        _bank.SetFaults(new FakeFaults
        {
            Seed = _random.Next(),
            Rates = rates,
            ListLagSeconds = _random.Next(3) == 0 ? _random.Next(12 * 3_600) : 0,
            KeysKeptSeconds = _keysKeptSeconds,
            SlowEffectSeconds = 7_200,
        });
    }

    private T Any<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    /// <summary>Stands for kill -9 in the midst of a call.</summary>
    private sealed class Killed() : Exception("The worker was killed.");

    /// <summary>Kills the worker before or after a call has its effect; breaks keys when asked to.</summary>
    private sealed class Crashing(PayoutHistory history, bool hasRandomKeys) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (hasRandomKeys && request.Headers.Remove("Idempotency-Key"))
            {
                request.Headers.Add("Idempotency-Key", $"random{history._random.Next()}");
            }

            var fate = history._mayCrash ? history._random.Next(40) : -1;
            if (fate == 0)
            {
                throw new Killed();
            }

            var response = await base.SendAsync(request, cancellationToken);
            if (fate == 1)
            {
                response.Dispose();
                throw new Killed();
            }

            return response;
        }
    }
}
