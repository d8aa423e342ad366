using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>Where a retailer's money goes, and what keeps it from going.</summary>
/// <param name="Provider">Null: nobody has said.</param>
/// <param name="Destination">The provider's name for it; empty without a provider.</param>
/// <param name="HoldReason">Null: not on hold.</param>
/// <param name="ChangedAt">When it was changed last.</param>
/// <param name="ChangedBy">By whom.</param>
public sealed record PayoutAccount(
    string? Provider, string Destination, string? HoldReason, Instant ChangedAt, string ChangedBy)
{
    public static readonly PayoutAccount None = new(null, "", null, default, "");
}

/// <summary>Keeps where retailers' money goes.</summary>
public sealed class PayoutAccountStore(Database database)
{
    private const string Select = """
        SELECT provider, destination, hold_reason, changed_at, changed_by FROM payout_account WHERE org_id = @org
        """;

    private const string Upsert = """
        INSERT INTO payout_account (org_id, provider, destination, hold_reason, changed_at, changed_by)
        VALUES (@org, @provider, @destination, NULL, @now, @actor)
        ON CONFLICT (org_id) DO UPDATE SET provider = excluded.provider, destination = excluded.destination,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """;

    private const string PutHold = """
        INSERT INTO payout_account (org_id, provider, destination, hold_reason, changed_at, changed_by)
        VALUES (@org, NULL, '', @reason, @now, @actor)
        ON CONFLICT (org_id) DO UPDATE SET hold_reason = excluded.hold_reason, changed_at = excluded.changed_at,
            changed_by = excluded.changed_by
        """;

    // The first reason stays: what was found first is what has to be settled first.
    private const string PutFirstHold = PutHold + " WHERE payout_account.hold_reason IS NULL";

    private const string OfDestination = """
        SELECT org_id FROM payout_account WHERE provider = @provider AND destination = @destination ORDER BY org_id
        """;

    /// <summary><see cref="PayoutAccount.None"/> when nothing was ever said.</summary>
    public async Task<PayoutAccount> Find(OrganizationId retailer, CancellationToken cancellation) =>
        await database.Read(connection => Find(connection, retailer, "", cancellation), cancellation)
        ?? PayoutAccount.None;

    /// <summary>Says where the money goes from now on; a payout that was made before goes where it was to go.</summary>
    public Task SetDestination(
        OrganizationId retailer,
        string provider,
        string destination,
        string actor,
        Instant now,
        CancellationToken cancellation) => database.Write(
        connection => connection.Execute(
            Upsert,
            cancellation,
            ("org", retailer),
            ("provider", provider),
            ("destination", destination),
            ("now", now),
            ("actor", actor)),
        cancellation);

    /// <summary>Keeps anything more from being sent to the retailer, or with null lets it go on.</summary>
    public Task SetHold(
        OrganizationId retailer, string? reason, string actor, Instant now, CancellationToken cancellation) =>
        database.Write(
            connection => Hold(connection, PutHold, retailer, reason, actor, now, cancellation), cancellation);

    /// <summary>Puts a retailer on hold on the caller's transaction, unless it is already.</summary>
    internal static Task<int> Hold(
        DbConnection connection,
        OrganizationId retailer,
        string reason,
        string actor,
        Instant now,
        CancellationToken cancellation) =>
        Hold(connection, PutFirstHold, retailer, reason, actor, now, cancellation);

    /// <summary>Whose account it is; none when nobody's.</summary>
    internal static Task<List<OrganizationId>> Owners(
        DbConnection connection, string provider, string destination, CancellationToken cancellation) =>
        connection.Query(
            OfDestination,
            row => row.Id<OrganizationId>(0),
            cancellation,
            ("provider", provider),
            ("destination", destination));

    /// <summary>On the caller's transaction, with its row locked if <paramref name="lockRow"/> says how.</summary>
    internal static Task<PayoutAccount?> Find(
        DbConnection connection, OrganizationId retailer, string lockRow, CancellationToken cancellation) =>
        connection.First(
            Select + lockRow,
            row => new PayoutAccount(
                row.TextOrNull(0), row.GetString(1), row.TextOrNull(2), new Instant(row.GetInt64(3)), row.GetString(4)),
            cancellation,
            ("org", retailer));

    private static Task<int> Hold(
        DbConnection connection,
        string sql,
        OrganizationId retailer,
        string? reason,
        string actor,
        Instant now,
        CancellationToken cancellation) => connection.Execute(
        sql, cancellation, ("org", retailer), ("reason", reason), ("now", now), ("actor", actor));
}
