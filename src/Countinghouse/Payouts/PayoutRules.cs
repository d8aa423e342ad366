using System.Text.Json.Serialization;
using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;

namespace Countinghouse.Payouts;

/// <summary>What a plan says of a retailer. The words are stored; frozen.</summary>
public enum PlanOutcome
{
    /// <summary>Will be paid when the run is confirmed.</summary>
    [JsonStringEnumMemberName("PLANNED")]
    Planned = 1,

    /// <summary>Too little, or nothing, or less than nothing: stays, and is netted next time.</summary>
    [JsonStringEnumMemberName("BELOW_MINIMUM")]
    BelowMinimum = 2,

    /// <summary>The retailer is on hold.</summary>
    [JsonStringEnumMemberName("ON_HOLD")]
    OnHold = 3,

    /// <summary>Nobody has said where the money goes.</summary>
    [JsonStringEnumMemberName("NO_DESTINATION")]
    NoDestination = 4,

    /// <summary>The payout was made.</summary>
    [JsonStringEnumMemberName("RESERVED")]
    Reserved = 5,

    /// <summary>Something was no longer as it was seen (a record, the destination): not paid by this run.</summary>
    [JsonStringEnumMemberName("CHANGED")]
    Changed = 6,
}

/// <summary>What keeps a retailer's approved records from being paid by a run.</summary>
public enum PayoutBlock
{
    /// <summary>The retailer is on hold.</summary>
    OnHold = 1,

    /// <summary>No record is approved and waits for a payout.</summary>
    NothingApproved = 2,

    /// <summary>The approved records come to less than is worth a transfer.</summary>
    BelowMinimum = 3,

    /// <summary>Nobody has said where the money goes.</summary>
    NoPayoutAccount = 4,

    /// <summary>All payouts are stopped.</summary>
    PayoutsStopped = 5,
}

/// <summary>A retailer's approved records that are in no payout, and where their money would go.</summary>
/// <param name="Records">How many there are.</param>
/// <param name="Sum">What they come to.</param>
/// <param name="IsOnHold">Nothing is to be sent to the retailer.</param>
/// <param name="HasDestination">Somebody has said where the money goes.</param>
public readonly record struct Payable(long Records, Cents Sum, bool IsOnHold, bool HasDestination);

/// <summary>
/// The protocol that moves money once, as pure decisions: what is known and the time go in, what to do comes out.
/// A request may be repeated under its key only while the provider remembers keys; after that only its list can tell.
/// </summary>
public static class PayoutRules
{
    /// <summary>Providers forget keys after 24 hours; an hour is left for clocks that differ.</summary>
    public static readonly TimeSpan SameKeyFor = TimeSpan.FromHours(23);

    /// <summary>What is sent a moment ago need not be in the provider's list yet.</summary>
    public static readonly TimeSpan LookAfter = TimeSpan.FromMinutes(10);

    /// <summary>After this long a transfer that happened is in the list; only then is there a second attempt.</summary>
    public static readonly TimeSpan SecondAttemptAfter = TimeSpan.FromHours(24);

    /// <summary>Whoever sends has this long to write down the answer; then another may do the same again.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>Pause after a hold, an alarm or a provider that is not set up.</summary>
    public static readonly TimeSpan Postponed = TimeSpan.FromMinutes(1);

    /// <summary>Pause before a list is asked again that could not be read.</summary>
    public static readonly TimeSpan ListPause = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan BackoffFirst = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BackoffMax = TimeSpan.FromMinutes(15);

    /// <summary>What to do with a retailer's approved records.</summary>
    public static PlanOutcome Plan(Payable payable, Cents minimum) =>
        Blocks(payable, minimum) is not [var first, ..] ? PlanOutcome.Planned : first switch
        {
            PayoutBlock.OnHold => PlanOutcome.OnHold,
            PayoutBlock.NothingApproved or PayoutBlock.BelowMinimum => PlanOutcome.BelowMinimum,
            PayoutBlock.NoPayoutAccount => PlanOutcome.NoDestination,

            // What is stopped is sent once it goes on, so a stop keeps nobody out of a plan.
            PayoutBlock.PayoutsStopped => PlanOutcome.Planned,
        };

