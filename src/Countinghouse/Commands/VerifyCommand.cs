using System.CommandLine;
using System.Globalization;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"verify": recomputes every figure from the events and lists those that differ.</summary>
internal static class VerifyCommand
{
    /// <summary>How the list of verifications names this command.</summary>
    private const string Trigger = "command:verify";

    private static readonly Option<OrganizationId?> Organization = WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "Look at this advertiser alone; says nothing of the others, and lifts no alarm");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "verify",
            "Recompute every rollup, total, budget, month's sum and batch from the events. Exit code 1 and a table of "
                + "differences when something is off. Writes nothing but its own result, and may run beside a server.",
            """
            countinghouse verify
            countinghouse verify --organization 2JSyVCkpGnHGmCAVdKGaib
            """)
        {
            Organization,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var verifier = workplace.GetRequiredService<Verifier>();
        var total = await verifier.CountAll(cancellation);
        var result = await ProgressBar.Show("Verifying", total, progress => line.GetValue(Organization) is { } one
            ? verifier.Verify(one, progress, cancellation)
            : All(workplace, progress, cancellation));
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Events:N0} events in {result.Batches:N0} batches of {result.Organizations:N0} organizations: ")
            + (result.DifferenceCount == 0
                ? "every figure is what they come to."
                : string.Create(CultureInfo.InvariantCulture, $"{result.DifferenceCount:N0} figures differ.")));
        if (result.DifferenceCount == 0)
        {
            return 0;
        }

        TextTable.Write(
            ["organization_id", "table", "key", "figure", "stored", "expected"],
            result.Differences.Select(found => new[]
            {
                found.Organization.ToString(), found.Table, found.Key, found.Figure, found.Stored, found.Expected,
            }));
        return CommandLine.Failed;
    }

    /// <summary>Written down, so that a close knows of it.</summary>
    private static async Task<VerifyResult> All(
        ServiceProvider workplace, Action<long> progress, CancellationToken cancellation)
    {
        var id = new VerificationId(Guid.CreateVersion7(workplace.GetRequiredService<TimeProvider>().GetUtcNow()));
        var result = await workplace.GetRequiredService<Verifications>().Run(id, Trigger, progress, cancellation);
        return result ?? throw new InvalidOperationException("A new verification cannot have begun before.");
    }
}
