using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands.Configuring;

/// <summary>The configuration is wrong; each line says what, where it stands and what is allowed.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> complaints)
    : Exception(string.Join('\n', complaints))
{
    public IReadOnlyList<string> Complaints => complaints;
}

/// <summary>
/// What the program is set to, for the server and every command alike. An option of the command line goes before the
/// environment, that before secret files, these before the configuration file, and that before the defaults.
/// </summary>
internal sealed partial class ProgramConfiguration
{
    /// <summary>The framework's own: how much is logged, by category.</summary>
    private const string LogLevels = "Logging:LogLevel:";

    private static readonly Dictionary<string, Setting> ByName =
        Setting.Known.ToDictionary(setting => setting.Name, StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, Given> _given;
    private readonly List<string> _complaints;

    private ProgramConfiguration(string? file, Dictionary<string, Given> given, List<string> complaints)
    {
        File = file;
        _given = given;
        _complaints = complaints;
        Root = new ConfigurationBuilder()
            .AddInMemoryCollection(given.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value.Value)))
            .Build();
    }

    /// <summary>The configuration file; null when there is none.</summary>
    public string? File { get; }

    /// <summary>For the slices to bind to. What cannot be read at all is left out, and complained about.</summary>
    public IConfigurationRoot Root { get; }

    /// <summary>Where data lies and where to answer.</summary>
    public PlaceOptions Place => Root.Get<PlaceOptions>() ?? new PlaceOptions();

    /// <summary>How many settings have a value that somebody gave.</summary>
    public int GivenCount => _given.Count;

    /// <summary>The files that hold secrets.</summary>
    public IEnumerable<string> FilesWithSecrets => _given
        .Where(one => one.Value.Path is not null && ByName.TryGetValue(one.Key, out var setting) && setting.IsSecret)
        .Select(one => one.Value.Path!)
        .Distinct();

    public static bool IsKnown(string name) => ByName.ContainsKey(name);

    public static ProgramConfiguration Read(SettingArguments arguments)
    {
        var complaints = new List<string>();
        var sources = new SettingSources(complaints);
        var file = SettingSources.FileInCharge(arguments.ConfigFile);
        var inFile = file is null ? [] : sources.ReadFile(file);
        var inEnvironment = sources.ReadEnvironment();
        var options = SettingSources.Read(arguments);
        Dictionary<string, Given>[] layers =
        [
            inFile, .. Secrets([options, inEnvironment, inFile], sources), inEnvironment, options,
        ];

        var given = new Dictionary<string, Given>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in layers.SelectMany(layer => layer))
        {
            if (Unknown(name, value) is { } complaint)
            {
                complaints.Add(complaint);
            }
            else
            {
                given[name] = value;
            }
        }

        foreach (var (name, value) in given.ToList())
        {
            if (Unreadable(name, value) is { } complaint)
            {
                complaints.Add(complaint);
                given.Remove(name);
            }
        }

        return new ProgramConfiguration(file, given, complaints);
    }

    /// <summary>
    /// Fails with everything that is wrong: what could not be read, and what the slices say of what could.
    /// </summary>
    /// <param name="services">The slices, put together on <see cref="Root"/>.</param>
    /// <param name="also">A contradiction that no options class can see; null for none.</param>
    public void Require(IServiceProvider services, string? also = null)
    {
        var complaints = _complaints.ToList();
        try
        {
            services.GetService<IStartupValidator>()?.Validate();
        }
        catch (OptionsValidationException invalid)
        {
            complaints.AddRange(Describe(invalid));
        }
        catch (AggregateException many) when (many.InnerExceptions.All(one => one is OptionsValidationException))
        {
            complaints.AddRange(many.InnerExceptions.Cast<OptionsValidationException>().SelectMany(Describe));
        }

        if (also is not null)
        {
            complaints.Add(also);
        }

        if (complaints.Count > 0)
        {
            throw new ConfigurationException([.. complaints.Distinct()]);
        }
    }

    /// <summary>What a setting is set to, and where that stands: "default" when nowhere.</summary>
    public (string Value, string Source) ValueOf(Setting setting)
    {
        if (!setting.HasParts)
        {
            return _given.TryGetValue(setting.Name, out var one)
                ? (one.Value, one.Source)
                : (setting.Default, "default");
        }

        var parts = _given
            .Where(one => one.Key.StartsWith(setting.Name + ":", StringComparison.OrdinalIgnoreCase))
            .Select(one => one.Value)
            .ToList();
        return parts.Count > 0
            ? (string.Join(", ", parts.Select(part => part.Value)), parts[^1].Source)
            : (setting.Default, "default");
    }

    /// <summary>How much is logged, where somebody said so.</summary>
    public IEnumerable<(string Name, Given Given)> GivenLogLevels => _given
        .Where(one => one.Key.StartsWith(LogLevels, StringComparison.OrdinalIgnoreCase))
        .Select(one => (one.Key, one.Value));

    /// <summary>systemd's credentials, then the folder that Secrets names, by whoever names it first.</summary>
    private static IEnumerable<Dictionary<string, Given>> Secrets(
        Dictionary<string, Given>[] byPrecedence, SettingSources sources)
    {
        if (DatabaseOptions.FromEnvironment(SettingSources.CredentialsVariable) is { } credentials)
        {
            yield return sources.ReadSecrets(credentials, isNamed: false);
        }

        var folder = byPrecedence
            .Select(source => source.GetValueOrDefault(nameof(PlaceOptions.Secrets)))
            .FirstOrDefault(given => given is not null);
        if (folder is { Value.Length: > 0 })
        {
            yield return sources.ReadSecrets(folder.Value, isNamed: true);
        }
    }

    private static string? Unknown(string name, Given given)
    {
        if (IsKnown(name) || name.StartsWith(LogLevels, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var owner = Setting.Known.FirstOrDefault(
            setting => name.StartsWith(setting.Name + ":", StringComparison.OrdinalIgnoreCase));
        if (owner is not null)
        {
            return owner.HasParts ? null : $"{owner.Name} ({given.Source}) has one value, not several.";
        }

        return $"There is no setting {name} ({given.Source})."
            + (Spelling.Nearest(name, ByName.Keys) is { } meant ? $" Did you mean {meant}?" : "");
    }

    private static string? Unreadable(string name, Given given)
    {
        if (ByName.TryGetValue(name, out var setting))
        {
            return setting.CanRead(given.Value) ? null : Complain(setting, given, own: null);
        }

        return name.StartsWith(LogLevels, StringComparison.OrdinalIgnoreCase)
            && !Enum.TryParse<LogLevel>(given.Value, ignoreCase: true, out _)
                ? $"{name} ({given.Source}) must be {string.Join(", ", Enum.GetNames<LogLevel>())}."
                : null;
    }

    private static string Complain(Setting setting, Given? given, string? own)
    {
        var what = given is null ? $"{setting.Name} (default)"
            : setting.IsSecret ? $"{setting.Name} ({given.Source})"
            : $"{setting.Name} is '{setting.Show(given.Value)}' ({given.Source})";
        return own is null ? $"{what}; it must be {setting.Allowed}." : $"{what}: {own}";
    }

    private IEnumerable<string> Describe(OptionsValidationException invalid) =>
        invalid.Failures.Select(failure => Describe(invalid.OptionsType, failure));

    /// <summary>The failure of one property, or of several together, by the setting it speaks of.</summary>
    private string Describe(Type options, string failure)
    {
        var found = Member().Match(failure);
        var name = found.Success ? found.Groups[1].Value : Word().Match(failure).Value;
        var setting = Setting.Known.FirstOrDefault(
            one => one.Property.DeclaringType == options
                && (one.Property.Name == name || failure.StartsWith(one.Name + " ", StringComparison.Ordinal)));
        if (setting is null)
        {
            return $"{options.Name}: {failure}";
        }

        // A failure of one property begins with its name and says what the attribute says; others are sentences.
        var sentence = found.Success ? failure[found.Length..] : failure;
        var isOwn = !sentence.StartsWith("The field ", StringComparison.Ordinal)
            && !sentence.StartsWith($"The {options.Name}.", StringComparison.Ordinal);
        return Complain(setting, _given.GetValueOrDefault(setting.Name), isOwn ? sentence : setting.OwnComplaint);
    }

    [GeneratedRegex(@"^(?:Property )?(\w+): ")]
    private static partial Regex Member();

    [GeneratedRegex(@"^\w+")]
    private static partial Regex Word();
}
