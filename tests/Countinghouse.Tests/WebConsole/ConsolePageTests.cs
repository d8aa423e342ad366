using Countinghouse.Support;
using Microsoft.Playwright;

namespace Countinghouse.WebConsole;

/// <summary>Every page, as each person of the demo has it: whole, quiet and good for everybody to use.</summary>
[Collection(ChromiumCollection.Name)]
public sealed class ConsolePageTests(Chromium chromium, DemoWorld world) : IClassFixture<DemoWorld>
{
    private static readonly string[] AdvertiserPages =
    [
        "/console/{advertiser}", "/console/{advertiser}?days=7&q=o&status=active&sort=spend",
        "/console/{advertiser}/campaigns/{campaign}",
        "/console/{advertiser}/campaigns/{campaign}?granularity=hour&days=2",
        "/console/{advertiser}/campaigns/{campaign}?granularity=week&by=retailer",
        "/console/{advertiser}/campaigns/{campaign}/edit", "/console/{advertiser}/campaigns/new",
        "/console/{advertiser}/traffic", "/console/{advertiser}/receipts",
        "/console/{advertiser}/receipts?event_id=01900000-0000-7000-8000-000000000000",
        "/console/{advertiser}/members", "/console/{advertiser}/keys", "/console/{advertiser}/keys/new",
        "/console/{advertiser}/clients", "/console/{advertiser}/clients/new", "/console/{advertiser}/audit",
        "/console/{advertiser}/settings", "/console/me", "/console/me/keys", "/console/me/keys/new",
    ];

    private static readonly string[] RetailerPages =
    [
        "/console/{retailer}", "/console/{retailer}/earnings", "/console/{retailer}/earnings/{share}",
        "/console/{retailer}/earnings/{share}/events?line_no=1", "/console/{retailer}/payouts",
        "/console/{retailer}/payout-account", "/console/{retailer}/locations", "/console/{retailer}/offers",
    ];

    private static readonly string[] OperatorPages =
    [
        "/console/operator/periods", "/console/operator/approvals", "/console/operator/approvals?status=DISPUTED",
        "/console/operator/approvals?status=PAID", "/console/operator/payout-runs", "/console/operator/payouts",
        "/console/operator/reconciliation", "/console/operator/verification", "/console/operator/ingest",
        "/console/operator/traffic", "/console/operator/organizations", "/console/operator/fee-rates",
        "/console/operator/ledger", "/console/operator/audit", "/console/{retailer}/earnings/{share}",
        "/console/{retailer}/payout-account",
    ];

    /// <summary>A page each of what only somebody else may see, and what the refusal is.</summary>
    private static readonly (string Who, string Page, int Status)[] Forbidden =
    [
        ("advertiser", "/console/{retailer}", 404), ("advertiser", "/console/{retailer}/earnings", 404),
        ("advertiser", "/console/operator/periods", 403), ("advertiser", "/console/operator/approvals", 403),
        ("advertiser", "/console/operator/payout-runs", 403), ("advertiser", "/console/operator/audit", 403),
        ("advertiser", "/console/operator/organizations", 403), ("advertiser", "/console/operator/ingest", 403),
        ("retailer", "/console/{advertiser}", 404), ("retailer", "/console/{advertiser}/campaigns/{campaign}", 404),
        ("retailer", "/console/{retailer}/campaigns/{campaign}", 404),
        ("retailer", "/console/operator/verification", 403), ("retailer", "/console/operator/fee-rates", 403),
        ("retailer", "/console/operator/reconciliation", 403), ("retailer", "/console/operator/traffic", 403),
        ("retailer", "/console/operator/payouts", 403), ("retailer", "/console/operator/ledger", 403),
        ("retailer", "/console/nonsense", 422), ("retailer", "/console/operator/nonsense", 404),
    ];

