using System.Text.Json.Serialization;
using Countinghouse.Primitives;

namespace Countinghouse.Payouts;

/// <summary>Where a payout stands. The words are stored; frozen.</summary>
public enum PayoutState
{
    /// <summary>Decided; nothing was sent, or what was sent certainly had no effect.</summary>
    [JsonStringEnumMemberName("READY")]
    Ready = 1,

    /// <summary>Sent, and not answered yet; the same request may be sent again under the same key.</summary>
    [JsonStringEnumMemberName("SENDING")]
    Sending = 2,

    /// <summary>Nobody knows whether money moved; the provider's list decides.</summary>
    [JsonStringEnumMemberName("UNKNOWN")]
    Unknown = 3,

    /// <summary>The money moved.</summary>
    [JsonStringEnumMemberName("SUCCEEDED")]
    Succeeded = 4,

    /// <summary>The provider refused it for good; its records may be paid by another payout.</summary>
    [JsonStringEnumMemberName("FAILED")]
    Failed = 5,

    /// <summary>Taken back before anything was sent.</summary>
    [JsonStringEnumMemberName("CANCELLED")]
    Cancelled = 6,

    /// <summary>All of the money came back.</summary>
    [JsonStringEnumMemberName("REVERSED")]
    Reversed = 7,
}

/// <summary>What became of one attempt to move the money. The words are stored; frozen.</summary>
public enum AttemptOutcome
{
    /// <summary>Sent; no answer that says yes or no.</summary>
    [JsonStringEnumMemberName("IN_FLIGHT")]
    InFlight = 1,

    /// <summary>The provider said yes.</summary>
    [JsonStringEnumMemberName("OK")]
    Ok = 2,

    /// <summary>The provider said no, or its list does not have it.</summary>
    [JsonStringEnumMemberName("REJECTED")]
    Rejected = 3,

    /// <summary>The answer was neither yes nor no.</summary>
    [JsonStringEnumMemberName("UNKNOWN")]
    Unknown = 4,

    /// <summary>The provider's list or webhook had it.</summary>
    [JsonStringEnumMemberName("ADOPTED")]
    Adopted = 5,
}

/// <summary>The attempt that counts: a payout's last one.</summary>
public sealed record Attempt(int Number, string Key, Instant FirstSentAt, Instant LastSentAt, int Sends);

/// <summary>Everything that what to do with a payout depends on.</summary>
public sealed record Payout
{
    public required OrganizationId Organization { get; init; }

    public required PayoutId Id { get; init; }

    public required Cents Amount { get; init; }

    public required string Provider { get; init; }

    public required string Destination { get; init; }

    public required PayoutState State { get; init; }

    /// <summary>Rises with every change; whoever writes names the one it has read.</summary>
    public required long Version { get; init; }

    public Instant? DueAt { get; init; }

    public string? TransferId { get; init; }

    public Cents ReversedAmount { get; init; }

    /// <summary>Null until something was sent.</summary>
    public Attempt? Last { get; init; }

    /// <summary>The retailer is on hold, or all payouts are stopped: nothing more is sent.</summary>
    public bool MayNotSend { get; init; }

    /// <summary>Names it at the provider, over all its attempts.</summary>
    public string TransferGroup => GroupOf(Id);

    public static string GroupOf(PayoutId payout) => $"payout_{payout}";

    /// <summary>Names an attempt at the provider; frozen, for providers remember it.</summary>
    public static string KeyOf(PayoutId payout, int attempt) => $"po_{payout}_a{attempt}";

    /// <summary>The payout that a transfer group names; null when it names none of ours.</summary>
    public static PayoutId? OfGroup(string group) =>
        group.StartsWith("payout_", StringComparison.Ordinal)
        && ShortUuid.TryParse(group.AsSpan("payout_".Length).ToString(), out var id)
            ? new PayoutId(id)
            : null;
}

/// <summary>What to do with a payout that is due.</summary>
public enum PayoutStep
{
    /// <summary>Nothing; ask again later.</summary>
    Wait = 1,

    /// <summary>Send under a key of its own.</summary>
    SendNew = 2,

    /// <summary>Send the same again, under the same key.</summary>
    SendAgain = 3,

    /// <summary>The key is too old to be used: the provider's list decides from now on.</summary>
    StopSending = 4,

    /// <summary>Ask the provider's list what became of it.</summary>
    LookUp = 5,
}

/// <summary>Where an answer leaves a payout.</summary>
/// <param name="State">The state it goes to.</param>
/// <param name="Attempt">What became of the attempt; null: what was known of it stays.</param>
/// <param name="DueAt">When to look at it next; null in the states that are final, or when somebody else will tell.
/// </param>
/// <param name="TransferId">What moved the money.</param>
/// <param name="Failure">Why it failed.</param>
/// <param name="Actor">Whose word it is: the worker's, unless a person says so.</param>
/// <param name="Alarm">Stops all payouts, with this reason; the payout itself stays where it is.</param>
public sealed record Verdict(
    PayoutState State,
    AttemptOutcome? Attempt,
    Instant? DueAt,
    string? TransferId = null,
    string Failure = "",
    string? Alarm = null,
    string Actor = RevenueShare.SharePayments.Actor);
