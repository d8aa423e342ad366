using Countinghouse.Primitives;

namespace Countinghouse.Payouts;

/// <summary>A payout: one transfer that settles a set of a retailer's records.</summary>
public sealed record PayoutOut
{
    /// <summary>The payout.</summary>
    public required PayoutId PayoutId { get; init; }

    /// <summary>The retailer that is paid.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>The run that it belongs to.</summary>
    public required PayoutRunId RunId { get; init; }

    /// <summary>What is paid: the sum of its records.</summary>
    public required Cents Amount { get; init; }

    /// <summary>What of it came back.</summary>
    public required Cents ReversedAmount { get; init; }

    /// <summary>"stripe" or "manual".</summary>
    public required string Provider { get; init; }

    /// <summary>Where the money goes, in the provider's words.</summary>
    public required string Destination { get; init; }

    /// <summary>Where it stands.</summary>
    public required PayoutState State { get; init; }

    /// <summary>The provider's transfer, or the operator's reference; null until the money has moved.</summary>
    public string? TransferId { get; init; }

    /// <summary>Why it failed; empty otherwise.</summary>
    public required string Failure { get; init; }

    /// <summary>When it was made.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>When it is looked at next; null when that is over, or up to the operator.</summary>
    public Instant? DueAt { get; init; }

    /// <summary>When it succeeded, failed or was cancelled; null until then.</summary>
    public Instant? SettledAt { get; init; }

    /// <summary>Whose word that is: the worker's, or who marked it so; null until then.</summary>
    public string? SettledBy { get; init; }

    /// <summary>The retailer's name.</summary>
    public required string OrganizationName { get; init; }
}

/// <summary>A record that a payout settles.</summary>
public sealed record PayoutItemOut
{
    /// <summary>The record.</summary>
    public required ShareId ShareId { get; init; }

    /// <summary>Its month.</summary>
    public required Period Month { get; init; }

    /// <summary>The retailer's share of that month.</summary>
    public required Cents Amount { get; init; }
}

/// <summary>What a provider was asked, and what it said.</summary>
public sealed record PayoutAttemptOut
{
    /// <summary>From 1; another one only after it is certain that the one before moved nothing.</summary>
    public required int AttemptNo { get; init; }

    /// <summary>Names the attempt at the provider, which does nothing twice under one name.</summary>
    public required string IdempotencyKey { get; init; }

    /// <summary>How often it was sent.</summary>
    public required int Sends { get; init; }

    /// <summary>When it was sent first.</summary>
    public required Instant FirstSentAt { get; init; }

    /// <summary>When it was sent last.</summary>
    public required Instant LastSentAt { get; init; }

    /// <summary>What became of it.</summary>
    public required AttemptOutcome Outcome { get; init; }

    /// <summary>The last answer's status; null: none came.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>The provider's word for what was wrong; empty otherwise.</summary>
    public required string ErrorCode { get; init; }

    /// <summary>The provider's own id of the request, for its support; empty when it gave none.</summary>
    public required string RequestRef { get; init; }
}

/// <summary>A payout with everything behind it.</summary>
public sealed record PayoutDetailOut
{
    /// <summary>The payout.</summary>
    public required PayoutOut Payout { get; init; }

    /// <summary>The records that it settles, the earliest month first.</summary>
    public required IReadOnlyList<PayoutItemOut> Items { get; init; }

    /// <summary>What the provider was asked, the first attempt first.</summary>
    public required IReadOnlyList<PayoutAttemptOut> Attempts { get; init; }
}

/// <summary>A run of payouts.</summary>
public sealed record PayoutRunOut
{
    /// <summary>The run.</summary>
    public required PayoutRunId RunId { get; init; }

    /// <summary>Where it stands.</summary>
    public required RunState State { get; init; }

    /// <summary>Stands for everything that would be paid; a confirmation names it.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The smallest sum that was worth a transfer.</summary>
    public required Cents Minimum { get; init; }

    /// <summary>Retailers that are paid.</summary>
    public required long PayoutCount { get; init; }

    /// <summary>What they are paid together.</summary>
    public required Cents Amount { get; init; }

    /// <summary>Retailers with approved records that are not paid; each row of the plan says why.</summary>
    public required long SkippedCount { get; init; }

    /// <summary>When the preview was made.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>Who asked for it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it was confirmed or cancelled; null until then.</summary>
    public Instant? DecidedAt { get; init; }

    /// <summary>Who confirmed or cancelled it.</summary>
    public string? DecidedBy { get; init; }

    public static PayoutRunOut From(PayoutRun run) => new()
    {
        RunId = run.Id,
        State = run.State,
        Fingerprint = run.Fingerprint,
        Minimum = run.Minimum,
        PayoutCount = run.PayoutCount,
        Amount = run.Amount,
        SkippedCount = run.SkippedCount,
        CreatedAt = run.CreatedAt,
        CreatedBy = run.CreatedBy,
        DecidedAt = run.DecidedAt,
        DecidedBy = run.DecidedBy,
    };
}

/// <summary>What a run does with one retailer.</summary>
public sealed record PlanRowOut
{
    /// <summary>The retailer.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>Whether the retailer is paid, and why not.</summary>
    public required PlanOutcome Outcome { get; init; }

    /// <summary>The sum of its approved records; below zero when corrections outweigh what was earned.</summary>
    public required Cents Amount { get; init; }

    /// <summary>"stripe" or "manual"; null: nobody has said.</summary>
    public string? Provider { get; init; }

    /// <summary>Where the money goes; empty: nobody has said.</summary>
    public required string Destination { get; init; }

    /// <summary>The records.</summary>
    public required IReadOnlyList<ShareId> ShareIds { get; init; }

    /// <summary>The retailer's name.</summary>
    public required string OrganizationName { get; init; }

    public static PlanRowOut From(PlanRow row) => new()
    {
        OrganizationId = row.Retailer,
        Outcome = row.Outcome,
        Amount = row.Amount,
        Provider = row.Provider,
        Destination = row.Destination,
        ShareIds = [.. row.Shares.Select(share => share.Share)],
        OrganizationName = row.Name,
    };
}
