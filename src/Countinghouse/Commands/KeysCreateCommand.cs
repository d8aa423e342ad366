using System.CommandLine;
using Countinghouse.Access;
using Countinghouse.Credentials;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"keys create": standard output gets the key and nothing else, so that a script can take it.</summary>
internal static class KeysCreateCommand
{
    private const int NameCharsMax = 200;
    private const int LimitMax = 1_000_000_000;

    private static readonly Option<OrganizationId> Organization = WireArguments.Option<OrganizationId>(
        "--organization", "ID", "The organization that the key is to speak for");

    private static readonly Option<KeyKind> Kind = WireArguments.Choice(
        "--kind",
        "csb: for a server, secret. cpk: for web pages, public, good for /ads/* alone",
        ("csb", KeyKind.Csb),
        ("cpk", KeyKind.Cpk));

    private static readonly Option<Role> KeyRole = WireArguments.Choice(
        "--role",
        "What the key may do inside its organization",
        ("manager", Role.Manager),
        ("editor", Role.Editor),
        ("readonly", Role.Readonly));

    private static readonly Option<string> Name = new("--name")
    {
        Description = "What the key is for, in your words",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "",
        Validators =
        {
            result =>
            {
                if (result.GetValueOrDefault<string>() is { Length: > NameCharsMax })
                {
                    result.AddError($"--name must have at most {NameCharsMax} characters.");
                }
            },
        },
    };

    private static readonly Option<Instant?> Expires = WireArguments.Optional<Instant>(
        "--expires", "TIME", "When the key ends, for example 2030-01-31T00:00:00Z; without it never");

    private static readonly Option<int> PerMinute = WireArguments.Number(
        "--per-minute", 0, LimitMax, 0, "Requests a minute; 0 is the default of its kind");

    private static readonly Option<int> PerDay = WireArguments.Number(
        "--per-day", 0, LimitMax, 0, "Requests a day; 0 is the default of its kind");

    private static readonly Option<string[]> Origins = new("--origin")
    {
        Description = "For cpk: a web page that may use the key, as its origin; may be given several times",
        HelpName = "ORIGIN",
        Validators =
        {
            result =>
            {
                var origins = result.GetValueOrDefault<string[]>() ?? [];
                if (origins.Length > ApiKeyRules.OriginsMax || !origins.All(ApiKeyRules.IsOrigin))
                {
                    result.AddError(
                        "--origin must be an origin such as https://shop.example, nothing after the host and port, "
                        + $"at most {ApiKeyRules.OriginsMax} times.");
                }
            },
        },
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "create",
            "Make a key and print it. It is shown this once: only its hash is stored.",
            """
            countinghouse keys create --organization CXvDk7dyZhWZ7U5u4E3S9F --kind csb --role manager
            KEY=$(countinghouse keys create --organization CXvDk7dyZhWZ7U5u4E3S9F --kind csb --role readonly)
            countinghouse keys create --organization CXvDk7dyZhWZ7U5u4E3S9F --kind cpk --role readonly --per-minute 50
            countinghouse keys create --organization ID --kind cpk --role readonly --origin https://shop.example
            """)
        {
            Organization, Kind, KeyRole, Name, Expires, PerMinute, PerDay, Origins,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var organization = line.GetRequiredValue(Organization);
        await Workplace.RequireOrganization(workplace, organization, cancellation);

        var expires = line.GetValue(Expires);
        var now = Instant.Of(workplace.GetRequiredService<TimeProvider>().GetUtcNow());
        if (expires <= now)
        {
            throw new CommandException($"--expires is over already: {expires}. Name a time in the future.");
        }

        var kind = line.GetRequiredValue(Kind);
        var origins = line.GetValue(Origins) ?? [];
        if (kind != KeyKind.Cpk && origins.Length > 0)
        {
            throw new CommandException("--origin is for publishable keys (--kind cpk): a server sends no Origin.");
        }

        var wanted = new NewApiKey(
            organization,
            kind,
            line.GetRequiredValue(KeyRole),
            line.GetRequiredValue(Name),
            expires,
            line.GetValue(PerMinute),
            line.GetValue(PerDay))
        {
            AllowedOrigins = ApiKeyRules.Origins(origins),
        };
        var made = await workplace.GetRequiredService<ApiKeyStore>().Create(wanted, cancellation);
        if (made.Outcome != CredentialOutcome.Done)
        {
            throw new CommandException(
                $"The organization has {ApiKeyStore.ActiveKeysMax} keys that are good. Revoke some first.");
        }

        await Console.Error.WriteLineAsync(
            $"This is the key, shown this once; revoke it with: countinghouse keys revoke {made.Stored!.Id}");
        await Console.Out.WriteLineAsync(made.Key);
        return 0;
    }
}
