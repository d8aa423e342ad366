using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Ingest;

/// <summary>The shopper behind an event, as a server passes it on. Judged, never stored.</summary>
public sealed record ClientIn
{
    /// <summary>The shopper's address.</summary>
    [StringLength(45)]
    public string? Ip { get; init; }

    /// <summary>The shopper's User-Agent.</summary>
    [StringLength(1024)]
    public string? UserAgent { get; init; }
}

/// <summary>One click or impression.</summary>
public record EventIn
{
    /// <summary>The campaign that paid for the placement.</summary>
    public required CampaignId CampaignId { get; init; }

    /// <summary>The offer that was shown or clicked; one of the campaign's.</summary>
    public OfferId? OfferId { get; init; }

    /// <summary>Your id of this event, best a UUIDv7; sending it again counts nothing twice.</summary>
    public EventId? EventId { get; init; }

    /// <summary>When it happened; counts from server keys of the parties only, up to 35 days back.</summary>
    public Instant? OccurredAt { get; init; }

    /// <summary>The shopper; counts from server keys of the parties only.</summary>
    public ClientIn? Client { get; init; }
}

/// <summary>Many impressions.</summary>
public sealed record ImpressionsIn
{
    /// <summary>The impressions, 1 to 1000.</summary>
    [Length(1, EventWriter.EventsMax)]
    public required IReadOnlyList<EventIn> Impressions { get; init; }

    /// <summary>True: one bad item refuses all, and nothing is stored.</summary>
    public bool? Atomic { get; init; }
}

/// <summary>A recorded click.</summary>
/// <param name="Success">True: the click is on record.</param>
/// <param name="EventId">The id that was sent with the click, or the one that was made for it.</param>
public sealed record ClickOut(bool Success, EventId EventId);

/// <summary>An item that was not recorded, and why.</summary>
/// <param name="Index">Its place in the request, from 0.</param>
/// <param name="ErrorCode">The kind of error for programs, as in a problem.</param>
/// <param name="Detail">What was wrong with it.</param>
public sealed record RejectedOut(
    [property: Range(0, EventWriter.EventsMax - 1)] int Index, string ErrorCode, string Detail);

/// <summary>What became of the impressions.</summary>
/// <param name="Success">True when nothing was rejected.</param>
/// <param name="Accepted">Impressions that are on record because of this request.</param>
/// <param name="Duplicates">Impressions that were on record before.</param>
/// <param name="Rejected">The others, with the reason, in the order of the request.</param>
public sealed record ImpressionsOut(
    bool Success,
    [property: Range(0, EventWriter.EventsMax)] int Accepted,
    [property: Range(0, EventWriter.EventsMax)] int Duplicates,
    IReadOnlyList<RejectedOut> Rejected);

/// <summary>Recording events over HTTP: public, so the answer never tells which rule caught an event.</summary>
public static class EventEndpoints
{
    public static IEndpointRouteBuilder MapEvents(this IEndpointRouteBuilder routes)
    {
        var ads = routes.MapGroup("/ads").WithTags("Ads").RequireCors(HttpSetup.AnyOrigin);

        ads.MapPost("/click", Click)
            .Accepts<EventIn>("application/json")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_ads_record_click")
            .WithSummary("Record a click")
            .WithDescription(
                "Answers once the click is durable and deducted from the campaign's budget. Safe to resend.");
        ads.MapPost("/impressions", Impressions)
            .Accepts<ImpressionsIn>("application/json")
            .WithName("apps_advertising_api_ads_record_impressions")
            .WithSummary("Record impressions")
            .WithDescription("Up to 1000 at once; answers once all accepted ones are durable. Safe to resend.");
        return routes;
    }

    private static async Task<Results<Ok<ClickOut>, Problem>> Click(
        HttpContext context, EventWriter writer, ClientReader clients, CancellationToken cancellation)
    {
        var body = await context.ReadJson<EventIn>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var answers = await writer.Write(
            new[] { ToEvent(body.Value, EventKind.Click, clients) },
            Sender(context, clients),
            atomic: true,
            cancellation);
        return answers is null ? Problems.IngestBusy() : answers[0].Outcome switch
        {
            EventOutcome.Accepted or EventOutcome.Duplicate => TypedResults.Ok(new ClickOut(true, answers[0].Id)),
            EventOutcome.UnknownCampaign => Problems.UnknownCampaign(),
            EventOutcome.IdReused => Problems.EventIdReused(),
            EventOutcome.OfferNotInCampaign or EventOutcome.Expired or EventOutcome.TimeOutOfRange =>
                Problems.Invalid([Fault(answers[0].Outcome, "")]),
        };
    }