    /// <summary>Everything that keeps the records from being paid, what weighs most first.</summary>
    public static IReadOnlyList<PayoutBlock> Blocks(Payable payable, Cents minimum, bool isStopped = false)
    {
        var blocks = new List<PayoutBlock>();
        if (payable.IsOnHold)
        {
            blocks.Add(PayoutBlock.OnHold);
        }

        if (payable.Records == 0)
        {
            blocks.Add(PayoutBlock.NothingApproved);
        }
        else if (payable.Sum.Value < minimum.Value)
        {
            blocks.Add(PayoutBlock.BelowMinimum);
        }

        if (!payable.HasDestination)
        {
            blocks.Add(PayoutBlock.NoPayoutAccount);
        }

        if (isStopped)
        {
            blocks.Add(PayoutBlock.PayoutsStopped);
        }

        return blocks;
    }

    /// <summary>The next day of payouts, today included.</summary>
    public static UtcDay NextPayDay(UtcDay today, int payDay)
    {
        var ofThisMonth = today.Period.FirstDay.AddDays(payDay - 1);
        return ofThisMonth >= today ? ofThisMonth : today.Period.Next.FirstDay.AddDays(payDay - 1);
    }

    /// <summary>What to do with a payout that is due.</summary>
    public static PayoutStep Next(Payout payout, Instant now)
    {
        var keyLasts = payout.Last is { } last && now - last.FirstSentAt < SameKeyFor;
        Storage.Faults.Break("late_payout_key", ref keyLasts, true);
        return payout.State switch
        {
            PayoutState.Ready when payout.Last is null =>
                payout.MayNotSend ? PayoutStep.Wait : PayoutStep.SendNew,

            // An earlier attempt was not in the list once; before another one it must still not be.
            PayoutState.Ready => payout.MayNotSend ? PayoutStep.Wait : PayoutStep.LookUp,
            PayoutState.Sending when !keyLasts => PayoutStep.StopSending,
            PayoutState.Sending => payout.MayNotSend ? PayoutStep.Wait : PayoutStep.SendAgain,
            PayoutState.Unknown => PayoutStep.LookUp,
            PayoutState.Succeeded or PayoutState.Failed or PayoutState.Cancelled or PayoutState.Reversed =>
                PayoutStep.Wait,
        };
    }

    /// <summary>Where the answer to a send leaves the payout, whose last attempt it answers.</summary>
    public static Verdict AfterSend(Payout payout, SendAnswer answer, Instant now)
    {
        var last = payout.Last!;
        return answer.Outcome switch
        {
            SendOutcome.Done => Adopt(payout, answer.Transfer!, AttemptOutcome.Ok, now),
            SendOutcome.HandedOver => new Verdict(PayoutState.Sending, AttemptOutcome.InFlight, null),
            SendOutcome.Refused => new Verdict(
                PayoutState.Failed, AttemptOutcome.Rejected, null, Failure: answer.Code),
            SendOutcome.TryAgain => new Verdict(
                PayoutState.Sending, AttemptOutcome.InFlight, now + Backoff(last.Sends, answer.RetryAfter)),
            SendOutcome.Unclear => new Verdict(
                PayoutState.Unknown, AttemptOutcome.Unknown, last.LastSentAt + LookAfter),
        };
    }

    /// <summary>The key is too old: from here on only the list decides.</summary>
    public static Verdict AfterKeyExpired(Payout payout) => new(
        PayoutState.Unknown, AttemptOutcome.Unknown, payout.Last!.LastSentAt + LookAfter);

