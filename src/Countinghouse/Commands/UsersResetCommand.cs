using System.CommandLine;
using Countinghouse.Accounts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"users reset": a link to a new password, for where no mail is set up or no mail arrives.</summary>
internal static class UsersResetCommand
{
    private static readonly Argument<MailAddress> Email = WireArguments.Argument<MailAddress>(
        "EMAIL", "The mail address that the person signs in with");

    private static readonly Option<bool> WithoutCodes = new("--without-codes")
    {
        Description = "Turn one-time codes off at once, for who has lost the authenticator too",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "reset",
            "Print a link to a new password. Using it unlocks the account and ends all its sessions. No mail is sent.",
            """
            countinghouse users reset kim@example.com
            countinghouse users reset kim@example.com --without-codes
            """)
        {
            Email, WithoutCodes,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var users = workplace.GetRequiredService<UserStore>();
        var user = await users.Find(line.GetRequiredValue(Email), cancellation)
            ?? throw new CommandException("There is nobody with this mail address.");

        if (line.GetValue(WithoutCodes))
        {
            var wasOn = await users.TurnOffTotp(user.Id, cancellation);
            await Console.Error.WriteLineAsync(wasOn ? "One-time codes are off." : "One-time codes were off already.");
        }

        var secret = await workplace.GetRequiredService<ResetStore>().Create(user, TimeSpan.Zero, cancellation);
        await Console.Error.WriteLineAsync("This is the link, shown this once and good once:");
        await Console.Out.WriteLineAsync(
            workplace.GetRequiredService<Mailer>().LinkTo(ResetEndpoints.Page, secret!));
        return 0;
    }
}
