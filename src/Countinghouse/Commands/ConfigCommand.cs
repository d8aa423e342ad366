using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Countinghouse.Commands.Configuring;
using Countinghouse.Http;

namespace Countinghouse.Commands;

/// <summary>"config": what the program is set to, by whom, and whether that is right. No database is needed.</summary>
internal static class ConfigCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    private static readonly Option<bool> AsJson = new("--json")
    {
        Description = "Print JSON instead of a table",
    };

    /// <summary>A setting as it is printed; of a secret only whether it is set.</summary>
    private sealed record Line(
        string Setting, string Value, string Source, string Default, string Allowed, string Meaning, bool Secret);

    public static Command Create() => new DocumentedCommand(
        "config",
        "Show or check the settings: from options, environment, secret files and the configuration file.",
        """
        countinghouse config show
        countinghouse config check --config /etc/countinghouse/countinghouse.json
        """)
    {
        CreateShow(),
        CreateCheck(),
    };

    private static DocumentedCommand CreateShow()
    {
        var command = new DocumentedCommand(
            "show",
            "Show every setting: its value, where that comes from, its default and meaning. Secrets are not shown. "
                + "Ends with 1 when something is wrong.",
            """
            countinghouse config show
            countinghouse config show --json
            countinghouse config show --set RateLimits:KeyPerMinute=600 | grep -v default
            """)
        {
            AsJson,
        };
        command.Options.Add(DatabaseOptions.Urls);
        DatabaseOptions.AddTo(command);
        command.SetAction(Show);
        return command;
    }

    private static DocumentedCommand CreateCheck()
    {
        var command = new DocumentedCommand(
            "check",
            "Say everything that is wrong with the settings, one thing a line, and end with 1; or that nothing is.",
            """
            countinghouse config check
            countinghouse config check --config countinghouse.json
            """);
        command.Options.Add(DatabaseOptions.Urls);
        DatabaseOptions.AddTo(command);
        command.SetAction(Check);
        return command;
    }

    private static async Task<int> Show(ParseResult line, CancellationToken cancellation)
    {
        var settings = DatabaseOptions.Read(line);
        var configuration = settings.RequireConfiguration();
        var meanings = Meanings.Read();
        var lines = Setting.Known.Select(setting => ToLine(setting, configuration, meanings))
            .Concat(configuration.GivenLogLevels.Select(level => new Line(
                level.Name,
                level.Given.Value,
                level.Given.Source,
                "Warning",
                string.Join(", ", Enum.GetNames<LogLevel>()),
                "The least important messages of this category that are logged.",
                Secret: false)))
            .ToList();
        if (line.GetValue(AsJson))
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(lines, Json).AsMemory(), cancellation);
        }
        else
        {
            TextTable.Write(
                ["setting", "value", "source", "default", "meaning"],
                lines.Select(one => new[] { one.Setting, one.Value, one.Source, one.Default, one.Meaning }));
        }

        await Require(settings);
        return 0;
    }

    private static async Task<int> Check(ParseResult line, CancellationToken cancellation)
    {
        var settings = DatabaseOptions.Read(line);
        await Require(settings);
        var configuration = settings.RequireConfiguration();
        await Console.Out.WriteLineAsync(
            $"Nothing is wrong: {configuration.GivenCount} settings are given, the other "
            + $"{Setting.Known.Count(setting => configuration.ValueOf(setting).Source == "default")} have their "
            + $"defaults. Configuration file: {configuration.File ?? "none"}.");
        return 0;
    }

    /// <summary>Everything that "serve" would refuse, without a database.</summary>
    internal static async Task Require(ServerSettings settings)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(settings);
        Server.AddSlices(services, settings.RequireConfiguration().Root);
        services.AddHardening();
        await using var provider = services.BuildServiceProvider();
        settings.RequireConfiguration().Require(
            provider,
            Addresses.CertificateComplaint(settings.Urls, provider.GetRequiredService<ServerCertificate>));
    }

    private static Line ToLine(
        Setting setting, ProgramConfiguration configuration, IReadOnlyDictionary<string, string> meanings)
    {
        var (value, source) = configuration.ValueOf(setting);
        return new Line(
            setting.Name,
            setting.Show(value),
            source,
            setting.IsSecret ? "not set" : setting.Default,
            setting.OwnComplaint ?? setting.Allowed,
            meanings.GetValueOrDefault($"P:{setting.Property.DeclaringType}.{setting.Property.Name}", ""),
            setting.IsSecret);
    }
}
