using System.CommandLine;
using Countinghouse.Commands.Configuring;

namespace Countinghouse.Commands;

/// <summary>The options that choose the database and change settings, declared once for all commands.</summary>
internal static class DatabaseOptions
{
    /// <summary>Where to answer; for commands that have to know.</summary>
    public static readonly Option<string> Urls = new("--urls")
    {
        Description = "Addresses to answer on, separated by semicolons; port 0 takes a free one "
            + "[environment: COUNTINGHOUSE_URLS]",
        HelpName = "URLS",
        DefaultValueFactory = _ => FromEnvironment("COUNTINGHOUSE_URLS") ?? ServerSettings.DefaultUrl,
        Validators =
        {
            result =>
            {
                // What is not given here is checked with the other settings.
                if (!result.Implicit
                    && result.GetValueOrDefault<string>() is { } urls && Addresses.Complaint(urls) is { } complaint)
                {
                    result.AddError(complaint);
                }
            },
        },
    };

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Folder of the SQLite database [environment: COUNTINGHOUSE_DATA]",
        HelpName = "DIR",
        DefaultValueFactory = _ => FromEnvironment("COUNTINGHOUSE_DATA") ?? ServerSettings.DefaultDataDirectory,
    };

    // No default value in the library's sense: the help prints those, and this one holds a password.
    private static readonly Option<string?> Postgres = new("--postgres")
    {
        Description = "Use this PostgreSQL database instead [environment: COUNTINGHOUSE_POSTGRES]",
        HelpName = "CONNECTION",
    };

    private static readonly Option<string?> Config = new("--config")
    {
        Description = "Read settings from this JSON file [environment: COUNTINGHOUSE_CONFIG; else "
            + $"{SettingSources.InstalledFile} if it is there, else appsettings.json beside the program]",
        HelpName = "FILE",
    };

    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "Change a setting, such as RateLimits:KeyPerMinute=600; may be repeated "
            + "[environment: COUNTINGHOUSE_<section>__<setting>]",
        HelpName = "SETTING=VALUE",
        Validators =
        {
            result =>
            {
                if (result.Tokens.Any(token => token.Value.IndexOf('=', StringComparison.Ordinal) < 1))
                {
                    result.AddError("--set takes a setting and its value: --set Section:Setting=value.");
                }
            },
        },
    };

    public static void AddTo(Command command)
    {
        command.Options.Add(Data);
        command.Options.Add(Postgres);
        command.Options.Add(Config);
        command.Options.Add(Set);
    }

    /// <summary>For a command on the SQLite file, which the environment's PostgreSQL does not concern.</summary>
    public static void AddDataTo(Command command)
    {
        command.Options.Add(Data);
        command.Options.Add(Config);
        command.Options.Add(Set);
    }

    /// <summary>What <see cref="AddDataTo"/> asks for.</summary>
    public static ServerSettings ReadData(ParseResult line) => Read(line) with { Postgres = null };

    /// <summary>What the options, the environment and the configuration file say together.</summary>
    public static ServerSettings Read(ParseResult line)
    {
        List<(string Name, string Value, string Option)> values =
        [
            .. (line.GetValue(Set) ?? []).Select(text => text.Split('=', 2)).Select(two => (two[0], two[1], "--set")),
        ];
        Add(line, Urls, nameof(PlaceOptions.Urls), values);
        Add(line, Data, nameof(PlaceOptions.Data), values);
        Add(line, Postgres, nameof(PlaceOptions.Postgres), values);
        return ServerSettings.Of(ProgramConfiguration.Read(new SettingArguments(line.GetValue(Config), values)));
    }

    /// <summary>A variable that is set to nothing counts as not set.</summary>
    public static string? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static void Add<T>(
        ParseResult line, Option<T> option, string setting, List<(string Name, string Value, string Option)> values)
    {
        if (line.GetResult(option) is { Implicit: false } && line.GetValue(option) is string value)
        {
            values.Add((setting, value, option.Name));
        }
    }
}
