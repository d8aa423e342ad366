namespace Countinghouse.FakeStripe;

public sealed class FakeFaultsTests : IDisposable
{
    private readonly FakeWorld _world = new();

    public void Dispose() => _world.Dispose();

    /// <summary>Cut or a refusal; how much moved; and what the same request gets after it, new or replayed.</summary>
    [Theory]
    [InlineData(FakeFault.DropBefore, "cut", 0, "200 new")]
    [InlineData(FakeFault.DropAfter, "cut", 1, "200 replayed")]
    [InlineData(FakeFault.ErrorBefore, "500 api_error - -", 0, "200 new")]
    [InlineData(FakeFault.ErrorAfter, "500 api_error - -", 1, "500 replayed")]
    [InlineData(FakeFault.Conflict, "409 idempotency_error idempotency_key_in_use -", 0, "200 new")]
    [InlineData(FakeFault.RateLimit, "429 invalid_request_error rate_limit -", 0, "200 new")]
    [InlineData(FakeFault.Mismatch, "400 idempotency_error - -", 0, "200 new")]
    [InlineData(FakeFault.Insufficient, "400 invalid_request_error balance_insufficient -", 0, "400 replayed")]
    [InlineData(FakeFault.Slow, "200", 1, "200 replayed")]
    [InlineData(FakeFault.SlowEffect, "cut", 0, "409 new")]
    public void A_fault_does_what_it_says_and_no_more(FakeFault fault, string answered, int moved, string after)
    {
        _world.Next(fault);
        var answer = _world.Pay("a");
        var transfers = _world.Bank.Truth().Transfers.Count;
        var again = _world.Pay("a");

        Assert.Equal(answered, answer.Delivery == FakeDelivery.Dropped ? "cut"
            : answer.Status == 200 ? "200" : FakeWorld.Refusal(answer));
        Assert.Equal(moved, transfers);
        Assert.Equal(after, $"{again.Status} {(again.IsReplayed ? "replayed" : "new")}");
        Assert.Equal(1, _world.Fired(fault));
        Assert.Empty(_world.Bank.Faults.Next);
        Assert.Equal(fault == FakeFault.RateLimit, answer.RetryAfterSeconds is not null);
        Assert.Equal(fault == FakeFault.Slow ? 40_000 : 0, answer.Delay.TotalMilliseconds);
    }

    [Fact]
    public void A_replay_meets_only_the_faults_before_the_effect_and_the_cut()
    {
        var first = _world.Pay("a");
        foreach (var fault in FakeFaults.OfTransfers)
        {
            _world.Next(fault);
            var again = _world.Pay("a");
            var isMet = FakeFaults.OfReplays.Contains(fault);

            Assert.Equal(isMet ? 1 : 0, _world.Fired(fault));
            Assert.Equal(isMet ? 0 : 1, _world.Bank.Faults.Next.Count);
            Assert.Equal(!isMet, again.Json == first.Json);
        }

        Assert.Single(_world.Bank.Truth().Transfers);
    }

    [Fact]
    public void Names_in_next_are_for_one_request_each_and_not_for_bad_ones()
    {
        _world.Next(FakeFault.Conflict, FakeFault.RateLimit);

        var answers = new[] { _world.Pay("a", cents: 0), _world.Pay("a"), _world.Pay("a"), _world.Pay("a") };

        Assert.Equal([400, 409, 429, 200], answers.Select(answer => answer.Status));
    }

