using System.CommandLine;
using Countinghouse.Credentials;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"keys revoke": for good; running servers refuse the key within five seconds.</summary>
internal static class KeysRevokeCommand
{
    private static readonly Argument<KeyId> Key = WireArguments.Argument<KeyId>(
        "KEY_ID", "The key's id, as \"keys list\" prints it (not the key)");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "revoke",
            "Switch a key off for good. Running servers refuse it within five seconds.",
            "countinghouse keys revoke BqPzHhyxVmrjNhpL8QGDJe")
        {
            Key,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var key = line.GetRequiredValue(Key);
        var revoked = await workplace.GetRequiredService<ApiKeyStore>().Revoke(null, key, cancellation);
        if (revoked.Outcome != CredentialOutcome.Done)
        {
            throw new CommandException($"There is no active key {key}.");
        }

        await Console.Error.WriteLineAsync($"Key {key} is revoked.");
        return 0;
    }
}
