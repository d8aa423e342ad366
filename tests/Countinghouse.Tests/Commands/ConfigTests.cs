using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Countinghouse.Commands.Configuring;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public sealed partial class ConfigTests : IDisposable
{
    private const string Secret = "sk_live_never_shown";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-config-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("serve --urls http://127.0.0.1:0")]
    [InlineData("config check")]
    [InlineData("config show")]
    [InlineData("organizations list")]
    public async Task Everything_that_is_wrong_is_said_at_once(string command)
    {
        var file = Write("wrong.json", $$"""
            {
              // A comment, and a comma too many.
              "Http": { "ConectionsMax": 5, "ConnectionsMax": "many", "TrustedProxies": ["10.0.0.1"], },
              "Accounts": { "SmtpHost": "mail.example", "SmtpPassword": "{{Secret}}", "SmtpTls": "Sometimes" },
              "Payouts": { "StripeUrl": "nonsense", "StripeSecretKy": "{{Secret}}" },
              "RevenueShare": { "DefaultFeeRate": "a lot" },
              "Postgres": "Host=x;Pasword={{Secret}}",
              "Logging": { "LogLevel": { "Default": "Loud" } }
            }
            """);
        var environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_Ingst__FlushEventsMax"] = "2000",
            ["COUNTINGHOUSE_Http__RequestSecondsMax"] = "1",
            ["COUNTINGHOUSE_Payouts__StripeWebhookSecret_FILE"] = "/nowhere/secret",
            ["COUNTINGHOUSE_POSTGRE"] = Secret,
        };

        var ended = await TestProgram.Run(
            environment,
            [
                .. command.Split(' '), "--config", file, "--data", _folder.FullName, "--set",
                "SessionIdleMinutes=5", "--set", "Access:SessionHours=1000",
            ]);

        Assert.Equal(1, ended.Code);
        Assert.DoesNotContain("   at ", ended.Error);
        Assert.DoesNotContain(Secret, ended.Error + ended.Output);
        Assert.Equal(["wrong.json"], _folder.EnumerateFileSystemInfos().Select(one => one.Name));
        string[] expected =
        [
            $"There is no setting Http:ConectionsMax (file {file}). Did you mean Http:ConnectionsMax?",
            $"Http:ConnectionsMax is 'many' (file {file}); it must be a whole number from 10 to 1000000.",
            $"Http:TrustedProxies (file {file}) has one value, not several.",
            "Accounts:SmtpFrom (default): SmtpFrom must be a mail address: name@domain, in ASCII, at most 254 "
                + "characters, when SmtpHost is set.",
            $"Accounts:SmtpTls is 'Sometimes' (file {file}); it must be None, StartTls, Tls.",
            $"Payouts:StripeUrl is 'nonsense' (file {file}); it must be an address with http:// or https://.",
            $"There is no setting Payouts:StripeSecretKy (file {file}). Did you mean Payouts:StripeSecretKey?",
            $"RevenueShare:DefaultFeeRate is 'a lot' (file {file}): DefaultFeeRate must be a fraction such as 0.15.",
            $"Logging:LogLevel:Default (file {file}) must be Trace, Debug, Information, Warning, Error, Critical, "
                + "None.",
            "There is no setting Ingst:FlushEventsMax (environment COUNTINGHOUSE_Ingst__FlushEventsMax). "
                + "Did you mean Ingest:FlushEventsMax?",
            "Http:RequestSecondsMax is '1' (environment COUNTINGHOUSE_Http__RequestSecondsMax); "
                + "it must be a whole number from 5 to 600.",
            "There is no setting POSTGRE (environment COUNTINGHOUSE_POSTGRE). Did you mean Postgres?",
            "There is no setting SessionIdleMinutes (option --set). Did you mean Access:SessionIdleMinutes?",
            "Access:SessionHours is '1000' (option --set); it must be a whole number from 1 to 720.",
        ];
        Assert.Empty(expected.Except(ended.ErrorLines));
        Assert.Contains("COUNTINGHOUSE_Payouts__StripeWebhookSecret_FILE cannot be read", ended.Error);
        Assert.Contains($"Postgres (file {file}): the connection string cannot be read: ", ended.Error);
        Assert.Equal(expected.Length + 2, ended.ErrorLines.Length);
    }

    [Fact]
    public async Task An_option_goes_before_the_environment_that_before_secrets_and_those_before_the_file()
    {
        var file = Write("c.json", """
            { "RateLimits": { "KeyPerMinute": 1, "KeyPerDay": 1, "AddressPerMinute": 1, "SignInPerMinute": 1 } }
            """);
        var secrets = _folder.CreateSubdirectory("secrets");
        foreach (var name in new[] { "KeyPerMinute", "KeyPerDay", "AddressPerMinute" })
        {
            await File.WriteAllTextAsync(Path.Combine(secrets.FullName, $"RateLimits__{name}"), "2\n");
        }

        var environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_RateLimits__KeyPerMinute"] = "3",
            ["COUNTINGHOUSE_RATELIMITS__KEYPERDAY"] = "3",
            ["COUNTINGHOUSE_RateLimits__PublishablePerDay"] = "",
            ["COUNTINGHOUSE_CONFIG"] = file,
            ["COUNTINGHOUSE_SECRETS"] = secrets.FullName,
        };

        var shown = await Show(environment, "--set", "RateLimits:KeyPerMinute=4");

        Assert.Equal(("4", "option --set"), shown["RateLimits:KeyPerMinute"]);
        Assert.Equal(("3", "environment COUNTINGHOUSE_RATELIMITS__KEYPERDAY"), shown["RateLimits:KeyPerDay"]);
        Assert.Equal(
            ("2", $"secret file {secrets.FullName}/RateLimits__AddressPerMinute"),
            shown["RateLimits:AddressPerMinute"]);
        Assert.Equal(("1", $"file {file}"), shown["RateLimits:SignInPerMinute"]);
        Assert.Equal(("10000", "default"), shown["RateLimits:PublishablePerDay"]);
    }

    [Fact]
    public async Task Data_and_urls_stand_in_the_file_too_and_their_options_go_before_it()
    {
        var file = Write("c.json", """{ "Data": "/srv/ads", "Urls": "http://127.0.0.1:1" }""");

        var fromFile = await Show(null, "--config", file);
        var fromOption = await Show(null, "--config", file, "--data", "/srv/other", "--urls", "http://127.0.0.1:2");

        Assert.Equal(("/srv/ads", $"file {file}"), fromFile["Data"]);
        Assert.Equal(("http://127.0.0.1:1", $"file {file}"), fromFile["Urls"]);
        Assert.Equal(("/srv/other", "option --data"), fromOption["Data"]);
        Assert.Equal(("http://127.0.0.1:2", "option --urls"), fromOption["Urls"]);
    }

    [Fact]
    public async Task Secrets_are_read_from_files_and_never_shown()
    {
        var secret = Write("key", Secret + "\n");
        var credentials = _folder.CreateSubdirectory("credentials");
        await File.WriteAllTextAsync(Path.Combine(credentials.FullName, "Payouts__StripeWebhookSecret"), Secret);
        await File.WriteAllTextAsync(Path.Combine(credentials.FullName, "tls.key"), "somebody else's");
        var environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_Payouts__StripeSecretKey_FILE"] = secret,
            ["CREDENTIALS_DIRECTORY"] = credentials.FullName,
            ["COUNTINGHOUSE_POSTGRES"] = $"Host=db;Password={Secret}",
            ["COUNTINGHOUSE_Payouts__StripeUrl"] = $"https://user:{Secret}@stripe.example",
        };

        var shown = await Show(environment);
        var json = await TestProgram.Run(environment, "config", "show", "--json");

        Assert.Equal(
            ("set", $"file {secret} of environment COUNTINGHOUSE_Payouts__StripeSecretKey_FILE"),
            shown["Payouts:StripeSecretKey"]);
        Assert.Equal("set", shown["Payouts:StripeWebhookSecret"].Value);
        Assert.Equal("set", shown["Postgres"].Value);
        Assert.Equal("not set", shown["Accounts:SmtpPassword"].Value);
        Assert.Equal("https://***@stripe.example", shown["Payouts:StripeUrl"].Value);
        Assert.Equal(0, json.Code);
        Assert.DoesNotContain(Secret, json.Output);
        Assert.Contains(
            JsonDocument.Parse(json.Output).RootElement.EnumerateArray(),
            one => one.GetProperty("setting").GetString() == "Postgres" && one.GetProperty("secret").GetBoolean());
    }

    [Fact]
    public async Task A_secret_given_twice_or_from_a_misspelt_file_is_refused()
    {
        var secret = Write("key", Secret);
        Write("Payouts__StripeSecretKy", Secret);
        var environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_Payouts__StripeSecretKey_FILE"] = secret,
            ["COUNTINGHOUSE_Payouts__StripeSecretKey"] = Secret,
            ["COUNTINGHOUSE_SECRETS"] = _folder.FullName,
        };

        var ended = await TestProgram.Run(environment, "config", "check");

        Assert.Equal(1, ended.Code);
        Assert.Equal(2, ended.ErrorLines.Length);
        Assert.Contains("Payouts:StripeSecretKey is given twice", ended.Error);
        Assert.Contains("Did you mean Payouts:StripeSecretKey?", ended.Error);
        Assert.DoesNotContain(Secret, ended.Error);
    }

    [Theory]
    [InlineData("""{ "Http": {""", "LineNumber")]
    [InlineData("[]", "")]
    [InlineData("""{ "Urls": "http://127.0.0.1:1", "urls": "http://127.0.0.1:2" }""", "duplicate")]
    [InlineData(null, "Could not find file")]
    public async Task A_file_that_cannot_be_read_is_one_line(string? content, string why)
    {
        var file = content is null ? Path.Combine(_folder.FullName, "none.json") : Write("c.json", content);

        var ended = await TestProgram.Run("config", "check", "--config", file);

        Assert.Equal(1, ended.Code);
        var line = Assert.Single(ended.ErrorLines);
        Assert.StartsWith($"The configuration file '{file}' cannot be read: ", line);
        Assert.Contains(why, line);
    }

    [Fact]
    public async Task Settings_that_contradict_are_said_by_their_names()
    {
        var ended = await TestProgram.Run("config", "check", "--set", "Retention:JournalMonths=1");

        Assert.Equal(1, ended.Code);
        Assert.Equal(2, ended.ErrorLines.Length);
        Assert.StartsWith("Retention:JournalMonths is '1' (option --set): ", ended.ErrorLines[0]);
        Assert.StartsWith("Retention:ArchiveDirectory (default): ", ended.ErrorLines[1]);
    }

    [Fact]
    public async Task An_address_with_https_contradicts_having_no_certificate()
    {
        var ended = await TestProgram.Run("config", "check", "--urls", "https://127.0.0.1:8443");

        Assert.Equal(1, ended.Code);
        Assert.Contains("Http:CertificateFile", Assert.Single(ended.ErrorLines));
    }

    [Fact]
    public async Task Nothing_given_is_right_and_every_setting_has_a_meaning()
    {
        var check = await TestProgram.Run("config", "check");
        var show = await TestProgram.Run("config", "show", "--json");

        Assert.Equal((0, ""), (check.Code, check.Error));
        Assert.StartsWith("Nothing is wrong", check.Output);
        var settings = JsonDocument.Parse(show.Output).RootElement.EnumerateArray().ToList();
        Assert.Equal(Setting.Known.Count, settings.Count);
        Assert.Empty(settings
            .Where(one => one.GetProperty("meaning").GetString() is null or "")
            .Select(one => one.GetProperty("setting").GetString()));
    }

    /// <summary>An options class that nobody validates at start would leave its limit unsaid.</summary>
    [Fact]
    public async Task Every_limit_is_held_at_the_start()
    {
        var limited = Setting.Known
            .Select(setting => (setting.Name, Range: setting.Property.GetCustomAttribute<RangeAttribute>()))
            .Where(setting => setting.Range is not null)
            .ToList();

        var ended = await TestProgram.Run(
            ["config", "check", .. limited.SelectMany(one => new[] { "--set", $"{one.Name}={Below(one.Range!)}" })]);

        Assert.NotEmpty(limited);
        Assert.Equal(1, ended.Code);
        Assert.Empty(limited.Where(one => !ended.Error.Contains($"{one.Name} is '")).Select(one => one.Name));
        Assert.Equal(limited.Count, ended.ErrorLines.Length);
    }

    [Fact]
    public void Every_setting_stands_in_the_manual_with_its_default()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "docs", "operating.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length >= 4)
            .SelectMany(cells => Named(cells[1], cells[2]))
            .ToLookup(row => row.Name, row => row.Default);

        Assert.Empty(Setting.Known.Select(setting => setting.Name).Except(rows.Select(row => row.Key)));
        Assert.Empty(rows.Select(row => row.Key).Where(IsOurs).Except(Setting.Known.Select(setting => setting.Name)));
        Assert.Empty(Setting.Known
            .Where(setting => !rows[setting.Name].Any(text => Says(text, setting)))
            .Select(setting => $"{setting.Name}: {setting.Default}, not {rows[setting.Name].FirstOrDefault()}"));
    }

    [Theory]
    [InlineData("--set nothing")]
    [InlineData("--set =5")]
    public async Task Set_wants_a_setting_and_a_value(string words)
    {
        var ended = await TestProgram.Run(["config", "check", .. words.Split(' ')]);

        Assert.Equal(2, ended.Code);
        Assert.Contains("Section:Setting=value", Assert.Single(ended.ErrorLines));
    }

    private static string Below(RangeAttribute range) =>
        (Convert.ToInt32(range.Minimum, CultureInfo.InvariantCulture) - 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>"`Section:One` / `Two`" with the defaults "1 / 2" are two settings.</summary>
    private static IEnumerable<(string Name, string Default)> Named(string names, string defaults)
    {
        var found = Code().Matches(names).Select(match => match.Groups[1].Value).ToList();
        var texts = defaults.Split(" / ").Length == found.Count ? defaults.Split(" / ") : defaults.Split(", ");
        var section = found[0].Contains(':') ? found[0][..(found[0].IndexOf(':') + 1)] : "";
        return found.Select((name, index) => (
            name.Contains(':') ? name : section + name,
            texts.Length == found.Count ? texts[index] : defaults));
    }

    private static bool IsOurs(string name) => Setting.Known.Any(
        setting => setting.Name.Contains(':') && name.StartsWith(setting.Name.Split(':')[0] + ":"));

    private static bool Says(string text, Setting setting) =>
        text.Trim('`') is var plain && (plain == setting.Default
            || (plain == "none" && setting.Default.Length == 0)
            || (plain == "Stripe's" && setting.Name == "Payouts:StripeUrl"));

    private static async Task<Dictionary<string, (string Value, string Source)>> Show(
        Dictionary<string, string>? environment, params string[] arguments)
    {
        var ended = await TestProgram.Run(environment, ["config", "show", .. arguments]);
        Assert.Equal((0, ""), (ended.Code, ended.Error));
        Assert.DoesNotContain(Secret, ended.Output);
        return ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(line => line.Split('\t'))
            .ToDictionary(cells => cells[0], cells => (cells[1], cells[2]));
    }

    private string Write(string name, string content)
    {
        var file = Path.Combine(_folder.FullName, name);
        File.WriteAllText(file, content);
        return file;
    }

    [GeneratedRegex("`([A-Za-z:]+)`")]
    private static partial Regex Code();
}
