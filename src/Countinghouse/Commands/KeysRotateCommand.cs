using System.CommandLine;
using Countinghouse.Credentials;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"keys rotate": standard output gets the new key and nothing else, so that a script can take it.</summary>
internal static class KeysRotateCommand
{
    private static readonly Argument<KeyId> Key = WireArguments.Argument<KeyId>(
        "KEY_ID", "The key's id, as \"keys list\" prints it (not the key)");

    private static readonly Option<int> Overlap = WireArguments.Number(
        "--overlap", 0, ApiKeyRules.OverlapSecondsMax, 0, "Seconds for which the old key goes on beside the new one");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "rotate",
            "Replace a key by a new one with the same settings, and print that. The old one ends after the overlap.",
            """
            countinghouse keys rotate BqPzHhyxVmrjNhpL8QGDJe
            countinghouse keys rotate BqPzHhyxVmrjNhpL8QGDJe --overlap 86400
            """)
        {
            Key, Overlap,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var key = line.GetRequiredValue(Key);
        var made = await workplace.GetRequiredService<ApiKeyStore>().Rotate(
            null, key, TimeSpan.FromSeconds(line.GetValue(Overlap)), _ => true, cancellation);
        if (made.Outcome != CredentialOutcome.Done)
        {
            throw new CommandException($"There is no active key {key}.");
        }

        await Console.Error.WriteLineAsync(
            $"This is the new key, shown this once; revoke it with: countinghouse keys revoke {made.Stored!.Id}");
        await Console.Out.WriteLineAsync(made.Key);
        return 0;
    }
}
