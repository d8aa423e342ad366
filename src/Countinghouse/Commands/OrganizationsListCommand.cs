using System.CommandLine;
using Countinghouse.Http;
using Countinghouse.Organizations;

namespace Countinghouse.Commands;

/// <summary>"organizations list": the ids that other commands ask for.</summary>
internal static class OrganizationsListCommand
{
    private const int PageRows = 100;

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "list",
            "List all organizations. Piped, the table is tab-separated text.",
            """
            countinghouse organizations list
            countinghouse organizations list | grep Corner
            """);
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var store = workplace.GetRequiredService<OrganizationStore>();
        var rows = new List<string[]>();
        for (var page = new Page(1, PageRows); ; page = page with { Number = page.Number + 1 })
        {
            var some = await store.List(search: null, page, cancellation);
            rows.AddRange(some.Data.Select(Row));
            if (!some.Pagination.HasNext)
            {
                break;
            }
        }

        TextTable.Write(["organization_id", "name", "operator", "created"], rows);
        return 0;
    }

    private static string[] Row(Organization organization) =>
    [
        organization.OrganizationId.ToString(),
        organization.Name,
        organization.IsOperator ? "yes" : "no",
        organization.CreatedAt.ToString(),
    ];
}
