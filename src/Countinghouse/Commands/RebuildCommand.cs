using System.CommandLine;
using System.Globalization;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"rebuild": makes rollups and totals anew from the events.</summary>
internal static class RebuildCommand
{
    private static readonly Option<OrganizationId?> Organization = WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "Rebuild this advertiser alone");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "rebuild",
            "Make rollups and totals anew from the events, advertiser by advertiser: the same to the byte as they were "
                + "kept. Reports show the old ones until the new ones are there. A damaged journal is refused.",
            """
            countinghouse rebuild
            countinghouse rebuild --organization 2JSyVCkpGnHGmCAVdKGaib
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
        var rollups = workplace.GetRequiredService<Rollups>();
        var organizations = line.GetValue(Organization) is { } one
            ? [one]
            : await rollups.ListAll(cancellation);
        var verifier = workplace.GetRequiredService<Verifier>();
        var total = await verifier.CountAll(cancellation);
        var batches = await ProgressBar.Show("Rebuilding", total, async progress =>
        {
            var done = 0L;
            foreach (var organization in organizations)
            {
                await RefuseDamaged(verifier, organization, cancellation);
                done += await rollups.Rebuild(organization, through => progress(done + through), cancellation);
            }

            return done;
        });
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Rollups and totals of {organizations.Count:N0} organizations were made anew from {batches:N0} batches."));
        return 0;
    }

    /// <summary>What is made from a journal that is not whole would hide what the old rows still know.</summary>
    private static async Task RefuseDamaged(
        Verifier verifier, OrganizationId organization, CancellationToken cancellation)
    {
        var verified = await verifier.Verify(organization, _ => { }, cancellation);
        var damage = verified.Differences.FirstOrDefault(
            found => found.Table is "ingest_batch" or "ingest_head" or "placement");
        if (damage is not null)
        {
            throw new CommandException(
                $"The journal of {organization} is damaged ({damage.Table}, {damage.Key}: {damage.Figure}), so nothing "
                + "of it was rebuilt. \"countinghouse verify\" lists all; restore a backup.");
        }
    }
}