    /// <summary>
    /// Where the provider's list leaves the payout. Null: it is certain that nothing moved, and a new attempt may be
    /// sent now.
    /// </summary>
    public static Verdict? AfterList(
        Payout payout, IReadOnlyList<Transfer>? found, int attemptsMax, Instant now)
    {
        var last = payout.Last!;
        if (found is null)
        {
            return new Verdict(payout.State, null, now + ListPause);
        }

        var standing = found.Where(transfer => transfer.Reversed.Value < transfer.Amount.Value).ToList();
        return (found, standing, payout.State) switch
        {
            (_, [_, _, ..], _) => new Verdict(
                payout.State,
                null,
                now + ListPause,
                Alarm: $"{payout.TransferGroup} has {standing.Count} transfers: "
                    + string.Join(", ", standing.Select(transfer => transfer.Id).Order(StringComparer.Ordinal))),
            (_, [var one], _) => Adopt(payout, one, AttemptOutcome.Adopted, now),
            ([var gone, ..], [], _) => Adopt(payout, gone, AttemptOutcome.Adopted, now),
            ([], [], PayoutState.Unknown) => new Verdict(
                PayoutState.Ready, AttemptOutcome.Rejected, last.LastSentAt + SecondAttemptAfter),
            ([], [], _) when last.Number >= attemptsMax => new Verdict(
                PayoutState.Failed, AttemptOutcome.Rejected, null, Failure: "attempts_used_up"),
            _ => null,
        };
    }

    /// <summary>A transfer that is this payout's: the money moved, if it is the money that was to move.</summary>
    public static Verdict Adopt(Payout payout, Transfer transfer, AttemptOutcome how, Instant now) =>
        transfer.Amount == payout.Amount && transfer.Destination == payout.Destination && transfer.Currency == "usd"
            ? new Verdict(PayoutState.Succeeded, how, null, transfer.Id)
            : new Verdict(
                payout.State,
                null,
                now + ListPause,
                Alarm: $"{payout.TransferGroup} is {payout.Amount} usd to {payout.Destination}, but "
                    + $"{transfer.Id} moved {transfer.Amount} {transfer.Currency} to {transfer.Destination}");

    /// <summary>
    /// Where it leaves a payout that the provider told of its transfer by itself; null: nothing new. What was reversed
    /// is not in it.
    /// </summary>
    public static Verdict? AfterTold(Payout payout, Transfer transfer, Instant now) => payout.State switch
    {
        // What came back in full may be the one too many that somebody has taken back: the list decides.
        _ when payout.TransferId != transfer.Id && transfer.Reversed.Value >= transfer.Amount.Value => null,
        PayoutState.Sending or PayoutState.Unknown => Adopt(payout, transfer, AttemptOutcome.Adopted, now),
        PayoutState.Ready when payout.Last is not null => Adopt(payout, transfer, AttemptOutcome.Adopted, now),
        PayoutState.Succeeded or PayoutState.Reversed when payout.TransferId == transfer.Id => null,
        _ => new Verdict(
            payout.State,
            null,
            payout.DueAt,
            payout.TransferId,
            Alarm: $"{payout.TransferGroup} is {PayoutWords.Of(payout.State)} and was moved by "
                + $"{payout.TransferId ?? "nothing"}, but {transfer.Id} exists"),
    };

    /// <summary>May it be taken back? Only while nothing was sent: afterwards nobody can be sure in time.</summary>
    public static bool MayCancel(Payout payout) => payout is { State: PayoutState.Ready, Last: null };

    /// <summary>May the operator give the word that another attempt need not wait for 24 hours?</summary>
    public static bool MayRetry(Payout payout) => payout is { State: PayoutState.Ready, Last: not null };

    /// <summary>Is it for the operator to say what became of it?</summary>
    public static bool IsHandedOver(Payout payout) => payout is { State: PayoutState.Sending, DueAt: null };

    /// <summary>2, 4, 8 seconds and so on up to 15 minutes; longer only when the provider asks.</summary>
    private static TimeSpan Backoff(int sends, TimeSpan? asked)
    {
        var own = BackoffFirst * (1L << Math.Min(sends - 1, 20));
        own = own < BackoffMax ? own : BackoffMax;
        return asked > own ? (asked < BackoffMax * 4 ? asked.Value : BackoffMax * 4) : own;
    }
}
