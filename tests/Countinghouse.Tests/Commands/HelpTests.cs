using Countinghouse.Support;

namespace Countinghouse.Commands;

public sealed class HelpTests
{
    [Theory]
    [InlineData("")]
    [InlineData("serve")]
    [InlineData("organizations")]
    [InlineData("organizations create")]
    [InlineData("organizations list")]
    [InlineData("keys")]
    [InlineData("keys create")]
    [InlineData("keys list")]
    [InlineData("keys revoke")]
    [InlineData("users")]
    [InlineData("users invite")]
    [InlineData("users list")]
    [InlineData("users reset")]
    [InlineData("adjustments")]
    [InlineData("adjustments list")]
    [InlineData("adjustments event")]
    [InlineData("adjustments days")]
    [InlineData("adjustments amount")]
    [InlineData("payouts")]
    [InlineData("payouts preview")]
    [InlineData("payouts confirm")]
    [InlineData("payouts cancel")]
    [InlineData("payouts list")]
    [InlineData("payouts show")]
    [InlineData("payouts bank-file")]
    [InlineData("payouts paid")]
    [InlineData("payouts failed")]
    [InlineData("payouts retry")]
    [InlineData("payouts account")]
    [InlineData("payouts hold")]
    [InlineData("payouts release")]
    [InlineData("payouts stop")]
    [InlineData("payouts resume")]
    [InlineData("payouts reconcile")]
    [InlineData("payouts differences")]
    [InlineData("close")]
    [InlineData("export")]
    [InlineData("export events")]
    [InlineData("export rollups")]
    [InlineData("export shares")]
    [InlineData("import")]
    [InlineData("traffic")]
    [InlineData("traffic load")]
    [InlineData("traffic show")]
    [InlineData("traffic clear")]
    [InlineData("fake-stripe")]
    [InlineData("config")]
    [InlineData("config show")]
    [InlineData("config check")]
    [InlineData("doctor")]
    [InlineData("health")]
    public async Task Every_command_explains_itself_with_an_example(string command)
    {
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

        var ended = await TestProgram.Run([.. words, "--help"]);

        Assert.Equal(0, ended.Code);
        Assert.Empty(ended.Error);
        Assert.Contains("Description:", ended.Output);
        Assert.Contains($"Usage:\n  {string.Join(' ', words.Prepend("countinghouse"))}", ended.Output);
        Assert.Contains($"Examples:\n  {string.Join(' ', words.Prepend("countinghouse"))}", ended.Output);
    }

    [Fact]
    public async Task Help_shows_defaults_and_never_a_connection_string()
    {
        var environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_URLS"] = "http://127.0.0.1:8123",
            ["COUNTINGHOUSE_DATA"] = "/srv/ads",
            ["COUNTINGHOUSE_POSTGRES"] = "Host=db;Password=never_shown",
        };

        var ended = await TestProgram.Run(environment, "--help");

        Assert.Contains("[default: http://127.0.0.1:8123]", ended.Output);
        Assert.Contains("[default: /srv/ads]", ended.Output);
        Assert.DoesNotContain("never_shown", ended.Output);
    }

    [Theory]
    [InlineData("--bogus", "'--bogus'")]
    [InlineData("bogus", "'bogus'")]
    [InlineData("serve --bogus 1", "'--bogus'")]
    [InlineData("keys", "command")]
    [InlineData("keys bogus", "'bogus'")]
    [InlineData("--urls", "--urls")]
    [InlineData("--urls nowhere", "'nowhere'")]
    [InlineData("--urls http://127.0.0.1:99999", "99999")]
    [InlineData("--urls ftp://127.0.0.1:1", "http and https")]
    [InlineData("--demo-scale 0", "--demo-scale")]
    [InlineData("--demo-scale many", "--demo-scale")]
    [InlineData("keys create", "'--organization'")]
    [InlineData("keys create --organization 1 --kind csb --role manager", "--organization")]
    [InlineData("keys create --organization CXvDk7dyZhWZ7U5u4E3S9F --kind csu --role manager", "--kind")]
    [InlineData("keys create --organization CXvDk7dyZhWZ7U5u4E3S9F --kind csb --role owner", "--role")]
    [InlineData("keys list --organization", "--organization")]
    [InlineData("keys revoke", "revoke")]
    [InlineData("keys revoke 1", "KEY_ID")]
    [InlineData("users", "command")]
    [InlineData("users invite --organization CXvDk7dyZhWZ7U5u4E3S9F --email kim --role owner", "--email")]
    [InlineData("users invite --organization CXvDk7dyZhWZ7U5u4E3S9F --email k@example.com --role king", "--role")]
    [InlineData("users reset kim", "EMAIL")]
    [InlineData("adjustments", "command")]
    [InlineData("adjustments list 1", "CAMPAIGN_ID")]
    [InlineData("adjustments event CXvDk7dyZhWZ7U5u4E3S9F 1 --reason x", "EVENT_ID")]
    [InlineData("adjustments event CXvDk7dyZhWZ7U5u4E3S9F CXvDk7dyZhWZ7U5u4E3S9F", "'--reason'")]
    [InlineData("adjustments amount CXvDk7dyZhWZ7U5u4E3S9F --amount -0.001 --date 2026-08-01 --reason x", "--amount")]
    [InlineData("payouts", "command")]
    [InlineData("payouts preview --organization 1", "--organization")]
    [InlineData("payouts confirm CXvDk7dyZhWZ7U5u4E3S9F", "'--fingerprint'")]
    [InlineData("payouts confirm 1 --fingerprint x", "RUN")]
    [InlineData("payouts list --state ready", "READY")]
    [InlineData("payouts show 1", "PAYOUT")]
    [InlineData("payouts account CXvDk7dyZhWZ7U5u4E3S9F --provider paypal --destination x", "--provider")]
    [InlineData("payouts hold CXvDk7dyZhWZ7U5u4E3S9F", "'--reason'")]
    [InlineData("payouts stop", "'--reason'")]
    [InlineData("close 2026-13", "MONTH")]
    [InlineData("export", "command")]
    [InlineData("export events --from yesterday", "--from")]
    [InlineData("export events --format xml", "--format")]
    [InlineData("import", "import")]
    [InlineData("import a.csv --organization 1", "--organization")]
    [InlineData("traffic load --list agents -", "--list")]
    [InlineData("traffic load --list agent", "load")]
    [InlineData("traffic clear --list own-network --organization 1", "--organization")]
    [InlineData("fake-stripe --urls https://127.0.0.1:1", "http")]
    [InlineData("fake-stripe --webhook-url nowhere --webhook-secret whsec_1", "--webhook-url")]
    [InlineData("fake-stripe --webhook-url http://127.0.0.1:1", "--webhook-secret")]
    public async Task A_wrong_word_is_one_line_and_exit_code_2(string words, string named)
    {
        var ended = await TestProgram.Run(words.Split(' '));

        Assert.Equal(2, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(named, Assert.Single(ended.ErrorLines));
    }
}
