namespace Countinghouse.FakeStripe;

public sealed class FakeKeysTests : IDisposable
{
    private readonly FakeWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void The_same_key_replays_the_stored_answer_and_moves_nothing_more()
    {
        var first = _world.Pay("a");
        _world.Pass(TimeSpan.FromHours(1));
        var again = _world.Pay("a");

        Assert.False(first.IsReplayed);
        Assert.True(again.IsReplayed);
        Assert.Equal((200, first.Json), (again.Status, again.Json));
        Assert.Single(_world.Bank.Truth().Transfers);
    }

    [Fact]
    public void Without_a_key_every_request_moves_money()
    {
        Assert.NotEqual(FakeWorld.IdOf(_world.Pay()), FakeWorld.IdOf(_world.Pay()));
        Assert.Equal(2, _world.Bank.Truth().Transfers.Count);
    }

    [Fact]
    public void A_key_with_other_parameters_is_refused_and_stays_what_it_was()
    {
        var first = _world.Pay("a");
        var other = _world.Pay("a", cents: 1251);
        var again = _world.Pay("a");

        Assert.Equal("400 idempotency_error - -", FakeWorld.Refusal(other));
        Assert.Equal(first.Json, again.Json);
        Assert.Single(_world.Bank.Truth().Transfers);
    }

    [Fact]
    public void A_key_belongs_to_one_endpoint()
    {
        var transfer = FakeWorld.IdOf(_world.Pay());
        _world.Post($"/v1/transfers/{transfer}/reversals", new() { ["amount"] = "1" }, "a");

        Assert.Equal("400 idempotency_error - -", FakeWorld.Refusal(_world.Pay("a")));
    }

    [Fact]
    public void A_key_is_forgotten_after_24_hours_and_pays_again()
    {
        _world.Pay("a");
        _world.Pass(TimeSpan.FromSeconds(86_399));
        Assert.True(_world.Pay("a").IsReplayed);

        _world.Pass(TimeSpan.FromSeconds(1));

        Assert.False(_world.Pay("a").IsReplayed);
        Assert.Equal(2, _world.Bank.Truth().Transfers.Count);
    }

    [Fact]
    public void How_long_keys_are_kept_can_be_set()
    {
        _world.Bank.SetFaults(new FakeFaults { KeysKeptSeconds = 10 });
        _world.Pay("a");
        _world.Pass(TimeSpan.FromSeconds(10));

        Assert.False(_world.Pay("a").IsReplayed);
    }

    [Theory]
    [InlineData("acct_1missing", "400 invalid_request_error resource_missing destination")]
    [InlineData("acct_1closed", "400 invalid_request_error insufficient_capabilities_for_transfer destination")]
    [InlineData("nobody", "400 invalid_request_error resource_missing destination")]
    public void A_definite_refusal_is_kept_for_the_key(string destination, string refusal)
    {
        var first = _world.Pay("a", destination: destination);
        var again = _world.Pay("a", destination: destination);

        Assert.Equal(refusal, FakeWorld.Refusal(first));
        Assert.Equal((first.Json, true), (again.Json, again.IsReplayed));
        Assert.Empty(_world.Bank.Truth().Transfers);
    }

    [Fact]
    public void A_refusal_for_want_of_money_stays_though_money_came()
    {
        _world.Bank.SetBalance(1249);
        var first = _world.Pay("a");
        _world.Bank.SetBalance(5000);

        Assert.Equal("400 invalid_request_error balance_insufficient -", FakeWorld.Refusal(first));
        Assert.Equal(first.Json, _world.Pay("a").Json);
        Assert.Equal(200, _world.Pay("b").Status);
        Assert.Equal(3750, _world.Bank.Truth().AvailableCents);
    }

    [Fact]
    public void Bad_parameters_and_a_missing_key_or_version_are_not_kept()
    {
        var order = new FakeRequest(
            "POST", "/v1/transfers", new Dictionary<string, string>(), FakeWorld.Order(), "a", IsAuthorized: true);

        var stranger = _world.Bank.Handle(order with { IsAuthorized = false });
        var versionless = _world.Bank.Handle(order with { HasVersion = false });

        Assert.Equal("401 invalid_request_error - -", FakeWorld.Refusal(stranger));
        Assert.Equal("400 invalid_request_error - -", FakeWorld.Refusal(versionless));
        Assert.Equal(
            "400 invalid_request_error parameter_missing amount",
            FakeWorld.Refusal(_world.Post("/v1/transfers", new() { ["currency"] = "usd" }, "a")));
        Assert.Empty(_world.Bank.Truth().Transfers);
        Assert.False(_world.Pay("a").IsReplayed);
    }

    [Fact]
    public void A_key_is_under_way_until_its_late_effect_and_then_replays_it()
    {
        _world.Bank.SetFaults(new FakeFaults { Next = [FakeFault.SlowEffect], SlowEffectSeconds = 100 });
        var cut = _world.Pay("a");
        var early = _world.Pay("a");
        var asked = _world.Clock.Now;
        var truth = _world.Bank.Truth();

        Assert.Equal(FakeDelivery.Dropped, cut.Delivery);
        Assert.Equal("409 idempotency_error idempotency_key_in_use -", FakeWorld.Refusal(early));
        Assert.Equal((0, 1), (truth.Transfers.Count, truth.PendingEffects));
        Assert.Equal("400 idempotency_error - -", FakeWorld.Refusal(_world.Pay("a", cents: 1)));

        _world.Pass(TimeSpan.FromSeconds(100));
        var late = _world.Pay("a");
        var moved = Assert.Single(_world.Bank.Truth().Transfers);

        Assert.Equal((200, true), (late.Status, late.IsReplayed));
        Assert.Equal(moved.Id, FakeWorld.IdOf(late));
        Assert.InRange(moved.Created, asked.AddSeconds(1), asked.AddSeconds(100));
        Assert.Equal(0, _world.Bank.Truth().PendingEffects);
    }

    [Fact]
    public void A_key_under_way_is_not_forgotten_before_its_effect()
    {
        _world.Bank.SetFaults(new FakeFaults
        {
            Next = [FakeFault.SlowEffect],
            SlowEffectSeconds = 1_000_000,
            KeysKeptSeconds = 1,
        });
        _world.Pay("a");
        _world.Pass(TimeSpan.FromSeconds(2));

        Assert.Equal(409, _world.Pay("a").Status);
    }

    [Fact]
    public void A_key_is_not_too_long()
    {
        Assert.Equal(200, _world.Pay(new string('k', 255)).Status);
        Assert.Equal("400 invalid_request_error - -", FakeWorld.Refusal(_world.Pay(new string('k', 256))));
    }
}
