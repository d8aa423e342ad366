using System.Text.Json;
using Countinghouse.FakeStripe;
using Countinghouse.Ingest;
using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>
/// A server that pays through a fake Stripe in its own process, at the test's clock, and a closed month in which
/// retailers have earned what the test says. The worker runs when the test says so.
/// </summary>
public sealed class PayoutWorld : IAsyncDisposable
{
    public const string Month = "2026-06";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private PayoutWorld(TestServer server, FakeBank bank)
    {
        Server = server;
        Bank = bank;
        Books = new Books(server.Database);
    }

    public TestServer Server { get; }

    /// <summary>The witness of what really moved.</summary>
    public FakeBank Bank { get; }

    public Books Books { get; }

    /// <summary>Who previews.</summary>
    public string Operator { get; private set; } = "";

    /// <summary>Who confirms.</summary>
    public string Second { get; private set; } = "";

    public PayoutWorker Worker => Server.Get<PayoutWorker>();

    /// <param name="engine">Where it keeps its data.</param>
    /// <param name="earned">What retailers have earned in the month, in cents, by their name; Stripe pays them.</param>
    /// <param name="settings">Other settings of payouts.</param>
    public static async Task<PayoutWorld> Open(
        Engine engine, Dictionary<string, long> earned, params (string Name, string Value)[] settings)
    {
        var clock = new TestClock();
        var bank = FakeBank.Open(":memory:", clock);
        var server = await TestServer.Start(engine, clock, builder =>
        {
            builder.Configuration["Payouts:Work"] = "false";
            builder.Configuration["Payouts:StripeSecretKey"] = "sk_test_1";
            builder.Configuration["Payouts:StripeWebhookSecret"] = bank.WebhookSecret;
            builder.Configuration["RevenueShare:DefaultFeeRate"] = "0";
            foreach (var (name, value) in settings)
            {
                builder.Configuration["Payouts:" + name] = value;
            }

            PayThrough(builder.Services, bank);
        });
        var world = new PayoutWorld(server, bank);
        var platform = await world.Books.Organization("platform", isOperator: true);
        world.Operator = await server.NewKey(platform);
        world.Second = await server.NewKey(platform);
        var brand = await world.Books.Organization("brand");
        foreach (var (name, cents) in earned)
        {
            var retailer = await world.Books.Organization(name);
            await world.Books.Click(brand, retailer, Month, cents * Money.MicrosPerCent);
            await world.SetAccount(retailer, "stripe", AccountOf(name));
        }

        await server.Get<Settlements>().CloseDue("test", CancellationToken.None);
        foreach (var name in earned.Keys)
        {
            await world.Approve(name);
        }

        return world;
    }

    /// <summary>Puts the fake in the place of Stripe.</summary>
    public static void PayThrough(
        IServiceCollection services, FakeBank bank, Func<HttpMessageHandler, HttpMessageHandler>? between = null)
    {
        services.RemoveAll<IPayoutProvider>();
        services.AddSingleton<IPayoutProvider>(provider =>
        {
            HttpMessageHandler handler = new FakeStripeHandler(bank, Patience);
            return new StripeProvider(
                new HttpMessageInvoker(between is null ? handler : between(handler)),
                provider.GetRequiredService<IOptions<PayoutOptions>>());
        });
        services.AddSingleton<IPayoutProvider, ManualProvider>();
    }

    public static string AccountOf(string name) => "acct_1" + name;

    public static OrganizationId Id(string name) => Books.Id(name);

    public static string SharePath(string name) => $"revenue-share/{Id(name)}/{ShareOf(name)}";

    public static ShareId ShareOf(string name, string month = Month) =>
        CloseStore.ShareOf(Id(name), Books.Month(month));

    public async Task Approve(string name, int revision = 1) =>
        await Post(200, SharePath(name) + "/approve", Operator, new { revision });

    public async Task SetAccount(OrganizationId retailer, string provider, string destination) =>
        await Put(200, $"organizations/{retailer}/payout-account", new { provider, destination });

    /// <summary>Previews and confirms a run of everything; returns its id.</summary>
    public async Task<string> Run()
    {
        var preview = await Post(201, "payout-runs", Operator, new { });
        var run = preview.GetProperty("run_id").GetString()!;
        await Post(
            200,
            $"payout-runs/{run}/confirm",
            Second,
            new { fingerprint = preview.GetProperty("fingerprint").GetString() });
        return run;
    }

    /// <summary>Lets the worker do all that is due.</summary>
    public async Task Work()
    {
        while (await Worker.RunDue(CancellationToken.None) > 0)
        {
        }
    }

    public async Task Pass(TimeSpan time)
    {
        Server.Clock.Now += time;
        await Work();
    }

    public void Next(params FakeFault[] faults) => Bank.SetFaults(Bank.Faults with { Next = faults });

    /// <summary>The retailer's newest payout.</summary>
    public async Task<JsonElement> PayoutOf(string name)
    {
        var list = await Server.GetJson($"organizations/{Id(name)}/payouts", Operator);
        return list.GetProperty("data")[0];
    }

    public async Task<string> StateOf(string name) => (await PayoutOf(name)).GetProperty("state").GetString()!;

    public async Task<JsonElement> Detail(string name)
    {
        var id = (await PayoutOf(name)).GetProperty("payout_id").GetString();
        return await Server.GetJson($"organizations/{Id(name)}/payouts/{id}", Operator);
    }

    public async Task<string> PayoutPath(string name) =>
        $"organizations/{Id(name)}/payouts/{(await PayoutOf(name)).GetProperty("payout_id").GetString()}";

    public async Task<string> StatusOf(string name) =>
        (await Server.GetJson(SharePath(name), Operator)).GetProperty("status").GetString()!;

    public Task<JsonElement> Post(int status, string path, string key, object? body = null) =>
        Send(HttpMethod.Post, status, path, key, body);

    public Task<JsonElement> Put(int status, string path, object body) =>
        Send(HttpMethod.Put, status, path, Operator, body);

    /// <summary>Nothing of records, payouts and ledger disagrees.</summary>
    public async Task ExpectCleanBooks()
    {
        // All of verify but the events, which are not chained here.
        var differences = new List<Difference>();
        await Server.Database.Read(
            async connection =>
            {
                foreach (var check in Server.Services.GetServices<BookCheck>())
                {
                    await check(connection, differences.Add, CancellationToken.None);
                }

                return true;
            },
            CancellationToken.None);
        Assert.Empty(differences);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Bank.Dispose();
    }

    private async Task<JsonElement> Send(HttpMethod method, int status, string path, string key, object? body)
    {
        var answer = await Server.Send(method, path, key, body);
        Assert.True(answer.Status == status, $"{method} {path}: {answer.Status} {answer.Text}\n{Server.Log}");
        return answer.Json;
    }
}
