using Countinghouse.Accounts;
using Countinghouse.FakeStripe;
using Countinghouse.Payouts;
using Countinghouse.Primitives;
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
        // A browser drops cookies that ended before its own present, so the story begins there.
        var clock = new TestClock { Now = TimeProvider.System.GetUtcNow() };
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
        var people = new Cast(
            await server.NewPerson(market.Advertiser),
            await server.NewPerson(market.Retailer),
            await server.NewPerson(platform),
            await server.NewPerson(platform));
        await using var visitor = await chromium.Visit(server.Origin);

        var campaign = await MakeCampaign(visitor, market, people.Advertiser);
        var clicked = await Click(market, campaign);
        await SeeEvents(visitor, market, campaign, clicked);

        var month = UtcDay.Of(clock.Now).Period;
        await IsNotOverYet(visitor, people.Operator, month);
        clock.Now = month.Next.FirstDay.Start().AddDays(4);
        await Close(visitor, people.Operator, month);
        await Dispute(visitor, market, people.Retailer, month);
        await Resolve(visitor, people.Operator, market, month);
        await Approve(visitor);
        await SetAccount(visitor, market);
        await Preview(visitor);
        await ConfirmAsSomebodyElse(visitor, people.Second);
        await server.Get<PayoutWorker>().RunDue(CancellationToken.None);

        Assert.Single(bank.Truth().Transfers);
        await SeePayment(visitor, market, people.Retailer, month);
    }

    private static async Task<string> MakeCampaign(Visitor visitor, Market market, string advertiser)
    {
        await visitor.SignIn(advertiser, People.Password);
        await visitor.Sees("No campaign yet");
        await visitor.Click("New campaign");
        await visitor.Fill("Name", "Harvest");
        await visitor.Fill("Bid", "none");
        await visitor.Fill("Budget", "10.00");
        await visitor.Page.GetByLabel("Offers").FillAsync(string.Join('\n', market.Offers));
        await visitor.Click("Create as a draft");

        // What was typed is still there when the API refuses it.
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

    private static async Task IsNotOverYet(Visitor visitor, string person, Period month)
    {
        await visitor.SignOut();
        await visitor.SignIn(person, People.Password);
        await visitor.Open("/console/operator/periods");
        await visitor.Sees($"{month}");
        await visitor.Sees("This keeps it from being closed now");
        await visitor.Open($"/console/operator/periods/{month}/close", status: 409);
        await visitor.Sees("The dry run was refused");
    }

    private static async Task Close(Visitor visitor, string person, Period month)
    {
        await visitor.SignOut();
        await visitor.SignIn(person, People.Password);
        await visitor.Open("/console/operator/periods");
        await visitor.Click($"Dry run of {month}");
        await visitor.Sees("Nothing was written");
        await visitor.Sees("$15.00");
        var confirmation = visitor.Page.GetByLabel($"The month to close: type {month}");
        await confirmation.FillAsync("2001-01");
        await visitor.Click($"Close {month} for good");
        await visitor.Sees("Please correct what is marked");
        await confirmation.FillAsync($"{month}");
        await visitor.Click($"Close {month} for good");
        await visitor.Sees("$12.75");
        Assert.Empty(await visitor.Faults());
    }

    private static async Task Dispute(Visitor visitor, Market market, string person, Period month)
    {
        await visitor.SignOut();
        await visitor.SignIn(person, People.Password);
        await visitor.Open($"/console/{market.Retailer}/earnings");
        await visitor.Sees("$12.75");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = $"{month}" }).First.ClickAsync();
        await visitor.Unfold("Dispute");
        await visitor.Fill("What is wrong with it", "We counted fewer shoppers");
        await visitor.Confirm();
        await visitor.Sees("We counted fewer shoppers");
        Assert.Empty(await visitor.Faults());
    }

    private static async Task Resolve(Visitor visitor, string person, Market market, Period month)
    {
        await visitor.SignOut();
        await visitor.SignIn(person, People.Password);
        await visitor.Open("/console/operator/approvals?status=DISPUTED");
        await visitor.Sees("We counted fewer shoppers");
        await visitor.Open($"/console/{market.Retailer}/earnings");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = $"{month}" }).First.ClickAsync();
        await visitor.Unfold("Settle the dispute");
        await visitor.Fill("How it was settled", "The counts agree");
        await visitor.Confirm();
        await visitor.Sees("The counts agree");
    }

    private static async Task Approve(Visitor visitor)
    {
        await visitor.Open("/console/operator/approvals");
        await visitor.Page.Locator("tbody input[type=checkbox]").First.CheckAsync();
        Assert.Empty(await visitor.Faults());
        await visitor.Click("Approve what is chosen");
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("Approved: 1 of 1");
    }

    private static async Task SetAccount(Visitor visitor, Market market)
    {
        await visitor.Open($"/console/{market.Retailer}/payout-account");
        await visitor.Unfold("Set where the money goes");
        await visitor.Page.GetByLabel("Provider").SelectOptionAsync("stripe");
        await visitor.Page.GetByLabel("Goes to").FillAsync("acct_1retailer");
        await visitor.Confirm();
        await visitor.Sees("Change");
    }

    private static async Task Preview(Visitor visitor)
    {
        await visitor.Open("/console/operator/payout-runs");
        await visitor.Click("Preview a run");
        await visitor.Sees("Payout run of $12.75");
        await visitor.Sees("somebody else has to confirm it");
        await visitor.Unfold("Confirm the run");
        await visitor.Confirm();
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Alert).First).ToBeVisibleAsync();
    }

    private static async Task ConfirmAsSomebodyElse(Visitor visitor, string person)
    {
        var run = new Uri(visitor.Page.Url).AbsolutePath.Replace("/confirm", "", StringComparison.Ordinal);
        await visitor.SignOut();
        await visitor.SignIn(person, People.Password);
        await visitor.Open(run);
        await visitor.Unfold("Confirm the run");
        await visitor.Confirm();
        await visitor.Sees("How far it is");
        Assert.Empty(await visitor.Faults());
    }

    private static async Task SeePayment(Visitor visitor, Market market, string person, Period month)
    {
        await visitor.SignOut();
        await visitor.SignIn(person, People.Password);
        await visitor.Open($"/console/{market.Retailer}/payouts");
        await visitor.Sees("tr_");
        await visitor.Open($"/console/{market.Retailer}/earnings");
        await visitor.Sees($"{month}");
        await visitor.Sees("Paid");
        Assert.Empty(await visitor.Faults());
    }

    /// <summary>Who does what.</summary>
    private sealed record Cast(string Advertiser, string Retailer, string Operator, string Second);
}

public sealed class SqliteConsoleFlow(Chromium chromium) : ConsoleFlowContract(chromium, Engine.Sqlite);

public sealed class PostgresConsoleFlow(Chromium chromium) : ConsoleFlowContract(chromium, Engine.Postgres);
