using System.CommandLine;
using Countinghouse.Accounts;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>
/// "users invite": standard output gets the link and nothing else; passing it on is up to whoever asked.
/// </summary>
internal static class UsersInviteCommand
{
    private static readonly Option<OrganizationId> Organization = WireArguments.Option<OrganizationId>(
        "--organization", "ID", "The organization that the person is to join");

    private static readonly Option<MailAddress> Email = WireArguments.Option<MailAddress>(
        "--email", "ADDRESS", "The mail address that the person will sign in with");

    private static readonly Option<MemberRole> PersonsRole = WireArguments.Choice(
        "--role",
        "What the person may do in the organization",
        ("owner", MemberRole.Owner),
        ("manager", MemberRole.Manager),
        ("editor", MemberRole.Editor),
        ("billing", MemberRole.Billing));

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "invite",
            "Invite somebody into an organization and print the link to accept. No mail is sent.",
            """
            countinghouse users invite --organization CXvDk7dyZhWZ7U5u4E3S9F --email kim@example.com --role owner
            """)
        {
            Organization, Email, PersonsRole,
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

        var (outcome, invitation, secret) = await workplace.GetRequiredService<InvitationStore>().Invite(
            organization,
            line.GetRequiredValue(Email),
            line.GetRequiredValue(PersonsRole),
            MemberRole.Owner,
            cancellation);
        if (invitation is null)
        {
            throw Refusals.Say(outcome == InviteOutcome.AlreadyMember
                ? Problems.AlreadyMember()
                : Problems.TooManyInvitations(InvitationStore.OpenMax));
        }

        await Console.Error.WriteLineAsync(
            $"This is the link, shown this once and good once, until {invitation.ExpiresAt}. "
            + "Whoever is invited opens it in a browser.");
        await Console.Out.WriteLineAsync(
            workplace.GetRequiredService<Mailer>().LinkTo(InvitationEndpoints.Page, secret));
        return 0;
    }
}
