namespace Countinghouse.Ingest;

public sealed class TrafficRulesTests
{
    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148")]
    [InlineData("Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0")]
    [InlineData("Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0")]
    [InlineData("Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16")]
    public void Browsers_are_let_be(string agent) => Assert.Equal(EventReason.None, TrafficRules.Judge(agent));

    [Theory]
    [InlineData("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")]
    [InlineData("Mozilla/5.0 (compatible; bingbot/2.0)")]
    [InlineData("Mozilla/5.0 (Linux; Android 9; CUBOT_X19; compatible; AdsBot-Google-Mobile)")]
    [InlineData("facebookexternalhit/1.1")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/138.0 Safari/537.36")]
    [InlineData("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0")]
    [InlineData("Mozilla/5.0 (compatible; Baiduspider-render/2.0)")]
    public void Declared_bots_are_found(string agent) =>
        Assert.Equal(EventReason.DeclaredBot, TrafficRules.Judge(agent));

    [Theory]
    [InlineData("")]
    [InlineData("curl/8.5.0")]
    [InlineData("MyShopApp/3.1 CFNetwork/1410 Darwin/22.6.0")]
    [InlineData("Mozilla/5.0")]
    [InlineData("Mozilla/5.0 (Windows NT; Windows NT 10.0; de-DE) WindowsPowerShell/5.1.19041.1")]
    [InlineData("okhttp/4.12.0")]
    [InlineData("python-requests/2.32")]
    public void Programs_are_found(string agent) =>
        Assert.Equal(EventReason.NonBrowserAgent, TrafficRules.Judge(agent));

    [Fact]
    public void A_prefetch_is_one_whatever_the_agent()
    {
        Assert.Equal(EventReason.Prefetch, TrafficRules.Judge("curl/8.5.0", isPrefetch: true));
        Assert.Equal(EventReason.NonBrowserAgent, TrafficRules.Judge("curl/8.5.0", isPrefetch: false));
    }

    [Fact]
    public void A_change_of_the_rules_raises_their_version() => Assert.Equal(3, TrafficRules.Version);
}
