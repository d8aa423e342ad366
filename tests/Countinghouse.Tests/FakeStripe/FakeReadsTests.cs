namespace Countinghouse.FakeStripe;

public sealed class FakeReadsTests : IDisposable
{
    private readonly FakeWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_transfer_has_the_shape_of_stripes()
    {
        var made = FakeWorld.Json(_world.Pay(group: "march"));
        var id = made.GetProperty("id").GetString()!;

        Assert.StartsWith("tr_", id);
        Assert.StartsWith("txn_", made.GetProperty("balance_transaction").GetString());
        Assert.Equal(
            "transfer 1250 0 False usd acct_1Retailer march 1786795200 False 7 list False",
            string.Join(' ', new object?[]
            {
                made.GetProperty("object").GetString(), made.GetProperty("amount").GetInt64(),
                made.GetProperty("amount_reversed").GetInt64(), made.GetProperty("reversed").GetBoolean(),
                made.GetProperty("currency").GetString(), made.GetProperty("destination").GetString(),
                made.GetProperty("transfer_group").GetString(), made.GetProperty("created").GetInt64(),
                made.GetProperty("livemode").GetBoolean(),
                made.GetProperty("metadata").GetProperty("payout").GetString(),
                made.GetProperty("reversals").GetProperty("object").GetString(),
                made.GetProperty("reversals").GetProperty("has_more").GetBoolean(),
            }));
        Assert.Equal(made.GetRawText(), _world.Get($"/v1/transfers/{id}").Json);
    }

    [Theory]
    [InlineData("amount", null, "parameter_missing amount")]
    [InlineData("amount", "", "parameter_invalid_empty amount")]
    [InlineData("amount", "0", "parameter_invalid_integer amount")]
    [InlineData("amount", "-5", "parameter_invalid_integer amount")]
    [InlineData("amount", "12.50", "parameter_invalid_integer amount")]
    [InlineData("amount", "99999999999999999999", "parameter_invalid_integer amount")]
    [InlineData("currency", null, "parameter_missing currency")]
    [InlineData("currency", "eur", "- currency")]
    [InlineData("destination", null, "parameter_missing destination")]
    [InlineData("metadata[x]", "long", "- metadata")]
    [InlineData("colour", "red", "parameter_unknown colour")]
    public void A_bad_parameter_is_named(string name, string? value, string refusal)
    {
        var order = FakeWorld.Order();
        if (value is null)
        {
            order.Remove(name);
        }
        else
        {
            order[name] = value == "long" ? new string('x', 501) : value;
        }

        Assert.Equal($"400 invalid_request_error {refusal}", FakeWorld.Refusal(_world.Post("/v1/transfers", order)));
        Assert.Empty(_world.Bank.Truth().Transfers);
    }

    [Fact]
    public void Lists_are_newest_first_and_go_on_where_a_page_ended()
    {
        var made = new List<string>();
        for (var number = 0; number < 25; number++)
        {
            made.Insert(0, FakeWorld.IdOf(_world.Pay()));
        }

        var first = FakeWorld.Json(_world.Get("/v1/transfers"));
        var pages = new List<string>();
        for (var page = _world.List(("limit", "7")); page.Length > 0;
            page = _world.List(("limit", "7"), ("starting_after", pages[^1])))
        {
            pages.AddRange(page);
        }

        Assert.Equal(("list", 10, true), (
            first.GetProperty("object").GetString(),
            first.GetProperty("data").GetArrayLength(),
            first.GetProperty("has_more").GetBoolean()));
        Assert.Equal(made, pages);
        Assert.False(FakeWorld.Json(_world.Get("/v1/transfers", ("limit", "25"))).GetProperty("has_more").GetBoolean());
    }