    [Fact]
    public void Rates_are_kept_to()
    {
        _world.Bank.SetFaults(new FakeFaults
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.DropAfter] = 0.25, [FakeFault.ErrorBefore] = 0.5 },
        });
        for (var request = 0; request < 2000; request++)
        {
            _world.Pay($"{request}");
        }

        // The second is asked only when the first did not fire.
        Assert.InRange(_world.Fired(FakeFault.DropAfter), 420, 580);
        Assert.InRange(_world.Fired(FakeFault.ErrorBefore), 640, 860);
        Assert.Equal(2000 - _world.Fired(FakeFault.ErrorBefore), _world.Bank.Truth().Transfers.Count);
        Assert.Equal(2000, _world.Bank.Truth().Requests["create_transfer"]);
    }

    [Fact]
    public void One_seed_gives_one_history_and_another_gives_another()
    {
        static string History(long seed)
        {
            using var world = new FakeWorld();
            world.Bank.SetFaults(new FakeFaults
            {
                Seed = seed,
                Rates = Enum.GetValues<FakeFault>().ToDictionary(fault => fault, _ => 0.05),
                ListLagSeconds = 60,
            });
            var heard = new List<string>();
            for (var request = 0; request < 300; request++)
            {
                var answer = world.Pay($"{request / 2}", group: $"{request % 7}");
                heard.Add($"{answer.Status} {answer.Delivery} {answer.Json}");
                heard.Add(world.Get("/v1/transfers", ("transfer_group", "3")).Json);
                heard.AddRange(world.Bank.TakeWebhooks().Select(webhook => webhook.Signature));
                world.Pass(TimeSpan.FromSeconds(17));
            }

            return string.Join('\n', heard.Append(FakeWorld.Text(world.Bank.Truth())));
        }

        Assert.Equal(History(5), History(5));
        Assert.NotEqual(History(5), History(6));
    }

    [Fact]
    public void Reads_are_refused_or_cut_by_faults_of_their_own()
    {
        _world.Bank.SetFaults(new FakeFaults
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.ListError] = 1 },
        });
        Assert.Equal("500 api_error - -", FakeWorld.Refusal(_world.Get("/v1/transfers")));

        _world.Bank.SetFaults(new FakeFaults
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.ListDrop] = 1 },
        });
        Assert.Equal(FakeDelivery.Dropped, _world.Get("/v1/balance").Delivery);
        Assert.Equal(200, _world.Pay().Status);
    }

    [Fact]
    public void A_late_effect_happens_before_whatever_is_asked_after_it()
    {
        Action<FakeWorld>[] asking =
        [
            world => world.Bank.Truth(),
            world => world.Get("/v1/balance"),
            world => Assert.Single(world.Bank.TakeWebhooks()),
        ];
        foreach (var ask in asking)
        {
            using var world = new FakeWorld();
            world.Bank.SetBalance(2000);
            world.Bank.SetFaults(new FakeFaults { Next = [FakeFault.SlowEffect], SlowEffectSeconds = 1 });
            world.Pay();
            var due = world.Clock.Now.AddSeconds(1);
            world.Pass(TimeSpan.FromDays(1));

            ask(world);

            Assert.Equal(due, Assert.Single(world.Bank.Truth().Transfers).Created);
            Assert.Equal(750, world.Bank.Truth().AvailableCents);
        }
    }

    [Fact]
    public void Faults_are_read_and_written_as_json()
    {
        const string Json = """
            {"seed":9,"rates":{"drop_after":0.5,"webhook_lose":1},"next":["slow_effect","drop_after"],
            "list_lag_seconds":5,"keys_kept_seconds":60,"slow_milliseconds":10,"slow_effect_seconds":7,
            "webhook_reorder_seconds":3}
            """;

        Assert.True(FakeFaults.TryRead(Json, out var faults, out _));
        Assert.Equal([FakeFault.SlowEffect, FakeFault.DropAfter], faults.Next);
        Assert.Equal(Json.Replace("\n", ""), faults.ToJson());
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "object")]
    [InlineData("""{"speed":1}""", "'speed'")]
    [InlineData("""{"seed":"x"}""", "seed")]
    [InlineData("""{"rates":{"drop":1}}""", "'drop'")]
    [InlineData("""{"rates":{"drop_after":1.01}}""", "drop_after")]
    [InlineData("""{"rates":{"drop_after":"1"}}""", "drop_after")]
    [InlineData("""{"rates":[]}""", "rates")]
    [InlineData("""{"next":["list_error"]}""", "list_error")]
    [InlineData("""{"next":[1]}""", "next")]
    [InlineData("""{"list_lag_seconds":-1}""", "list_lag_seconds")]
    [InlineData("""{"keys_kept_seconds":0.5}""", "keys_kept_seconds")]
    [InlineData("""{"slow_effect_seconds":0}""", "slow_effect_seconds")]
    public void Faults_that_are_wrong_are_named(string json, string named)
    {
        Assert.False(FakeFaults.TryRead(json, out _, out var complaint));
        Assert.Contains(named, complaint);
        Assert.EndsWith(".", complaint);
    }

    [Fact]
    public void A_rate_above_one_is_refused_in_code_too() => Assert.Throws<ArgumentException>(() =>
        _world.Bank.SetFaults(new FakeFaults
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.Slow] = double.NaN },
        }));
}
