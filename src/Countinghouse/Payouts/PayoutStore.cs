using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Countinghouse.Audit;
using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>Why all payouts are stopped.</summary>
public sealed record Halt(string Reason, Instant At, string Actor);

/// <summary>
/// Keeps payouts. Every change names the version it was decided on and is one transaction with all that follows from
/// it: records, attempts, ledger. Two workers that decide at once are one that changes and one that finds no row.
/// </summary>
public sealed partial class PayoutStore(Database database, PayoutBooks books, AuditTrail trail)
{
    /// <summary>Null when there is no such payout, or when it is another organization's.</summary>
    public Task<Payout?> Find(OrganizationId retailer, PayoutId payout, CancellationToken cancellation) =>
        database.Read(
            connection => connection.First(
                SelectOne, Read, cancellation, ("org", retailer), ("payout", payout)),
            cancellation);

    /// <summary>Whoever's it is.</summary>
    public Task<Payout?> Find(PayoutId payout, CancellationToken cancellation) => database.Read(
        connection => connection.First(SelectById, Read, cancellation, ("payout", payout)), cancellation);

    /// <summary>Those to be looked at, the longest due first.</summary>
    public Task<List<(OrganizationId Retailer, PayoutId Payout)>> Due(
        Instant now, int limit, CancellationToken cancellation) => database.Read(
        connection => connection.Query(
            SelectDue,
            row => (row.Id<OrganizationId>(0), row.Id<PayoutId>(1)),
            cancellation,
            ("now", now),
            ("limit", limit)),
        cancellation);

    /// <summary>Makes a payout of records that <see cref="SharePayments.Reserve"/> has just reserved for it.</summary>
    internal async Task Add(
        DbConnection connection,
        Payout payout,
        PayoutRunId run,
        IReadOnlyList<PayableShare> shares,
        Instant now,
        CancellationToken cancellation)
    {
        await connection.Execute(
            Insert,
            cancellation,
            ("org", payout.Organization),
            ("payout", payout.Id),
            ("run", run),
            ("amount", payout.Amount),
            ("provider", payout.Provider),
            ("destination", payout.Destination),
            ("now", now));
        await connection.ExecuteMany(
            InsertItem,
            ["org", "payout", "share", "cents", "active"],
            shares.Select(share => new object?[]
            {
                payout.Organization, payout.Id, share.Share, share.Amount, true,
            }),
            cancellation);
        await books.Reserved(connection, payout.Organization, payout.Id, payout.Amount, now, cancellation);
        if (payout.Provider == ManualProvider.ProviderName)
        {
            await HandOver(connection, payout, now, cancellation);
        }
    }

    /// <summary>
    /// There is nothing to send to the operator's own bank: it is in the bank file at once. While payouts are stopped
    /// the worker does the same later.
    /// </summary>
    private static async Task HandOver(
        DbConnection connection, Payout payout, Instant now, CancellationToken cancellation)
    {
        if (await Execute(connection, ClaimToSend, payout, cancellation, ("lease", null)) == 1)
        {
            var key = Payout.KeyOf(payout.Id, 1);
            await Execute(
                connection,
                InsertAttempt,
                payout,
                cancellation,
                ("number", 1),
                ("key", key),
                ("hash", HashOf(payout, key)),
                ("now", now));
        }
    }

