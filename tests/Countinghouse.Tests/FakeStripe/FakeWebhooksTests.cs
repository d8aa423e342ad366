using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Countinghouse.FakeStripe;

public sealed class FakeWebhooksTests : IDisposable
{
    private readonly FakeWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Every_effect_is_told_once_in_order()
    {
        var id = FakeWorld.IdOf(_world.Pay("a"));
        _world.Pay("a");
        _world.Post($"/v1/transfers/{id}/reversals", []);
        _world.Pay(destination: "acct_1closed");

        var taken = _world.Bank.TakeWebhooks();

        Assert.Equal(["transfer.created", "transfer.reversed", "transfer.updated"], taken.Select(Type));
        Assert.Equal("a", Parse(taken[0]).GetProperty("request").GetProperty("idempotency_key").GetString());
        Assert.All(taken, webhook => Assert.Equal(
            id, Parse(webhook).GetProperty("data").GetProperty("object").GetProperty("id").GetString()));
        Assert.Equal(
            [0, 1250, 1250],
            taken.Select(webhook => Parse(webhook).GetProperty("data").GetProperty("object")
                .GetProperty("amount_reversed").GetInt64()));
        Assert.Equal(taken[0].EventId, Parse(taken[0]).GetProperty("id").GetString());
        Assert.Equal(3, taken.Select(webhook => webhook.EventId).Distinct().Count());
        Assert.Empty(_world.Bank.TakeWebhooks());
    }

    [Fact]
    public void A_signature_is_what_stripe_says_it_is()
    {
        _world.Bank.WebhookSecret = "whsec_test";
        _world.Pay();
        _world.Pass(TimeSpan.FromMinutes(5));

        var webhook = Assert.Single(_world.Bank.TakeWebhooks());

        var parts = webhook.Signature.Split(',');
        var time = parts[0]["t=".Length..];
        var signed = Encoding.UTF8.GetBytes($"{time}.{Encoding.UTF8.GetString(webhook.Body)}");
        var expected = HMACSHA256.HashData("whsec_test"u8.ToArray(), signed);
        Assert.Equal(
            _world.Clock.Now.ToUnixTimeSeconds(), long.Parse(time, CultureInfo.InvariantCulture));
        Assert.Equal("v1=" + Convert.ToHexStringLower(expected), parts[1]);
    }

    [Fact]
    public void Webhooks_are_lost_and_counted()
    {
        Set(FakeFault.WebhookLose);
        _world.Pay();

        Assert.Empty(_world.Bank.TakeWebhooks());
        Assert.Equal(1, _world.Fired(FakeFault.WebhookLose));
        Assert.Single(_world.Bank.Truth().Transfers);
    }

    [Fact]
    public void Webhooks_are_sent_twice_and_counted()
    {
        Set(FakeFault.WebhookDuplicate);
        _world.Pay();

        var taken = _world.Bank.TakeWebhooks();

        Assert.Equal(2, taken.Count);
        Assert.Equal(taken[0].EventId, taken[1].EventId);
        Assert.Equal(taken[0].Body, taken[1].Body);
        Assert.Equal(1, _world.Fired(FakeFault.WebhookDuplicate));
    }

    [Fact]
    public void Webhooks_are_overtaken_and_counted()
    {
        Set(FakeFault.WebhookReorder);
        var first = FakeWorld.IdOf(_world.Pay());
        _world.Bank.SetFaults(new FakeFaults());
        var second = FakeWorld.IdOf(_world.Pay());

        var early = _world.Bank.TakeWebhooks();
        _world.Pass(TimeSpan.FromSeconds(60));
        var late = _world.Bank.TakeWebhooks();

        Assert.Contains(second, Encoding.UTF8.GetString(Assert.Single(early).Body));
        Assert.Contains(first, Encoding.UTF8.GetString(Assert.Single(late).Body));
        Assert.Equal(1, _world.Fired(FakeFault.WebhookReorder));
    }

    private void Set(FakeFault fault) => _world.Bank.SetFaults(new FakeFaults
    {
        Rates = new Dictionary<FakeFault, double> { [fault] = 1 },
    });

    private static string Type(FakeWebhook webhook) => Parse(webhook).GetProperty("type").GetString()!;

    private static JsonElement Parse(FakeWebhook webhook) => JsonSerializer.Deserialize<JsonElement>(webhook.Body);
}
