using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Countinghouse.WebConsole;

/// <summary>The machine's own Chromium, one for all tests of pages; ./test installs it and says where it is.</summary>
public sealed class Chromium : IAsyncLifetime
{
    public const string Path = "COUNTINGHOUSE_TEST_CHROMIUM";

    private const float PatienceMilliseconds = 30_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        var path = Environment.GetEnvironmentVariable(Path);
        Assert.True(
            path is { Length: > 0 } && File.Exists(path),
            $"There is no Chromium: install it (apt install chromium), or set {Path} to its path.");
        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(PatienceMilliseconds);
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = path,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        });
    }

    public async Task DisposeAsync()
    {
        await (_browser?.CloseAsync() ?? Task.CompletedTask);
        _playwright?.Dispose();
    }

    /// <summary>A browser nobody has signed in with yet.</summary>
    public async Task<Visitor> Visit(
        Uri origin, int width = 1280, bool isDark = false, string locale = "en-US", bool hasScript = true)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = origin.ToString(),
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
            Locale = locale,
            JavaScriptEnabled = hasScript,
        });
        context.SetDefaultTimeout(PatienceMilliseconds);
        return new Visitor(await context.NewPageAsync(), origin);
    }
}

[CollectionDefinition(Name)]
public sealed class ChromiumCollection : ICollectionFixture<Chromium>
{
    public const string Name = "Chromium";
}

/// <summary>Somebody at a browser. Whatever a page complains of, or asks of another host, fails the test.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private static readonly string[] Serious = ["serious", "critical"];

    private readonly List<string> _complaints = [];

    public Visitor(IPage page, Uri origin)
    {
        Page = page;
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            // A refused form is a 4xx, and the browser says so each time.
            if (message.Type == "error" && !message.Text.Contains("the server responded with a status of 4"))
            {
                _complaints.Add(message.Text);
            }
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(origin.ToString(), StringComparison.Ordinal)
                && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                _complaints.Add($"asks another host: {request.Url}");
            }
        };
    }

    public IPage Page { get; }

    public async Task SignIn(string email, string password)
    {
        await Page.GotoAsync("/console/sign-in");
        await Page.GetByLabel("Mail address").FillAsync(email);
        await Page.GetByLabel("Password").FillAsync(password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(Page.Locator("header.top")).ToBeVisibleAsync();
    }

    public Task SignOut() => Page.Context.ClearCookiesAsync();

    /// <summary>Opens a page and expects it to be answered so.</summary>
    public async Task Open(string path, int status = 200)
    {
        var answer = await Page.GotoAsync(path);
        Assert.True(answer!.Status == status, $"{path}: {answer.Status}\n{await Page.InnerTextAsync("body")}");
    }

    public Task Fill(string label, string text) => Page.GetByLabel(label, new() { Exact = true }).FillAsync(text);

    public Task Click(string button) =>
        Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).First.ClickAsync();

    /// <summary>Opens what is asked twice.</summary>
    public Task Unfold(string title) =>
        Page.Locator("summary", new() { HasTextRegex = new Regex($"^\\s*{Regex.Escape(title)}\\s*$") }).First
            .ClickAsync();

    /// <summary>The button in what was unfolded.</summary>
    public Task Confirm() => Page.Locator("details.confirm[open] button[type=submit]").First.ClickAsync();

    public Task Follow(string link) =>
        Page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).First.ClickAsync();

    /// <summary>Waits for the text to be somewhere on the page.</summary>
    public Task Sees(string text) => Assertions.Expect(Page.Locator("body")).ToContainTextAsync(text);

    /// <summary>What axe finds of weight, and what the browser complained of; empty is good.</summary>
    public async Task<IReadOnlyList<string>> Faults()
    {
        var found = await Page.RunAxe();
        var faults = found.Violations
            .Where(violation => Serious.Contains(violation.Impact))
            .Select(violation => $"{new Uri(Page.Url).PathAndQuery}: {violation.Id}: {violation.Help}: "
                + string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html)))
            .Concat(_complaints.Select(complaint => $"{new Uri(Page.Url).PathAndQuery}: {complaint}"))
            .ToList();
        _complaints.Clear();
        return faults;
    }

    public async ValueTask DisposeAsync() => await Page.Context.CloseAsync();
}