    private static async Task<Results<Ok<ImpressionsOut>, Problem>> Impressions(
        HttpContext context, EventWriter writer, ClientReader clients, CancellationToken cancellation)
    {
        var (batch, problem) = await ImpressionsReader.Read(context, clients, cancellation);
        if (problem is not null)
        {
            return problem;
        }

        if (batch!.Atomic && batch.Faults.Count > 0)
        {
            return Problems.Invalid([.. batch.Faults.SelectMany(item => item.Value)]);
        }

        var good = batch.Items.Where(item => item.Sent is not null).ToList();
        var answers = await writer.Write(
            good.Select(item => item.Sent!.Value).ToArray(), Sender(context, clients), batch.Atomic, cancellation);
        if (answers is null)
        {
            return Problems.IngestBusy();
        }

        var faults = good.Zip(answers).Where(pair => pair.Second.IsRefusal).ToList();
        if (batch.Atomic && faults.Count > 0)
        {
            return Problems.Invalid(
                [.. faults.Select(pair => Fault(pair.Second.Outcome, $"impressions[{pair.First.Index}]."))]);
        }

        var rejected = faults
            .Select(pair => Rejected(pair.First.Index, Fault(pair.Second.Outcome, ""), pair.Second.Outcome))
            .Concat(batch.Faults.Select(item => new RejectedOut(
                item.Key, "validation_error", string.Join("; ", item.Value.Select(Sentence)))))
            .OrderBy(item => item.Index)
            .ToList();
        return TypedResults.Ok(new ImpressionsOut(
            rejected.Count == 0,
            answers.Count(answer => answer.Outcome == EventOutcome.Accepted),
            answers.Count(answer => answer.Outcome == EventOutcome.Duplicate),
            rejected));
    }

    internal static SentEvent ToEvent(EventIn sent, EventKind kind, ClientReader clients) => new()
    {
        Kind = kind,
        Campaign = sent.CampaignId,
        Offer = sent.OfferId,
        Id = sent.EventId,
        StatedAt = sent.OccurredAt,
        StatedClient = sent.Client is { } client
            ? clients.Read(client.Ip, client.UserAgent, isPrefetch: false)
            : null,
    };

    private static EventSender Sender(HttpContext context, ClientReader clients)
    {
        var caller = context.CallerOrNull();
        var headers = context.Request.Headers;
        var prefetch = headers["Sec-Purpose"].ToString().Contains("prefetch", StringComparison.OrdinalIgnoreCase)
            || headers["Purpose"].ToString().Contains("prefetch", StringComparison.OrdinalIgnoreCase)
            || headers["X-Moz"].ToString().Contains("prefetch", StringComparison.OrdinalIgnoreCase);
        var peer = clients.Read(
            context.Connection.RemoteIpAddress?.ToString(), headers.UserAgent.ToString(), prefetch);
        var server = caller?.Kind == KeyKind.Csb ? caller.Organization : (OrganizationId?)null;
        return new EventSender(server, server is not null && caller!.IsOperator, peer);
    }

    private static RejectedOut Rejected(int index, FieldError fault, EventOutcome outcome) => outcome switch
    {
        EventOutcome.UnknownCampaign => new RejectedOut(index, "not_found", Problems.UnknownCampaign().Detail),
        EventOutcome.IdReused => new RejectedOut(index, "conflict", Problems.EventIdReused().Detail),
        EventOutcome.OfferNotInCampaign or EventOutcome.Expired or EventOutcome.TimeOutOfRange =>
            new RejectedOut(index, "validation_error", $"{fault.Field} {fault.Message}"),
        EventOutcome.Accepted or EventOutcome.Duplicate => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    private static string Sentence(FieldError fault) =>
        fault.Field.Length > 0 ? $"{fault.Field} {fault.Message}" : "The item " + fault.Message;

    private static FieldError Fault(EventOutcome outcome, string path) => outcome switch
    {
        EventOutcome.UnknownCampaign =>
            new FieldError(path + "campaign_id", "is not a campaign that is open to events", "not_found"),
        EventOutcome.OfferNotInCampaign =>
            new FieldError(path + "offer_id", "is not one of the campaign's offers", "unknown_offer"),
        EventOutcome.IdReused =>
            new FieldError(path + "event_id", "was already used for another event", "conflict"),
        EventOutcome.Expired => new FieldError(
            path + "event_id",
            $"is older than the {IngestRules.RememberedDays} days that ids are remembered",
            "expired"),
        EventOutcome.TimeOutOfRange => new FieldError(
            path + "occurred_at",
            $"must be at most {IngestRules.RememberedDays} days ago and {IngestRules.AheadMinutes} minutes ahead",
            "out_of_range"),
        EventOutcome.Accepted or EventOutcome.Duplicate => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };
}
