using System.Data.Common;
using Countinghouse.Audit;
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
public sealed class PayoutAccountStore(Database database, AuditTrail trail)
{
    private const string Select = """
        SELECT provider, destination, hold_reason, changed_at, changed_by FROM payout_account WHERE org_id = @org
        """;

    // Before anything is changed, so that of two changes at once the later knows what it changes.
    private const string InsertNone = """
        INSERT INTO payout_account (org_id, provider, destination, hold_reason, changed_at, changed_by)
        VALUES (@org, NULL, '', NULL, @now, @actor)
        ON CONFLICT (org_id) DO NOTHING
        """;

    private const string PutDestination = """
        UPDATE payout_account SET provider = @provider, destination = @destination, changed_at = @now,
                                  changed_by = @actor
        WHERE org_id = @org
        """;

    private const string PutHold = """
        UPDATE payout_account SET hold_reason = @reason, changed_at = @now, changed_by = @actor WHERE org_id = @org
        """;

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
        connection => Change(
            connection,
            retailer,
            "set",
            _ => true,
            PutDestination,
            actor,
            now,
            cancellation,
            ("provider", provider),
            ("destination", destination)),
        cancellation);

    /// <summary>Keeps anything more from being sent to the retailer, or with null lets it go on.</summary>
    public Task SetHold(
        OrganizationId retailer, string? reason, string actor, Instant now, CancellationToken cancellation) =>
        database.Write(
            connection => Change(
                connection,
                retailer,
                reason is null ? "release" : "hold",
                _ => true,
                PutHold,
                actor,
                now,
                cancellation,
                ("reason", reason)),
            cancellation);

    /// <summary>
    /// Puts a retailer on hold on the caller's transaction, as its last step, unless it is already: the first reason
    /// stays, for what was found first is what has to be settled first.
    /// </summary>
    internal Task Hold(
        DbConnection connection,
        OrganizationId retailer,
        string reason,
        string actor,
        Instant now,
        CancellationToken cancellation) => Change(
        connection,
        retailer,
        "hold",
        account => account?.HoldReason is null,
        PutHold,
        actor,
        now,
        cancellation,
        ("reason", reason));

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

    private async Task Change(
        DbConnection connection,
        OrganizationId retailer,
        string verb,
        Func<PayoutAccount?, bool> isToBe,
        string sql,
        string actor,
        Instant now,
        CancellationToken cancellation,
        params (string, object?)[] values)
    {
        var isNew = await connection.Execute(
            InsertNone, cancellation, ("org", retailer), ("now", now), ("actor", actor)) == 1;
        var before = isNew ? null : await Find(connection, retailer, database.ForUpdate, cancellation);
        if (!isToBe(before))
        {
            return;
        }

        await connection.Execute(
            sql, cancellation, [("org", retailer), ("now", now), ("actor", actor), .. values]);
        var after = await Find(connection, retailer, "", cancellation);
        await trail.Record(
            connection,
            retailer,
            $"payout_account.{verb}",
            $"payout_account:{retailer}",
            before is null ? null : PayoutAccountOut.From(retailer, before),
            PayoutAccountOut.From(retailer, after!),
            cancellation);
    }
}
