using System.CommandLine;
using System.Data.Common;
using System.Text.Encodings.Web;
using System.Text.Json;
using Countinghouse.Commands.Doctoring;
using Countinghouse.Http;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands;

/// <summary>"doctor": looks at this machine and the database and says what is not as it should be.</summary>
internal static class DoctorCommand
{
    private const int NodesMax = 1_000;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    private static readonly Option<bool> AsJson = new("--json")
    {
        Description = "Print JSON instead of lines",
    };

    private static readonly Option<int> Nodes = WireArguments.Number(
        "--nodes", 1, NodesMax, 1, "Servers that are to share the PostgreSQL database");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "doctor",
            "Look at this machine and the database, and say what is wrong and what to do. Changes nothing. Ends with 1 "
                + "when something is wrong.",
            """
            countinghouse doctor
            countinghouse doctor --config /etc/countinghouse/countinghouse.json --nodes 3
            countinghouse doctor --json | jq '.[] | select(.level == "wrong")'
            """)
        {
            AsJson,
            Nodes,
        };
        command.Options.Add(DatabaseOptions.Urls);
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var settings = DatabaseOptions.Read(line);
        var findings = new Findings();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(settings);
        Server.AddSlices(services, settings.RequireConfiguration().Root);
        services.AddHardening();
        if (settings.Postgres is null)
        {
            services.AddSingleton(_ => Database.OpenSqlite(settings.SqliteFile, isReadOnly: true));
        }

        await using (var provider = services.BuildServiceProvider())
        {
            var now = provider.GetRequiredService<TimeProvider>().GetUtcNow();
            await new HostChecks(settings, provider, findings).Run(now, cancellation);
            await LookAtDatabase(settings, line.GetValue(Nodes), provider, findings, cancellation);
        }

        Write(findings.All, line.GetValue(AsJson));
        return findings.All.Any(finding => finding.Level == Level.Wrong) ? CommandLine.Failed : 0;
    }

    private static async Task LookAtDatabase(
        ServerSettings settings, int nodes, ServiceProvider provider, Findings findings, CancellationToken cancellation)
    {
        if (!settings.DatabaseExists)
        {
            findings.Note(
                "database",
                $"there is none in '{settings.DataDirectory}', or none that this user can see",
                "\"serve\" makes one, or choose another with --data");
            return;
        }

        try
        {
            var database = provider.GetRequiredService<Database>();
            await using var connection = await database.Open(cancellation);
            var clock = provider.GetRequiredService<TimeProvider>();
            if (settings.Postgres is { } postgres)
            {
                await new PostgresChecks(postgres, nodes, clock, findings).Run(connection, cancellation);
            }
            else
            {
                await new SqliteChecks(settings.SqliteFile, findings).Run(connection, cancellation);
            }

            await new BookChecks(provider, database.Engine, findings).Run(
                connection, clock.GetUtcNow(), cancellation);
        }
        catch (Exception error) when (error is DbException or CommandException or TimeoutException)
        {
            findings.Wrong(
                "database",
                string.Join(' ', Failures.Describe(error) ?? ["The database does not answer in time."]),
                "is the server running, and are host, name and password right?");
        }
        catch (OptionsValidationException)
        {
            findings.Note("database", "not looked at in full", "put the settings right first");
        }
    }

    private static void Write(IReadOnlyList<Finding> findings, bool asJson)
    {
        if (asJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(findings, Json));
            return;
        }

        foreach (var finding in findings)
        {
            var advice = finding is { Level: not Level.Ok, Advice: { } text } ? $" -> {text}" : "";
            Console.Out.WriteLine(
                $"{finding.Level.ToString().ToUpperInvariant(),-6} {finding.Subject}: {finding.Text}{advice}");
        }

        var wrong = findings.Count(finding => finding.Level == Level.Wrong);
        Console.Out.WriteLine(wrong == 0 ? "Nothing is wrong." : $"{wrong} of {findings.Count} are wrong.");
    }
}