    /// <summary>
    /// Writes down that it is about to be sent: a new attempt, or the last one once more. Null when somebody else was
    /// quicker, or when sending has been forbidden meanwhile; then nothing may be sent.
    /// </summary>
    public Task<Payout?> BeginSend(Payout payout, bool isNew, Instant now, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                var number = isNew ? (payout.Last?.Number ?? 0) + 1 : payout.Last!.Number;
                var key = Payout.KeyOf(payout.Id, number);
                var lease = now + PayoutRules.Lease;
                if (await Execute(connection, ClaimToSend, payout, cancellation, ("lease", lease)) == 0)
                {
                    return null;
                }

                var written = await Execute(
                    connection,
                    isNew ? InsertAttempt : SendAttemptAgain,
                    payout,
                    cancellation,
                    ("number", number),
                    ("key", key),
                    ("hash", HashOf(payout, key)),
                    ("now", now));
                return written == 1
                    ? payout with
                    {
                        State = PayoutState.Sending,
                        Version = payout.Version + 1,
                        DueAt = lease,
                        Last = isNew
                            ? new Attempt(number, key, now, now, 1)
                            : payout.Last! with { LastSentAt = now, Sends = payout.Last.Sends + 1 },
                    }
                    : throw new InvalidOperationException($"{key} was sent before as another request.");
            },
            cancellation);

    /// <summary>Moves the time at which it is looked at next; null when somebody else was quicker.</summary>
    public Task<Payout?> Postpone(Payout payout, Instant until, CancellationToken cancellation) => database.Write(
        async connection => await Execute(connection, SetDue, payout, cancellation, ("due", until)) == 1
            ? payout with { Version = payout.Version + 1, DueAt = until }
            : null,
        cancellation);

    /// <summary>The same by a person's word.</summary>
    public Task<Payout?> Retry(Payout payout, Instant now, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var before = await PayoutReader.Find(connection, payout.Organization, payout.Id, cancellation);
            if (await Execute(connection, SetDue, payout, cancellation, ("due", now)) == 0)
            {
                return null;
            }

            await Record(connection, payout, "retry", before, cancellation);
            return payout with { Version = payout.Version + 1, DueAt = now };
        },
        cancellation);

    /// <summary>
    /// Writes down where an answer leaves the payout, and all that follows; null when it was changed meanwhile: then
    /// nothing is written, and whoever changed it goes on.
    /// </summary>
    public Task<Payout?> Apply(
        Payout payout, Verdict verdict, SendAnswer? answer, Instant now, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                var stops = verdict.Alarm is { } alarm
                    && await Stop(connection, alarm, SharePayments.Actor, now, cancellation) == 1;
                var applied = IsOver(payout.State)
                    ? payout
                    : await Apply(connection, payout, verdict, answer, now, cancellation);
                if (stops)
                {
                    await RecordStop(connection, cancellation);
                }

                return applied;
            },
            cancellation);

    /// <summary>
    /// So much of the money has come back in all. All of it: the records are disputed. False when that was known, or
    /// the payout was changed meanwhile.
    /// </summary>
    public Task<bool> Returned(
        Payout payout, Cents reversed, string actor, Instant now, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                var before = await PayoutReader.Find(connection, payout.Organization, payout.Id, cancellation);
                if (await Execute(connection, SetReversed, payout, cancellation, ("reversed", reversed)) == 0)
                {
                    return false;
                }

                await books.Returned(connection, payout, reversed, now, cancellation);
                if (reversed == payout.Amount)
                {
                    await Execute(connection, FreeItems, payout, cancellation, ("inactive", false));
                    await SharePayments.Returned(
                        connection,
                        payout.Organization,
                        payout.Id,
                        $"All of {payout.TransferId} came back.",
                        actor,
                        now,
                        cancellation);
                }

                await Record(connection, payout, "returned", before, cancellation);
                return true;
            },
            cancellation);

    /// <summary>Stops all payouts until somebody lets them go on; the first reason stays.</summary>
    public Task Stop(string reason, string actor, Instant now, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                if (await Stop(connection, reason, actor, now, cancellation) == 1)
                {
                    await RecordStop(connection, cancellation);
                }
            },
            cancellation);

    /// <summary>Lets payouts go on. False when they were not stopped.</summary>
    public Task<bool> Resume(CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var halt = await FindHalt(connection, database.ForUpdate, cancellation);
            var isResumed = await connection.Execute(DeleteHalt, cancellation) == 1;
            await trail.Record(
                connection,
                default,
                "payout_state.resume",
                HaltSubject,
                PayoutStateOut.From(halt),
                PayoutStateOut.From(null),
                cancellation);
            return isResumed;
        },
        cancellation);

    /// <summary>Null while payouts go on.</summary>
    public Task<Halt?> FindHalt(CancellationToken cancellation) => database.Read(
        connection => FindHalt(connection, "", cancellation), cancellation);

    private static Task<Halt?> FindHalt(
        DbConnection connection, string lockRow, CancellationToken cancellation) => connection.First(
        SelectHalt + lockRow,
        row => new Halt(row.GetString(0), new Instant(row.GetInt64(1)), row.GetString(2)),
        cancellation);

    private static Task<int> Stop(
        DbConnection connection, string reason, string actor, Instant now, CancellationToken cancellation) =>
        connection.Execute(InsertHalt, cancellation, ("reason", reason), ("now", now), ("actor", actor));

    private static bool IsOver(PayoutState state) =>
        state is not (PayoutState.Ready or PayoutState.Sending or PayoutState.Unknown);

    /// <summary>
    /// The steps of the protocol are in the attempts; what the trail tells is how it ended. An alarm ends nothing, and
    /// is told in the platform's chain: one chain in a transaction.
    /// </summary>
    private async Task<Payout?> Apply(
        DbConnection connection,
        Payout payout,
        Verdict verdict,
        SendAnswer? answer,
        Instant now,
        CancellationToken cancellation)
    {
        var isOver = IsOver(verdict.State);
        var before = await PayoutReader.Find(connection, payout.Organization, payout.Id, cancellation);
        var moved = await Execute(
            connection,
            Move,
            payout,
            cancellation,
            ("state", PayoutWords.Of(verdict.State)),
            ("due", verdict.DueAt),
            ("failure", verdict.Failure),
            ("transfer", verdict.TransferId),
            ("settled", isOver ? now : null),
            ("actor", isOver ? verdict.Actor : null));
        if (moved == 0)
        {
            return null;
        }

        await Close(connection, payout, verdict, answer, cancellation);
        await Follow(connection, payout, verdict, now, cancellation);
        if (isOver && verdict.Alarm is null)
        {
            await Record(connection, payout, Verb(verdict.State), before, cancellation);
        }

        return payout with
        {
            State = verdict.State,
            Version = payout.Version + 1,
            DueAt = verdict.DueAt,
            TransferId = verdict.TransferId,
        };
    }

    private static async Task Close(
        DbConnection connection, Payout payout, Verdict verdict, SendAnswer? answer, CancellationToken cancellation)
    {
        if (verdict.Attempt is { } outcome && payout.Last is { } last)
        {
            await Execute(
                connection,
                CloseAttempt,
                payout,
                cancellation,
                ("number", last.Number),
                ("outcome", PayoutWords.Of(outcome)),
                ("status", answer?.HttpStatus),
                ("code", answer?.Code ?? ""),
                ("ref", answer?.RequestRef ?? ""));
        }
    }

    /// <summary>What a final state means for records and ledger.</summary>
    private async Task Follow(
        DbConnection connection, Payout payout, Verdict verdict, Instant now, CancellationToken cancellation)
    {
        if (verdict.State == PayoutState.Succeeded)
        {
            var items = await connection.Number(
                CountItems, cancellation, ("org", payout.Organization), ("payout", payout.Id));
            var transfer = payout.Provider == StripeProvider.ProviderName ? verdict.TransferId! : "";
            var paid = await SharePayments.Paid(
                connection, payout.Organization, payout.Id, transfer, verdict.Actor, now, cancellation);
            if (paid != items)
            {
                throw new InvalidOperationException($"Payout {payout.Id} settles {items} records, but {paid} waited.");
            }

            await books.Paid(connection, payout, now, cancellation);
        }
        else if (verdict.State is PayoutState.Failed or PayoutState.Cancelled)
        {
            await Execute(connection, FreeItems, payout, cancellation, ("inactive", false));
            await SharePayments.Release(connection, payout.Organization, payout.Id, now, cancellation);
            await books.Released(connection, payout, now, cancellation);
        }
    }

    private static Task<int> Execute(
        DbConnection connection,
        string sql,
        Payout payout,
        CancellationToken cancellation,
        params ReadOnlySpan<(string, object?)> more) => connection.Execute(
        sql,
        cancellation,
        [("org", payout.Organization), ("payout", payout.Id), ("version", payout.Version), .. more]);

    /// <summary>Over everything that is sent, so that a key is never used for something else.</summary>
    private static byte[] HashOf(Payout payout, string key) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{key} {payout.Amount.Value} usd {payout.Destination} {payout.TransferGroup} {payout.Organization}")));

    private static Payout Read(DbDataReader row) => new()
    {
        Organization = row.Id<OrganizationId>(0),
        Id = row.Id<PayoutId>(1),
        Amount = new Cents(row.GetInt64(2)),
        Provider = row.GetString(3),
        Destination = row.GetString(4),
        State = PayoutWords.State(row.GetString(5)),
        Version = row.GetInt64(6),
        DueAt = row.InstantOrNull(7),
        TransferId = row.TextOrNull(8),
        ReversedAmount = new Cents(row.GetInt64(9)),
        Last = row.IsDBNull(10)
            ? null
            : new Attempt(
                row.GetInt32(10),
                row.GetString(11),
                new Instant(row.GetInt64(12)),
                new Instant(row.GetInt64(13)),
                row.GetInt32(14)),
        MayNotSend = row.GetInt32(15) == 1,
    };
}