    [Fact]
    public void Lists_can_be_asked_for_a_group_a_destination_and_a_time()
    {
        var first = FakeWorld.IdOf(_world.Pay(group: "a"));
        var noon = _world.Clock.Now.ToUnixTimeSeconds();
        _world.Pass(TimeSpan.FromSeconds(10.5));
        var second = FakeWorld.IdOf(_world.Pay(group: "a", destination: "acct_1Other"));
        var third = FakeWorld.IdOf(_world.Pay());

        Assert.Equal([second, first], _world.List(("transfer_group", "a")));
        Assert.Equal([third, first], _world.List(("destination", FakeWorld.Retailer)));
        Assert.Equal([first], _world.List(("transfer_group", "a"), ("destination", FakeWorld.Retailer)));
        Assert.Equal([first], _world.List(("created[lte]", $"{noon}")));
        Assert.Equal([first], _world.List(("created[lt]", $"{noon + 10}")));
        Assert.Equal([third, second], _world.List(("created[gte]", $"{noon + 10}")));
        Assert.Equal([third, second], _world.List(("created[gt]", $"{noon}"), ("created[lte]", $"{noon + 10}")));
        Assert.Empty(_world.List(("transfer_group", "b")));
    }

    [Theory]
    [InlineData("limit", "0", "parameter_invalid_integer limit")]
    [InlineData("limit", "101", "parameter_invalid_integer limit")]
    [InlineData("created[gte]", "yesterday", "parameter_invalid_integer created[gte]")]
    [InlineData("created[lte]", "9999999999999999", "parameter_invalid_integer created[lte]")]
    [InlineData("starting_after", "tr_none", "resource_missing starting_after")]
    [InlineData("page", "2", "parameter_unknown page")]
    public void A_bad_question_is_named(string name, string value, string refusal) => Assert.Equal(
        $"400 invalid_request_error {refusal}", FakeWorld.Refusal(_world.Get("/v1/transfers", (name, value))));

    [Fact]
    public void Lists_are_late_within_their_bound_and_a_single_transfer_never_is()
    {
        _world.Bank.SetFaults(new FakeFaults { ListLagSeconds = 100 });
        var made = Enumerable.Range(0, 50).Select(_ => FakeWorld.IdOf(_world.Pay())).ToList();

        var atOnce = _world.List(("limit", "100")).Length;
        Assert.All(made, id => Assert.Equal(200, _world.Get($"/v1/transfers/{id}").Status));
        _world.Pass(TimeSpan.FromSeconds(50));
        var half = _world.List(("limit", "100")).Length;
        _world.Pass(TimeSpan.FromSeconds(50));

        Assert.InRange(atOnce, 0, 5);
        Assert.InRange(half, 10, 40);
        Assert.Equal(50, _world.List(("limit", "100")).Length);
    }

    [Fact]
    public void A_reversal_takes_part_or_all_back_and_never_more_than_is_left()
    {
        _world.Bank.SetBalance(2000);
        var id = FakeWorld.IdOf(_world.Pay());
        var path = $"/v1/transfers/{id}/reversals";

        var part = FakeWorld.Json(_world.Post(path, new() { ["amount"] = "250" }, "r"));
        Assert.True(_world.Post(path, new() { ["amount"] = "250" }, "r").IsReplayed);
        Assert.Equal(
            "400 invalid_request_error - amount", FakeWorld.Refusal(_world.Post(path, new() { ["amount"] = "1001" })));
        Assert.Equal(
            "400 invalid_request_error parameter_invalid_integer amount",
            FakeWorld.Refusal(_world.Post(path, new() { ["amount"] = "x" })));
        Assert.False(FakeWorld.Json(_world.Get($"/v1/transfers/{id}")).GetProperty("reversed").GetBoolean());
        var rest = FakeWorld.Json(_world.Post(path, []));
        Assert.Equal("400 invalid_request_error - amount", FakeWorld.Refusal(_world.Post(path, [])));

        var transfer = FakeWorld.Json(_world.Get($"/v1/transfers/{id}"));
        Assert.Equal(("transfer_reversal", 250), (
            part.GetProperty("object").GetString(), part.GetProperty("amount").GetInt64()));
        Assert.Equal((id, 1000), (rest.GetProperty("transfer").GetString(), rest.GetProperty("amount").GetInt64()));
        Assert.True(transfer.GetProperty("reversed").GetBoolean());
        Assert.Equal(1250, transfer.GetProperty("amount_reversed").GetInt64());
        Assert.Equal(2, transfer.GetProperty("reversals").GetProperty("data").GetArrayLength());
        var truth = _world.Bank.Truth();
        Assert.Equal((2000, 1250, true), (
            truth.AvailableCents, truth.Transfers[0].AmountReversedCents, truth.Transfers[0].IsReversed));
    }

