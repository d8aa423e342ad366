using System.ComponentModel.DataAnnotations;
using System.Text;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Primitives;

namespace Countinghouse.Ingest;

/// <summary>The shopper behind an event, as a server passes it on. Judged, never stored.</summary>
public sealed record ClientIn
{
    /// <summary>The shopper's address, IPv4 or IPv6; one that cannot be read counts as unknown.</summary>
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

    /// <summary>When it happened, up to 35 days back; server keys of the parties only. Resends repeat it.</summary>
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
    /// <summary>An IPv6 address with its zone, as .NET prints it, and some to spare.</summary>
    private const int AddressBytesMax = 80;

    /// <summary>Longer agents, which browsers do not have, get memory of their own.</summary>
    private const int AgentCharsOnStack = 512;
    private const int Utf8BytesPerChar = 3;

    public static IEndpointRouteBuilder MapEvents(this IEndpointRouteBuilder routes)
    {
        // Without the timer per request: the queue is bounded, and the database's own timeout ends what hangs in it.
        var ads = routes.MapGroup("/ads").WithTags("Ads").RequireCors(HttpSetup.AnyOrigin)
            .WithMetadata(new DisableRequestTimeoutAttribute());

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
        HttpContext context,
        EventWriter writer,
        ClientReader clients,
        TrafficLists lists,
        CancellationToken cancellation)
    {
        var (batch, problem) = await EventRequests.ReadClick(context, clients, cancellation);
        if (problem is not null)
        {
            return problem;
        }

        var answers = await writer.Write(batch!.Events, Sender(context, clients, lists), atomic: false, cancellation);
        batch.Return();
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
        HttpContext context,
        EventWriter writer,
        ClientReader clients,
        TrafficLists lists,
        CancellationToken cancellation)
    {
        var (batch, problem) = await EventRequests.ReadImpressions(context, clients, cancellation);
        if (problem is not null)
        {
            return problem;
        }

        if (batch!.Atomic && batch.Faults.Count > 0)
        {
            batch.Return();
            return Problems.Invalid([.. batch.Faults.SelectMany(item => item.Value)]);
        }

        var answers = await writer.Write(batch.Events, Sender(context, clients, lists), batch.Atomic, cancellation);
        batch.Return();
        if (answers is null)
        {
            return Problems.IngestBusy();
        }

        if (batch.Atomic && FirstRefusal(answers) is { } first)
        {
            return Problems.Invalid(RefusalsOfAtomic(answers, first));
        }

        return TypedResults.Ok(Summarize(batch, answers));
    }

    private static int? FirstRefusal(EventAnswer[] answers)
    {
        for (var position = 0; position < answers.Length; position++)
        {
            if (answers[position].IsRefusal)
            {
                return position;
            }
        }

        return null;
    }

    private static List<FieldError> RefusalsOfAtomic(EventAnswer[] answers, int first)
    {
        var faults = new List<FieldError>();
        for (var position = first; position < answers.Length; position++)
        {
            if (answers[position].IsRefusal)
            {
                faults.Add(Fault(answers[position].Outcome, $"impressions[{position}]."));
            }
        }

        return faults;
    }

    /// <summary>Counts the answers, and puts the items that were no events between them.</summary>
    private static ImpressionsOut Summarize(ReadBatch batch, EventAnswer[] answers)
    {
        var (accepted, duplicates, position) = (0, 0, 0);
        List<RejectedOut>? rejected = null;
        for (var index = 0; index < batch.ItemCount; index++)
        {
            if (batch.Faults.Count > 0 && batch.Faults.TryGetValue(index, out var faults))
            {
                (rejected ??= []).Add(new RejectedOut(
                    index, "validation_error", string.Join("; ", faults.Select(Sentence))));
                continue;
            }

            var answer = answers[position++];
            accepted += answer.Outcome == EventOutcome.Accepted ? 1 : 0;
            duplicates += answer.Outcome == EventOutcome.Duplicate ? 1 : 0;
            if (answer.IsRefusal)
            {
                (rejected ??= []).Add(Rejected(index, Fault(answer.Outcome, ""), answer.Outcome));
            }
        }

        return new ImpressionsOut(rejected is null, accepted, duplicates, rejected ?? (IReadOnlyList<RejectedOut>)[]);
    }

    /// <summary>What the request's own connection and headers say, without garbage but the answer.</summary>
    private static EventSender Sender(HttpContext context, ClientReader clients, TrafficLists lists)
    {
        var headers = context.Request.Headers;
        Span<byte> address = stackalloc byte[AddressBytesMax];
        var addressBytes = 0;
        context.Connection.RemoteIpAddress?.TryFormat(address, out addressBytes);

        var text = headers.UserAgent.ToString();
        var agent = text.Length <= AgentCharsOnStack
            ? stackalloc byte[AgentCharsOnStack * Utf8BytesPerChar]
            : new byte[Encoding.UTF8.GetByteCount(text)];
        var agentBytes = Encoding.UTF8.GetBytes(text, agent);

        var isPrefetch = SaysPrefetch(headers["Sec-Purpose"])
            || SaysPrefetch(headers["Purpose"]) || SaysPrefetch(headers["X-Moz"]);
        var peer = clients.Read(address[..addressBytes], agent[..agentBytes], isPrefetch);
        if (peer.Verdict == EventReason.None
            && (lists.Current.HasDomain(TrafficListSnapshot.HostOf(headers.Referer.ToString()))
                || lists.Current.HasDomain(TrafficListSnapshot.HostOf(headers.Origin.ToString()))))
        {
            peer = peer with { Verdict = EventReason.ListedDomain };
        }

        var server = context.CallerOrNull()?.Server;
        return new EventSender(server?.Organization, server?.IsOperator == true, peer);
    }

    private static bool SaysPrefetch(StringValues header) =>
        header.Count > 0 && header.ToString().Contains("prefetch", StringComparison.OrdinalIgnoreCase);

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
