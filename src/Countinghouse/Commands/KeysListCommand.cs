using System.CommandLine;
using System.Globalization;
using Countinghouse.Access;
using Countinghouse.Credentials;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"keys list": everything about an organization's keys except the keys.</summary>
internal static class KeysListCommand
{
    private static readonly Option<OrganizationId> Organization = WireArguments.Option<OrganizationId>(
        "--organization", "ID", "The organization whose keys to list");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "list",
            "List an organization's keys, never the keys themselves. Piped, the table is tab-separated text.",
            """
            countinghouse keys list --organization CXvDk7dyZhWZ7U5u4E3S9F
            countinghouse keys list --organization CXvDk7dyZhWZ7U5u4E3S9F | cut -f 1,5
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

        var keys = await workplace.GetRequiredService<ApiKeyStore>().List(organization, cancellation);
        var now = Instant.Of(workplace.GetRequiredService<TimeProvider>().GetUtcNow());
        TextTable.Write(
            ["key_id", "kind", "role", "name", "state", "expires", "last_used", "per_minute", "per_day", "created"],
            keys.Select(key => Row(key, now)));
        return 0;
    }

    private static string[] Row(ApiKey key, Instant now) =>
    [
        key.Id.ToString(),
        ApiKeyFormat.Prefix(key.Kind),
        RoleWords.Of(key.Role),
        key.Name,
        !key.IsActive ? "revoked" : key.ExpiresAt <= now ? "expired" : "active",
        key.ExpiresAt?.ToString() ?? "never",
        key.LastUsed?.ToString() ?? "never",
        Limit(key.RateLimitPerMinute),
        Limit(key.RateLimitPerDay),
        key.CreatedAt.ToString(),
    ];

    private static string Limit(int limit) =>
        limit == 0 ? "default" : limit.ToString(CultureInfo.InvariantCulture);
}
