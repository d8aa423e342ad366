using System.Security.Cryptography;
using Countinghouse.Primitives;

namespace Countinghouse.Storage;

/// <summary>
/// Secrets that the system makes for itself: one per purpose, the same for all nodes; for good, unless whoever uses
/// them forgets them.
/// </summary>
public sealed class SystemSecrets(Database database, TimeProvider clock)
{
    public const int SecretBytes = 32;

    private const string Insert = """
        INSERT INTO system_secret (purpose, secret, created_at) VALUES (@purpose, @secret, @now)
        ON CONFLICT (purpose) DO NOTHING
        """;

    private const string Delete = """
        DELETE FROM system_secret WHERE substr(purpose, 1, @length) = @family AND purpose < @limit
        """;

    private const string Select = "SELECT secret FROM system_secret WHERE purpose = @purpose";

    /// <summary>The secret of a purpose. Of nodes that make it at once one wins, and all read the winner's.</summary>
    public async Task<byte[]> GetOrCreate(string purpose, CancellationToken cancellation)
    {
        var known = await database.Read(connection => Find(connection, purpose, cancellation), cancellation);
        return known ?? await database.Write(
            async connection =>
            {
                await connection.Execute(
                    Insert,
                    cancellation,
                    ("purpose", purpose),
                    ("secret", RandomNumberGenerator.GetBytes(SecretBytes)),
                    ("now", Instant.Of(clock.GetUtcNow())));
                return (await Find(connection, purpose, cancellation))!;
            },
            cancellation);
    }

    /// <summary>
    /// Deletes the secrets whose purpose begins with the family and comes before the limit. What was made with them
    /// can then never be made again. Returns how many.
    /// </summary>
    public Task<int> Forget(string family, string limit, CancellationToken cancellation) => database.Write(
        connection => connection.Execute(
            Delete, cancellation, ("length", family.Length), ("family", family), ("limit", limit)),
        cancellation);

    private static Task<byte[]?> Find(
        System.Data.Common.DbConnection connection, string purpose, CancellationToken cancellation) =>
        connection.First(Select, row => row.Bytes(0), cancellation, ("purpose", purpose));
}
