using System.CommandLine;
using Countinghouse.Organizations;

namespace Countinghouse.Commands;

/// <summary>
/// "organizations create": over the API only the operator may, so the operator itself has to begin here.
/// </summary>
internal static class OrganizationsCreateCommand
{
    private const int NameCharsMax = 200;

    private static readonly Option<string> Name = new("--name")
    {
        Description = "Its name",
        HelpName = "TEXT",
        Required = true,
        Validators =
        {
            result =>
            {
                if (result.Tokens is [{ Value: var name }] && (name.Trim().Length == 0 || name.Length > NameCharsMax))
                {
                    result.AddError($"--name must have 1 to {NameCharsMax} characters.");
                }
            },
        },
    };

    private static readonly Option<bool> IsOperator = new("--operator")
    {
        Description = "It is the platform itself: its managers see and settle everything",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "create",
            "Make an organization and print its id.",
            """
            countinghouse organizations create --name "The platform" --operator
            ID=$(countinghouse organizations create --name "Corner shops")
            """)
        {
            Name, IsOperator,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var organizations = workplace.GetRequiredService<OrganizationStore>();
        if (line.GetValue(IsOperator) && await organizations.FindOperator(cancellation) is { } platform)
        {
            throw new CommandException(
                $"The platform has its organization already: {platform.Name}, {platform.OrganizationId}.");
        }

        var made = await organizations.Create(
            line.GetRequiredValue(Name).Trim(),
            line.GetValue(IsOperator),
            new Dictionary<string, string>(),
            cancellation);
        await Console.Out.WriteLineAsync(made.OrganizationId.ToString());
        return 0;
    }
}
