using Countinghouse.Accounts;
using Countinghouse.FakeStripe;
using Countinghouse.Payouts;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Playwright;

namespace Countinghouse.WebConsole;

/// <summary>From a campaign to money in a retailer's account, done by people in a browser.</summary>
[Collection(ChromiumCollection.Name)]
public abstract class ConsoleFlowContract(Chromium chromium, Engine engine)
{
    private const int Clicks = 30;

    [Fact]
    public async Task A_campaign_runs_is_closed_disputed_approved_and_paid()
    {
        var clock = new TestClock();
        using var bank = FakeBank.Open(":memory:", clock);
        await using var server = await TestServer.Start(engine, clock, builder =>
        {
            builder.Configuration["Payouts:Work"] = "false";
            builder.Configuration["Payouts:StripeSecretKey"] = "sk_test_1";
            builder.Configuration["Payouts:StripeWebhookSecret"] = bank.WebhookSecret;
            builder.Configuration["Payouts:MinimumUsd"] = "1";
            PayoutWorld.PayThrough(builder.Services, bank);
        });
        var platform = await server.NewOrganization("Platform", isOperator: true);
        var market = await Market.Open(server);
        var advertiser = await server.NewPerson(market.Advertiser);
        var retailer = await server.NewPerson(market.Retailer);
        var first = await server.NewPerson(platform);
        var second = await server.NewPerson(platform);
        await using var visitor = await chromium.Visit(server.Origin);

        var campaign = await MakeCampaign(visitor, market, advertiser);
        var clicked = await Click(market, campaign);
        await SeeEvents(visitor, market, campaign, clicked);
    }

    /// <summary>What was typed is still there when the API refuses it.</summary>
    private static async Task<string> MakeCampaign(Visitor visitor, Market market, string advertiser)
    {
        await visitor.SignIn(advertiser, People.Password);
        await visitor.Sees("No campaign yet");
        await visitor.Follow("New campaign");
        await visitor.Fill("Name", "Harvest");
        await visitor.Fill("Bid", "none");
        await visitor.Fill("Budget", "10.00");
        await visitor.Page.GetByLabel("Offers").FillAsync(string.Join('\n', market.Offers));
        await visitor.Click("Create as a draft");
        await visitor.Sees("Please correct what is marked");
        await Assertions.Expect(visitor.Page.GetByLabel("Bid")).ToHaveAttributeAsync("aria-invalid", "true");
        await Assertions.Expect(visitor.Page.GetByLabel("Name", new() { Exact = true })).ToHaveValueAsync("Harvest");
        Assert.Empty(await visitor.Faults());

        await visitor.Fill("Bid", "0.50");
        await visitor.Click("Create as a draft");
        await visitor.Sees("Harvest is a draft");
        await visitor.Page.GetByText("Top up the budget").ClickAsync();
        await visitor.Fill("Amount", "-5");
        await visitor.Click("Top up");
        await visitor.Sees("Please correct what is marked");
        await visitor.Fill("Amount", "90");
        await visitor.Click("Top up");
        await visitor.Sees("The budget is $100.00 now");
        await visitor.Click("Activate");
        await visitor.Sees("Harvest is active now");
        return new Uri(visitor.Page.Url).Segments[^1];
    }

    private static async Task<string> Click(Market market, string campaign)
    {
        var last = "";
        for (var number = 0; number < Clicks; number++)
        {
            var answer = await market.Click(campaign, offer: market.Offers[number % 2]);
            last = answer.Json.GetProperty("event_id").GetString()!;
        }

        return last;
    }

    private static async Task SeeEvents(Visitor visitor, Market market, string campaign, string clicked)
    {
        await visitor.Open($"/console/{market.Advertiser}");
        await visitor.Sees("$15.00");
        await visitor.Open($"/console/{market.Advertiser}/campaigns/{campaign}?by=offer");
        await visitor.Sees("Offer 1");
        await visitor.Sees("15% of the budget");
        await visitor.Open($"/console/{market.Advertiser}/receipts");
        await visitor.Page.GetByLabel("Event id").FillAsync(clicked);
        await visitor.Click("Look up");
        await visitor.Sees("Charged");
        Assert.Empty(await visitor.Faults());
    }
}

public sealed class SqliteConsoleFlow(Chromium chromium) : ConsoleFlowContract(chromium, Engine.Sqlite);

public sealed class PostgresConsoleFlow(Chromium chromium) : ConsoleFlowContract(chromium, Engine.Postgres);
