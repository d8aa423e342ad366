using Countinghouse.Primitives;

namespace Countinghouse.Ledger;

/// <summary>What balances are kept of. Frozen: their words are stored.</summary>
public enum Account
{
    /// <summary>What advertisers owe the platform; a debit.</summary>
    Receivable = 1,

    /// <summary>What the platform owes a retailer; a credit.</summary>
    Payable = 2,

    /// <summary>The platform's part of what retailers' offers brought in; a credit.</summary>
    Fee = 3,

    /// <summary>Charges of events without an offer: the platform's own; a credit.</summary>
    Own = 4,

    /// <summary>What a closed month left below one cent, for the next one; a credit.</summary>
    Carry = 5,

    /// <summary>Money on its way to a retailer; returns to zero with every payout.</summary>
    Clearing = 6,

    /// <summary>Money that has left; a credit.</summary>
    Bank = 7,
}

/// <summary>What a transaction books. Frozen: their words are stored.</summary>
public enum LedgerKind
{
    /// <summary>A retailer's month.</summary>
    Settlement = 1,

    /// <summary>The platform's own part of a month.</summary>
    Own = 2,

    /// <summary>A payout on its way, or arrived.</summary>
    Payout = 3,

    /// <summary>Money that came back.</summary>
    Reversal = 4,
}

/// <summary>One side of a transaction.</summary>
/// <param name="Account">The account.</param>
/// <param name="Party">Whose balance in it; the zero id is the platform.</param>
/// <param name="Amount">Debits are above zero, credits below.</param>
public readonly record struct Entry(Account Account, OrganizationId Party, Money Amount);

/// <summary>Something to book, once.</summary>
/// <param name="Organization">Whose business it is; the zero id is the platform's own.</param>
/// <param name="Reference">Names it among that organization's; frozen, because it is what keeps it from being booked
/// again.</param>
/// <param name="Kind">What it books.</param>
/// <param name="Month">The month that it belongs to.</param>
/// <param name="Entries">Sum to zero; those of nothing are left out.</param>
public sealed record Posting(
    OrganizationId Organization, string Reference, LedgerKind Kind, Period Month, IReadOnlyList<Entry> Entries)
{
    /// <summary>The transaction that this one takes back; each can be taken back once.</summary>
    public string? Reverses { get; init; }
}

/// <summary>How booking ended.</summary>
public enum PostOutcome
{
    Posted = 1,

    /// <summary>The same reference with the same entries: nothing was changed.</summary>
    AlreadyPosted = 2,

    /// <summary>The same reference with other entries: refused, nothing was changed.</summary>
    ConflictsWithEarlier = 3,
}

/// <summary>What the entries of an account come to.</summary>
/// <param name="Account">The account.</param>
/// <param name="Debits">Entries above zero.</param>
/// <param name="Credits">Entries below zero.</param>
public readonly record struct AccountBalance(Account Account, Money Debits, Money Credits)
{
    public Money Balance => Debits + Credits;
}
