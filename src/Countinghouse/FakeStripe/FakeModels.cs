namespace Countinghouse.FakeStripe;

/// <summary>One request, as far as the bank looks at it. Paths are without the query; fields are decoded.</summary>
public sealed record FakeRequest(
    string Method,
    string Path,
    IReadOnlyDictionary<string, string> Query,
    IReadOnlyDictionary<string, string> Form,
    string? IdempotencyKey,
    bool IsAuthorized)
{
    private const string Bearer = "Bearer ";

    /// <summary>True when a Stripe-Version header came with it, and said something.</summary>
    public bool HasVersion { get; init; } = true;

    /// <summary>Any secret key will do, unless there is only one that is right.</summary>
    public static bool HasKey(string? authorization, string? onlyKey) =>
        authorization?.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) == true
        && authorization[Bearer.Length..].Trim() is var key
        && (onlyKey is null ? key.StartsWith("sk_", StringComparison.Ordinal) : key == onlyKey);
}

public enum FakeDelivery
{
    Normal = 1,

    /// <summary>The connection is to be cut without an answer.</summary>
    Dropped = 2,
}

/// <summary>What the client gets, if it gets anything, and how long after the work was done.</summary>
public sealed record FakeAnswer(int Status, string Json, FakeDelivery Delivery, TimeSpan Delay)
{
    /// <summary>Kept from an earlier request with the same key: Idempotent-Replayed is true.</summary>
    public bool IsReplayed { get; init; }

    /// <summary>Retry-After, where there is one.</summary>
    public int? RetryAfterSeconds { get; init; }

    public static FakeAnswer Of(int status, string json) => new(status, json, FakeDelivery.Normal, TimeSpan.Zero);

    public static FakeAnswer Cut { get; } = new(0, "", FakeDelivery.Dropped, TimeSpan.Zero);
}

/// <summary>Money that was moved to a connected account.</summary>
public sealed record FakeTransfer(
    long Number,
    string Id,
    string BalanceTransaction,
    long AmountCents,
    string Currency,
    string Destination,
    string? TransferGroup,
    string? Description,
    string MetadataJson,
    string? IdempotencyKey,
    DateTimeOffset Created,
    DateTimeOffset ListedFrom,
    long AmountReversedCents)
{
    public bool IsReversed => AmountReversedCents == AmountCents;
}

/// <summary>Money that came back.</summary>
public sealed record FakeReversal(
    string Id, string BalanceTransaction, string Transfer, long AmountCents, DateTimeOffset Created);

/// <summary>
/// What really happened, whatever was answered. Transfers are in the order in which they took effect; no available
/// balance means that it has no end; pending effects are those of "slow_effect" whose time has not come.
/// </summary>
public sealed record FakeTruth(
    IReadOnlyList<FakeTransfer> Transfers,
    long? AvailableCents,
    int PendingEffects,
    IReadOnlyDictionary<string, long> Requests,
    IReadOnlyDictionary<FakeFault, long> Faults);

/// <summary>A webhook to post now, once; a duplicate is one more of them with the same event.</summary>
public sealed record FakeWebhook(long Number, string EventId, byte[] Body, string Signature);