    [Theory]
    [InlineData("advertiser", 1280, false)]
    [InlineData("advertiser", 390, true)]
    [InlineData("retailer", 1280, true)]
    [InlineData("retailer", 390, false)]
    [InlineData("operator", 1280, false)]
    [InlineData("operator", 390, true)]
    public async Task A_page_is_good_for_everybody(string who, int width, bool isDark)
    {
        await using var visitor = await chromium.Visit(world.Origin, width, isDark);
        await visitor.SignIn(world.Address(who), world.Password);
        var faults = new List<string>();
        var known = Pages(who).Select(page => Shape(world.Fill(page))).ToHashSet();
        var pages = new Queue<string>(Pages(who));
        while (pages.TryDequeue(out var page))
        {
            await visitor.Open(world.Fill(page));
            faults.AddRange(await visitor.Faults());
            if (await visitor.Page.EvaluateAsync<int>("document.documentElement.scrollWidth") > width)
            {
                faults.Add($"{page}: wider than the screen of {width} pixels");
            }

            await Show(visitor, who, page, width, isDark);

            // What a table leads to is a page as well; one of each kind.
            var links = await visitor.Page.Locator("main table tbody a").EvaluateAllAsync<string[]>(
                "links => links.map(link => link.getAttribute('href')).filter(to => !to.includes('?'))");
            foreach (var link in links.Where(link => known.Add(Shape(link))))
            {
                pages.Enqueue(link);
            }
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Theory]
    [InlineData("/console/sign-in")]
    [InlineData("/console/forgotten")]
    [InlineData("/console/invitation")]
    [InlineData("/console/password-reset")]
    public async Task A_page_before_signing_in_is_good_for_everybody(string page)
    {
        await using var visitor = await chromium.Visit(world.Origin, width: 390);
        await visitor.Open(page);
        Assert.Empty(await visitor.Faults());
    }

    [Fact]
    public async Task Each_sees_only_their_own_pages()
    {
        foreach (var person in Forbidden.GroupBy(one => one.Who))
        {
            await using var visitor = await chromium.Visit(world.Origin);
            await visitor.SignIn(world.Address(person.Key), world.Password);
            foreach (var (_, page, status) in person)
            {
                await visitor.Open(world.Fill(page), status);
                Assert.Empty(await visitor.Faults());
            }

            await visitor.Open("/console");
            Assert.Equal(0, await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Approvals" }).CountAsync());
        }
    }

    [Theory]
    [InlineData("billing", "Earnings,Payouts", "Members,API keys,Audit log,Settings", false)]
    [InlineData("editor", "Locations,Offers", "Earnings,Payouts,Members,API keys,Audit log,Settings", true)]
    [InlineData("manager", "Earnings,Members,API keys,OAuth clients", "Audit log,Settings", true)]
    public async Task A_role_invited_here_sees_its_pages_alone(string role, string seen, string unseen, bool mayCreate)
    {
        await using var owner = await chromium.Visit(world.Origin);
        await owner.SignIn(world.Address("advertiser"), world.Password);
        await owner.Open(world.Fill("/console/{advertiser}/members"));
        await owner.Fill("Mail address", $"{role}@demo.example");
        await owner.Page.GetByLabel("Role").SelectOptionAsync(role);
        await owner.Click("Invite");
        var link = new Uri(await owner.Page.Locator("#secret-0").InnerTextAsync());
        Assert.Empty(await owner.Faults());

        await using var visitor = await chromium.Visit(world.Origin);
        await visitor.Open(link.PathAndQuery + link.Fragment);
        await visitor.Page.GetByLabel("Your name").FillAsync("Newcomer");
        await visitor.Page.GetByLabel("A password of your own").FillAsync("a long enough password");
        await visitor.Click("Accept");
        await visitor.Sees("Welcome");
        await visitor.SignIn($"{role}@demo.example", "a long enough password");
        var links = await visitor.Page.Locator("nav[aria-label=Pages] a").AllInnerTextsAsync();
        Assert.Superset(seen.Split(',').ToHashSet(), links.ToHashSet());
        Assert.Empty(links.Intersect(unseen.Split(',')));
        Assert.Equal(
            mayCreate ? 1 : 0, await visitor.Page.GetByText("New campaign", new() { Exact = true }).CountAsync());
        foreach (var hidden in new[] { ("Audit log", "audit"), ("Members", "members"), ("Earnings", "earnings") }
            .Where(one => unseen.Contains(one.Item1, StringComparison.Ordinal)))
        {
            await visitor.Open(world.Fill("/console/{advertiser}/" + hidden.Item2), status: 403);
        }
    }

    [Fact]
    public async Task Without_script_every_figure_is_there()
    {
        await using var visitor = await chromium.Visit(world.Origin, hasScript: false);
        await visitor.SignIn(world.Address("advertiser"), world.Password);
        await visitor.Sees("Spend, impressions and clicks by day");
        Assert.True(await visitor.Page.Locator("table[data-chart] tbody tr").First.IsVisibleAsync());
        await visitor.Page.GetByLabel("Name contains").FillAsync("espresso");
        await visitor.Click("Search");
        Assert.Equal(1, await visitor.Page.Locator("table[data-name=campaigns] tbody tr").CountAsync());
        await visitor.Follow("Espresso all year");
        await visitor.Sees("By location");
    }

    [Fact]
    public async Task Figures_are_in_the_browsers_own_language()
    {
        await using var visitor = await chromium.Visit(world.Origin, locale: "de-DE");
        await visitor.SignIn(world.Address("retailer"), world.Password);
        await visitor.Open(world.Fill("/console/{retailer}/earnings"));
        var money = await visitor.Page.Locator("data.money").First.InnerTextAsync();
        Assert.Matches(@"^[\d.]+,\d\d\s\$$", money);
    }

    [Fact]
    public async Task Another_theme_is_kept()
    {
        await using var visitor = await chromium.Visit(world.Origin);
        await visitor.SignIn(world.Address("retailer"), world.Password);
        await visitor.Page.Locator(".menu summary").ClickAsync();
        await visitor.Click("Dark");
        await Assertions.Expect(visitor.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        Assert.Empty(await visitor.Faults());
    }

    /// <summary>A page's address without the ids and parameters in it.</summary>
    private static string Shape(string address) =>
        string.Join('/', address.Split('?')[0].Split('/').Select(part => part.Length is > 6 and < 23
            && (part.Any(char.IsDigit) || part.Any(char.IsUpper)) ? "{id}" : part));

    private static string[] Pages(string who) => who switch
    {
        "advertiser" => AdvertiserPages,
        "retailer" => RetailerPages,
        _ => OperatorPages,
    };

    /// <summary>For people to look at, after the tests: artifacts/console.</summary>
    private static async Task Show(Visitor visitor, string who, string page, int width, bool isDark)
    {
        var name = string.Concat(
            page["/console".Length..].Select(letter => char.IsLetterOrDigit(letter) ? letter : '-'));
        await visitor.Page.ScreenshotAsync(new PageScreenshotOptions
        {
            Path = Path.Combine(
                Repository.Root, "artifacts", "console", $"{who}{name}-{width}-{(isDark ? "dark" : "light")}.png"),
            FullPage = true,
        });
    }
}
