using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>What happened. The numbers are stored: never change one.</summary>
public enum EventKind
{
    Impression = 1,
    Click = 2,
}

/// <summary>Is it real traffic? The numbers are stored: never change one.</summary>
public enum Validity
{
    Valid = 0,

    /// <summary>General invalid traffic: declared bots, non-browsers, prefetches.</summary>
    General = 1,

    /// <summary>Sophisticated invalid traffic: found by comparing events.</summary>
    Sophisticated = 2,
}

/// <summary>
/// Why an event is invalid, or free. The numbers are stored: never change one. 1 to 63 is general invalid traffic, 64
/// to 127 sophisticated, from 128 on the event is valid and was not charged.
/// </summary>
public enum EventReason
{
    None = 0,

    DeclaredBot = 1,
    NonBrowserAgent = 2,
    Prefetch = 3,

    /// <summary>The agent is on a list that the operator loaded.</summary>
    ListedAgent = 4,

    /// <summary>The address is in a network that the operator loaded.</summary>
    ListedNetwork = 5,

    /// <summary>The page is of a domain that the operator loaded.</summary>
    ListedDomain = 6,

    /// <summary>The advertiser's own or staff traffic.</summary>
    OwnTraffic = 7,

    /// <summary>The same client saw the same ad within the impression window.</summary>
    RepeatedImpression = 64,

    /// <summary>The same client clicked the same ad within the click window.</summary>
    RepeatedClick = 65,

    ClicksPerMinute = 66,
    ClicksPerTenMinutes = 67,
    ClicksPerHour = 68,
    ClicksPerDay = 69,

    NotRunning = 128,
    BudgetExhausted = 129,
    DailyBudgetExhausted = 130,
}

/// <summary>
/// The shopper behind an event, as far as anybody said: what its agent and headers alone give away, the day's client
/// key, and the address for network rules. Lives in memory until the event is judged; never stored or logged.
/// </summary>
/// <param name="Verdict">None, or the rule for which agent or headers suffice.</param>
/// <param name="Key">Names the client for one day; 0 when neither address nor agent is known.</param>
/// <param name="Address">IPv6 form (IPv4 mapped); 0 when unknown.</param>
public readonly record struct ClientMark(EventReason Verdict, ulong Key, UInt128 Address);

/// <summary>An event as it was sent. A structure: a batch is one array of them.</summary>
public readonly record struct SentEvent
{
    public required EventKind Kind { get; init; }

    public required CampaignId Campaign { get; init; }

    public OfferId? Offer { get; init; }

    /// <summary>The sender's id; null lets the server make one.</summary>
    public EventId? Id { get; init; }

    /// <summary>When it happened, as the sender says.</summary>
    public Instant? StatedAt { get; init; }

    /// <summary>The shopper, as the sender says.</summary>
    public ClientMark? StatedClient { get; init; }
}

/// <summary>Who sent a request with events: believed about clients and times only where the contract says so.</summary>
public sealed record EventSender(OrganizationId? Server, bool IsOperator, ClientMark Peer)
{
    /// <summary>
    /// The server key of the advertiser, of the offer's retailer or of the operator speaks for its shoppers; anybody
    /// else speaks for itself.
    /// </summary>
    public bool IsBelieved(OrganizationId advertiser, OrganizationId? retailer) =>
        IsOperator || (Server is { } server && (server == advertiser || server == retailer));
}

/// <summary>What became of a sent event.</summary>
public enum EventOutcome
{
    /// <summary>Stored and durable; charged, free or invalid is not the sender's to know.</summary>
    Accepted = 1,

    /// <summary>Stored before; nothing was counted twice.</summary>
    Duplicate = 2,

    UnknownCampaign = 3,

    OfferNotInCampaign = 4,

    /// <summary>The id belongs to an event with another kind, campaign, offer or stated time.</summary>
    IdReused = 5,

    /// <summary>The id says that it is older than ids are remembered.</summary>
    Expired = 6,

    /// <summary>The stated time is too long ago or in the future.</summary>
    TimeOutOfRange = 7,
}

/// <summary>An outcome and the id under which the event is, or would have been, stored.</summary>
public readonly record struct EventAnswer(EventOutcome Outcome, EventId Id, FoundIn Found = FoundIn.Nothing)
{
    /// <summary>An event that nobody has judged yet (no outcome) is not refused.</summary>
    public bool IsRefusal => Outcome is not (0 or EventOutcome.Accepted or EventOutcome.Duplicate);
}

/// <summary>The immutable record of one event.</summary>
public sealed record AdEvent
{
    public required OrganizationId Advertiser { get; init; }

    public required EventId Id { get; init; }

    public required EventKind Kind { get; init; }

    public required CampaignId Campaign { get; init; }

    public required OfferId? Offer { get; init; }

    public required LocationId? Location { get; init; }

    public required OrganizationId? Retailer { get; init; }

    /// <summary>The time a believed sender gave; null when the server's own was taken.</summary>
    public required Instant? StatedAt { get; init; }

    public required Instant OccurredAt { get; init; }

    public required Instant ReceivedAt { get; init; }

    /// <summary>The UTC hour (yyyymmddhh) in which it is reported and billed; fixed here, once.</summary>
    public required int BillingHour { get; init; }

    public required Validity Validity { get; init; }

    /// <summary>
    /// The rule that found it invalid, or why it was free; none for a valid event that was charged or is free anyway.
    /// </summary>
    public required EventReason Reason { get; init; }

    /// <summary>Version of the rules it was judged by.</summary>
    public required int Ruleset { get; init; }

    /// <summary>What an event of this kind cost when it was judged.</summary>
    public required Money Price { get; init; }

    /// <summary>What it cost: nothing or its price.</summary>
    public required Money Charge { get; init; }

    /// <summary>A valid click that would have cost something and did not.</summary>
    public bool IsUnbilledClick =>
        Kind == EventKind.Click && Validity == Validity.Valid && Price > Charge;
}
