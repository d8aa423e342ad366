using System.Text;
using System.Text.Json;
using Countinghouse.Http;
using Countinghouse.Payouts.Providers;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>A webhook was kept.</summary>
/// <param name="Received">True.</param>
public sealed record WebhookReceived(bool Received);

/// <summary>Where providers tell of what happened. They sign what they send; that is their credential.</summary>
public static class WebhookEndpoints
{
    /// <summary>Where Stripe is told to send them.</summary>
    public const string StripePath = "/webhooks/stripe";

    /// <summary>Ids and types are short; what is longer is nobody's.</summary>
    private const int WordCharactersMax = 255;

    public static IEndpointRouteBuilder MapWebhooks(this IEndpointRouteBuilder routes)
    {
        // Not part of the API: no client of ours calls it, and its form is Stripe's.
        routes.MapPost(StripePath, Stripe).ExcludeFromDescription();
        return routes;
    }

    private static async Task<Results<Ok<WebhookReceived>, Problem>> Stripe(
        HttpContext context,
        WebhookInbox inbox,
        IOptions<PayoutOptions> options,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        using var body = await RequestBody.Read(context.Request, cancellation);
        var header = context.Request.Headers[StripeSignature.Header].ToString();
        if (!StripeSignature.IsValid(
            header, body.Bytes.Span, options.Value.StripeWebhookSecret, clock.GetUtcNow()))
        {
            return Problems.BadSignature();
        }

        if (Read(body.Bytes) is not { } told)
        {
            return Problems.NotAnEvent();
        }

        await inbox.Keep(told, cancellation);
        return TypedResults.Ok(new WebhookReceived(true));
    }

    private static Told? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (Word(json.RootElement, "id") is not { Length: > 0 } id
                || Word(json.RootElement, "type") is not { Length: > 0 } type)
            {
                return null;
            }

            var isTransfer = type.StartsWith("transfer.", StringComparison.Ordinal)
                && json.RootElement.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Object;
            var transfer = isTransfer && json.RootElement.GetProperty("data").TryGetProperty("object", out var what)
                ? Word(what, "id") ?? ""
                : "";
            var payload = Encoding.UTF8.GetString(body.Span);
            return payload.Contains('\0', StringComparison.Ordinal)
                ? null
                : new Told(StripeProvider.ProviderName, id, type, transfer, payload);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Word(JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String
                && value.GetString() is { Length: <= WordCharactersMax } word && !word.Contains('\0')
                ? word
                : null;
        }
        catch (InvalidOperationException)
        {
            // Text that is not valid Unicode.
            return null;
        }
    }
}
