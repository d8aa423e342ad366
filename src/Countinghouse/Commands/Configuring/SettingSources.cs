using System.Collections;
using System.Text.RegularExpressions;

namespace Countinghouse.Commands.Configuring;

/// <summary>A value that somebody gave a setting.</summary>
/// <param name="Value">The text.</param>
/// <param name="Source">Where it stands, for people.</param>
/// <param name="Path">The file it stands in; null when it is in none.</param>
internal sealed record Given(string Value, string Source, string? Path = null);

/// <summary>What the command line says about settings.</summary>
/// <param name="ConfigFile">--config; null when it is not given.</param>
/// <param name="Values">Setting, value and option, in the order given; a later one counts.</param>
internal sealed record SettingArguments(
    string? ConfigFile, IReadOnlyList<(string Name, string Value, string Option)> Values)
{
    public static readonly SettingArguments None = new(null, []);
}

/// <summary>
/// Reads settings from where they may stand. What cannot be read is a complaint and ends nothing, so that whoever
/// starts the program learns of everything at once.
/// </summary>
internal sealed partial class SettingSources(List<string> complaints)
{
    public const string EnvironmentPrefix = "COUNTINGHOUSE_";

    /// <summary>Names the file, as --config does.</summary>
    public const string ConfigVariable = EnvironmentPrefix + "CONFIG";

    /// <summary>Where a package puts the file; used when it is there and no other is named.</summary>
    public const string InstalledFile = "/etc/countinghouse/countinghouse.json";

    /// <summary>Where systemd puts the credentials of a unit (LoadCredential=).</summary>
    public const string CredentialsVariable = "CREDENTIALS_DIRECTORY";

    /// <summary>Of an environment variable that names the file with the value.</summary>
    private const string FileEnding = "_FILE";

    private const int SecretBytesMax = 64 * 1024;

    /// <summary>Variables of the tests and proofs begin so; they are no settings.</summary>
    private static readonly string[] NoSettings =
        ["TEST_", "PROOF_", "FUZZ_", "FAULTS_", "CLOCK_", "SABOTAGE", "FAILPOINT", "LOST_COMMITS"];

    /// <summary>The file that is in charge; null when there is none.</summary>
    public static string? FileInCharge(string? option)
    {
        var named = option ?? DatabaseOptions.FromEnvironment(ConfigVariable);
        var beside = Path.Combine(AppContext.BaseDirectory, "appsettings.json");
        return named ?? (File.Exists(InstalledFile) ? InstalledFile : File.Exists(beside) ? beside : null);
    }

    /// <summary>A JSON file, in which comments and trailing commas are allowed.</summary>
    public Dictionary<string, Given> ReadFile(string path)
    {
        var values = New();
        try
        {
            using var stream = File.OpenRead(path);
            foreach (var (name, value) in new ConfigurationBuilder().AddJsonStream(stream).Build().AsEnumerable())
            {
                // A section has no value; neither has "null", which is a way of saying nothing.
                if (value is not null)
                {
                    values[name] = new Given(value, $"file {path}", path);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException
            or System.Text.Json.JsonException)
        {
            complaints.Add($"The configuration file '{path}' cannot be read: {WithoutDetails(error)}");
        }

        return values;
    }

    /// <summary>COUNTINGHOUSE_Section__Setting, and the same with _FILE for a file that has the value.</summary>
    public Dictionary<string, Given> ReadEnvironment()
    {
        var values = New();
        var files = New();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            var (name, value) = ((string)variable.Key, (string?)variable.Value);
            if (!name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase)
                || name.Equals(ConfigVariable, StringComparison.OrdinalIgnoreCase)
                || NoSettings.Any(own => name[EnvironmentPrefix.Length..].StartsWith(own, StringComparison.Ordinal))
                || string.IsNullOrEmpty(value))
            {
                continue;
            }

            var setting = ToName(name[EnvironmentPrefix.Length..]);
            if (setting.EndsWith(FileEnding, StringComparison.Ordinal))
            {
                if (ReadSecret(value, name) is { } secret)
                {
                    var source = $"file {value} of environment {name}";
                    files[setting[..^FileEnding.Length]] = new Given(secret, source, value);
                }
            }
            else
            {
                values[setting] = new Given(value, $"environment {name}");
            }
        }

        foreach (var (setting, file) in files)
        {
            if (!values.TryAdd(setting, file))
            {
                complaints.Add(
                    $"{setting} is given twice: by {values[setting].Source} and by {file.Source}. Leave one of them.");
            }
        }

        return values;
    }

    /// <summary>A folder with a file for each value; files called after no setting are somebody else's.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="isNamed">True: it has to be there, and what looks like a setting has to be one.</param>
    public Dictionary<string, Given> ReadSecrets(string folder, bool isNamed)
    {
        var values = New();
        if (!Directory.Exists(folder))
        {
            if (isNamed)
            {
                complaints.Add($"Secrets names the folder '{folder}', which is not there or cannot be read.");
            }

            return values;
        }

        try
        {
            foreach (var file in Directory.EnumerateFiles(folder))
            {
                var setting = ToName(Path.GetFileName(file));
                if (setting.Contains(':', StringComparison.Ordinal) || ProgramConfiguration.IsKnown(setting))
                {
                    if (ReadSecret(file, "Secrets") is { } secret)
                    {
                        values[setting] = new Given(secret, $"secret file {file}", file);
                    }
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            complaints.Add($"The folder of secrets '{folder}' cannot be read: {WithoutDetails(error)}");
        }

        return values;
    }

    public static Dictionary<string, Given> Read(SettingArguments arguments)
    {
        var values = New();
        foreach (var (name, value, option) in arguments.Values)
        {
            values[name] = new Given(value, $"option {option}");
        }

        return values;
    }

    /// <summary>The content, without the line end that editors and shells add.</summary>
    private string? ReadSecret(string path, string namedBy)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > SecretBytesMax })
            {
                complaints.Add($"The secret file '{path}' of {namedBy} is larger than {SecretBytesMax / 1024} KiB.");
                return null;
            }

            return File.ReadAllText(path).TrimEnd('\r', '\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            complaints.Add($"The secret file '{path}' of {namedBy} cannot be read: {WithoutDetails(error)}");
            return null;
        }
    }

    private static string ToName(string text) => text.Replace("__", ":", StringComparison.Ordinal);

    private static Dictionary<string, Given> New() => new(StringComparer.OrdinalIgnoreCase);

    /// <summary>One sentence; the reader of JSON puts the reason into the cause, with the line and column.</summary>
    private static string WithoutDetails(Exception error) =>
        Ending().Replace((error.InnerException ?? error).Message.ReplaceLineEndings(" "), "").TrimEnd('.', ' ') + ".";

    [GeneratedRegex(@"Path: [^|]*\| ")]
    private static partial Regex Ending();
}
