using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Xunit.Abstractions;

namespace Countinghouse.FakeStripe;

public sealed class FakeStripeHandlerTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_client_meets_the_bank_without_a_network()
    {
        using var world = new FakeWorld();
        using var client = new HttpClient(new FakeStripeHandler(world.Bank, TimeSpan.FromSeconds(30)))
        {
            BaseAddress = new Uri("https://api.stripe.test"),
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", "sk_test_1") },
        };
        client.DefaultRequestHeaders.Add("Stripe-Version", "2025-06-30.basil");
        client.DefaultRequestHeaders.Add("Idempotency-Key", "k");
        async Task<HttpResponseMessage> Pay() =>
            await client.PostAsync("/v1/transfers", new FormUrlEncodedContent(FakeWorld.Order(group: "ä b&c")));

        world.Next(FakeFault.DropBefore, FakeFault.Slow);
        await Assert.ThrowsAsync<HttpRequestException>(Pay);
        await Assert.ThrowsAsync<TaskCanceledException>(Pay);
        using var paid = await Pay();
        using var listed = await client.GetAsync("/v1/transfers?transfer_group=%C3%A4+b%26c");

        Assert.Equal(HttpStatusCode.OK, paid.StatusCode);
        Assert.Equal("true", paid.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Contains(world.Bank.Truth().Transfers.Single().Id, await listed.Content.ReadAsStringAsync());
    }

    /// <summary>Histories of thousands of requests are what it is for; the bound is far below what it does.</summary>
    [Fact]
    public void Thousands_of_transfers_take_seconds_at_most()
    {
        using var world = new FakeWorld();
        world.Bank.SetFaults(new FakeFaults
        {
            Rates = FakeFaults.OfTransfers.ToDictionary(fault => fault, _ => 0.02),
        });
        const int Requests = 5000;
        var clock = Stopwatch.StartNew();
        for (var request = 0; request < Requests; request++)
        {
            world.Pay($"{request * 9 / 10}", group: $"{request % 100}");
        }

        output.WriteLine($"{Requests / clock.Elapsed.TotalSeconds:N0} transfers a second");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"It took {clock.Elapsed}.");
    }
}
