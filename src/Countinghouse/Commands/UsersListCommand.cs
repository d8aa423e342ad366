using System.CommandLine;
using Countinghouse.Access;
using Countinghouse.Accounts;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"users list": the people of an organization.</summary>
internal static class UsersListCommand
{
    /// <summary>Rows that are read at once.</summary>
    private const int PageSize = 100;

    private static readonly Option<OrganizationId> Organization = WireArguments.Option<OrganizationId>(
        "--organization", "ID", "The organization whose people to list");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "list",
            "List an organization's people. Piped, the table is tab-separated text.",
            """
            countinghouse users list --organization CXvDk7dyZhWZ7U5u4E3S9F
            countinghouse users list --organization CXvDk7dyZhWZ7U5u4E3S9F | cut -f 2,4
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
        var organization = line.GetRequiredValue(Organization);
        await Workplace.RequireOrganization(workplace, organization, cancellation);

        var store = workplace.GetRequiredService<MemberStore>();
        var members = new List<Member>();
        for (var number = 1; ; number++)
        {
            var page = await store.List(organization, new Page(number, PageSize), cancellation);
            members.AddRange(page.Data);
            if (!page.Pagination.HasNext)
            {
                break;
            }
        }

        TextTable.Write(
            ["user_id", "email", "name", "role", "codes", "since"],
            members.Select(member => new[]
            {
                member.UserId.ToString(),
                member.Email.ToString(),
                member.Name,
                RoleWords.Of(MemberRules.Of(member.Role)),
                member.HasTotp ? "on" : "off",
                member.CreatedAt.ToString(),
            }));
        return 0;
    }
}