    [Fact]
    public void What_is_not_there_is_said_to_be_missing()
    {
        Assert.Equal(
            "404 invalid_request_error resource_missing id", FakeWorld.Refusal(_world.Get("/v1/transfers/tr_none")));
        Assert.Equal(
            "404 invalid_request_error resource_missing id",
            FakeWorld.Refusal(_world.Post("/v1/transfers/tr_none/reversals", [])));
        Assert.Equal("404 invalid_request_error - -", FakeWorld.Refusal(_world.Get("/v1/refunds")));
        Assert.Equal("404 invalid_request_error - -", FakeWorld.Refusal(_world.Get("")));
        Assert.Equal(2, _world.Bank.Truth().Requests["unknown"]);
    }

    [Theory]
    [InlineData("acct_1Retailer", "active", true)]
    [InlineData("acct_1closed", "inactive", false)]
    public void An_account_says_whether_it_can_receive(string id, string transfers, bool payouts)
    {
        var account = FakeWorld.Json(_world.Get($"/v1/accounts/{id}"));

        Assert.Equal(transfers, account.GetProperty("capabilities").GetProperty("transfers").GetString());
        Assert.Equal(payouts, account.GetProperty("payouts_enabled").GetBoolean());
    }

    [Theory]
    [InlineData("acct_1missing")]
    [InlineData("acct_1")]
    [InlineData("cus_1Retailer")]
    public void An_account_may_be_missing(string id) => Assert.Equal(
        "404 invalid_request_error resource_missing -", FakeWorld.Refusal(_world.Get($"/v1/accounts/{id}")));

    [Fact]
    public void The_balance_is_what_is_left()
    {
        Assert.Null(_world.Bank.Truth().AvailableCents);
        _world.Bank.SetBalance(3000);
        _world.Pay();

        var balance = FakeWorld.Json(_world.Get("/v1/balance"));

        Assert.Equal(1750, balance.GetProperty("available")[0].GetProperty("amount").GetInt64());
        Assert.Throws<ArgumentOutOfRangeException>(() => _world.Bank.SetBalance(-1));
    }

    [Theory]
    [InlineData("a=1&b=%C3%A9+x", "a=1&b=%C3%A9%20x")]
    [InlineData("b&a%5B1%5D=", "a%5B1%5D=&b=")]
    [InlineData("a=1&&a=2", "a=2")]
    [InlineData("", "")]
    public void Forms_are_read(string text, string fields)
    {
        Assert.True(FakeForm.TryParse(text, out var read));
        Assert.Equal(fields, FakeForm.Write(read));
    }

    [Theory]
    [InlineData("a=%")]
    [InlineData("a=%G1")]
    [InlineData("a=%C3")]
    [InlineData("a=%00")]
    [InlineData("%+1=a")]
    public void Broken_forms_are_not(string text) => Assert.False(FakeForm.TryParse(text, out _));

    [Theory]
    [InlineData("Bearer sk_test_1", null, true)]
    [InlineData("bearer sk_live_1", null, true)]
    [InlineData("Bearer pk_test_1", null, false)]
    [InlineData("Basic sk_test_1", null, false)]
    [InlineData(null, null, false)]
    [InlineData("Bearer sk_test_1", "sk_test_1", true)]
    [InlineData("Bearer sk_test_2", "sk_test_1", false)]
    public void A_secret_key_is_asked_for(string? header, string? onlyKey, bool isGood) =>
        Assert.Equal(isGood, FakeRequest.HasKey(header, onlyKey));
}
