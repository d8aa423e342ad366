using Countinghouse.Primitives;

namespace Countinghouse.Payouts.Providers;

/// <summary>One request to move money; the same for every send of an attempt.</summary>
public sealed record TransferOrder(
    PayoutId Payout, OrganizationId Organization, Cents Amount, string Destination, string Group, string Key);

/// <summary>A transfer as the provider tells it.</summary>
/// <param name="Id">The provider's id.</param>
/// <param name="Amount">What was sent.</param>
/// <param name="Reversed">What of it came back.</param>
/// <param name="Currency">In lower case.</param>
/// <param name="Destination">Where it went.</param>
/// <param name="Group">What we named it by; empty: nothing of ours.</param>
/// <param name="CreatedAt">When, by the provider's clock, to the second.</param>
public sealed record Transfer(
    string Id, Cents Amount, Cents Reversed, string Currency, string Destination, string Group, Instant CreatedAt);

/// <summary>How sending ended. Yes, no and unknown are different answers.</summary>
public enum SendOutcome
{
    /// <summary>The money moved.</summary>
    Done = 1,

    /// <summary>It is in somebody's hands, who will say what became of it.</summary>
    HandedOver = 2,

    /// <summary>It will not be done, and nothing moved.</summary>
    Refused = 3,

    /// <summary>No answer, or one that asks for patience: the same request under the same key is safe.</summary>
    TryAgain = 4,

    /// <summary>An answer that says neither yes nor no.</summary>
    Unclear = 5,
}

/// <summary>An answer to a send.</summary>
public sealed record SendAnswer(SendOutcome Outcome)
{
    /// <summary>What moved; only when it is <see cref="SendOutcome.Done"/>.</summary>
    public Transfer? Transfer { get; init; }

    /// <summary>The provider's word for what is wrong.</summary>
    public string Code { get; init; } = "";

    public int? HttpStatus { get; init; }

    /// <summary>The provider's own id of the request, for asking its support.</summary>
    public string RequestRef { get; init; } = "";

    /// <summary>How long it asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Can money be sent there?</summary>
public enum DestinationCheck
{
    Fine = 1,

    /// <summary>It is no destination of this provider.</summary>
    Malformed = 2,

    /// <summary>The provider does not know it.</summary>
    Unknown = 3,

    /// <summary>It is known and may not receive money.</summary>
    CannotReceive = 4,

    /// <summary>The provider could not be asked.</summary>
    Unreachable = 5,

    /// <summary>The provider is not set up here.</summary>
    NotConfigured = 6,
}

/// <summary>
/// Somebody who moves money. No call is made inside a database transaction, and none throws for what a provider does:
/// a call that cannot be made or understood is an answer too.
/// </summary>
public interface IPayoutProvider
{
    /// <summary>The word in tables and on the wire.</summary>
    string Name { get; }

    /// <summary>Is what it needs set up here? Otherwise nothing is sent.</summary>
    bool IsConfigured { get; }

    /// <summary>True when it can be asked what it has moved.</summary>
    bool CanList { get; }

    Task<DestinationCheck> Check(string destination, CancellationToken cancellation);

    Task<SendAnswer> Send(TransferOrder order, CancellationToken cancellation);

    /// <summary>Every transfer under a name, whatever became of it; null when it could not be asked.</summary>
    Task<IReadOnlyList<Transfer>?> OfGroup(string group, CancellationToken cancellation);

    /// <summary>One transfer as it is now; null when it could not be asked, or does not know it.</summary>
    Task<Transfer?> Find(string transferId, CancellationToken cancellation);

    /// <summary>Every transfer made since; null when it could not be asked to the end.</summary>
    Task<IReadOnlyList<Transfer>?> Since(Instant since, CancellationToken cancellation);
}

public static class PayoutProviders
{
    /// <summary>The provider of that name; every stored name has one.</summary>
    public static IPayoutProvider Of(this IEnumerable<IPayoutProvider> providers, string name) =>
        providers.First(provider => provider.Name == name);
}
