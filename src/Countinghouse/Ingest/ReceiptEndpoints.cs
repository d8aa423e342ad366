using System.Text.Json.Serialization;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Ingest;

/// <summary>What became of an event. One that was sent again has the receipt of the first.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReceiptOutcome>))]
public enum ReceiptOutcome
{
    /// <summary>Valid, and charged if its kind is paid for.</summary>
    [JsonStringEnumMemberName("accepted")]
    Accepted = 1,

    /// <summary>Valid and counted, but not charged; the reason says why.</summary>
    [JsonStringEnumMemberName("unbilled")]
    Unbilled = 2,

    /// <summary>Invalid traffic: neither counted nor charged; the reason names the rule.</summary>
    [JsonStringEnumMemberName("invalid")]
    Invalid = 3,
}

/// <summary>What became of one event, for the advertiser and for the retailer whose offer it was about.</summary>
public sealed record EventReceipt
{
    /// <summary>The event.</summary>
    public required EventId EventId { get; init; }

    /// <summary>The advertiser.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>impression or click.</summary>
    public required string Kind { get; init; }

    /// <summary>What became of it.</summary>
    public required ReceiptOutcome Outcome { get; init; }

    /// <summary>The rule that found it invalid, or why it was free; null when neither.</summary>
    public required string? Reason { get; init; }

    /// <summary>Version of the rules it was judged by: rules times a million plus the operator's lists.</summary>
    public required int Ruleset { get; init; }

    /// <summary>The campaign.</summary>
    public required CampaignId CampaignId { get; init; }

    /// <summary>The offer; null when it was about none.</summary>
    public required OfferId? OfferId { get; init; }

    /// <summary>Whose offer it is.</summary>
    public required OrganizationId? RetailerId { get; init; }

    /// <summary>Where the offer is.</summary>
    public required LocationId? LocationId { get; init; }

    /// <summary>When it happened: the stated time of a believed sender, else that of its receipt.</summary>
    public required Instant OccurredAt { get; init; }

    /// <summary>When it was received.</summary>
    public required Instant ReceivedAt { get; init; }

    /// <summary>The UTC day on which it is reported and billed.</summary>
    public required UtcDay BillingDay { get; init; }

    /// <summary>What an event of its kind cost then, in millionths of a USD; 0 when the kind is not paid for.</summary>
    public required long PriceMicros { get; init; }

    /// <summary>What it cost, in millionths of a USD: nothing or its price.</summary>
    public required long ChargeMicros { get; init; }

    /// <summary>The advertiser's batch in which it was recorded.</summary>
    public required long BatchNo { get; init; }

    /// <summary>That batch's hash, which every later batch rests on.</summary>
    public required string BatchHash { get; init; }

    /// <summary>The retailer's record into which its charge went; null before there is one.</summary>
    public required ShareId? RevenueShareId { get; init; }

    internal static EventReceipt Of(FoundEvent found)
    {
        var received = found.Batch.CommittedAt;
        var occurred = found.Event.OccurredAt(received);
        var price = found.Placement.PriceOf(found.Event.Kind);
        return new EventReceipt
        {
            EventId = found.Event.Id,
            OrganizationId = found.Advertiser,
            Kind = EventWords.Of(found.Event.Kind),
            Outcome = found.Event.Validity != Validity.Valid ? ReceiptOutcome.Invalid
                : found.Event.Reason != EventReason.None ? ReceiptOutcome.Unbilled
                : ReceiptOutcome.Accepted,
            Reason = EventWords.Of(found.Event.Reason),
            Ruleset = found.Ruleset,
            CampaignId = found.Placement.Campaign,
            OfferId = found.Placement.Offer,
            RetailerId = found.Placement.Retailer,
            LocationId = found.Placement.Location,
            OccurredAt = occurred,
            ReceivedAt = received,
            BillingDay = UtcDay.Of(found.Event.BilledAt(received).ToTime()),
            PriceMicros = price.Micros,
            ChargeMicros = found.Event.Charge(found.Placement).Micros,
            BatchNo = found.Batch.BatchNo,
            BatchHash = Convert.ToHexStringLower(found.Batch.Hash),
            RevenueShareId = found.Share,
        };
    }
}

/// <summary>Receipts over HTTP.</summary>
public static class ReceiptEndpoints
{
    public static IEndpointRouteBuilder MapReceipts(this IEndpointRouteBuilder routes)
    {
        routes.MapRead("/organizations/{organization_id}/events/{event_id}", Read)
            .RequirePermission(Permission.ReadReports)
            .WithTags("Ad Reporting")
            .Strict()
            .WithName("apps_advertising_api_organizations_read_event")
            .WithSummary("Read an event's receipt")
            .WithDescription(
                "What became of an event of the organization's campaigns, or of one about its offers: charged, free or "
                + "invalid and why, in which batch, and the revenue-share record it went into.");
        return routes;
    }

    private static async Task<Results<Ok<EventReceipt>, Problem>> Read(
        HttpContext context, Receipts receipts, CancellationToken cancellation) =>
        await receipts.Find(
            context.Id<OrganizationId>("organization_id"), context.Id<EventId>("event_id"), cancellation)
            is { } found
            ? TypedResults.Ok(EventReceipt.Of(found))
            : Problems.NotFound();
}
