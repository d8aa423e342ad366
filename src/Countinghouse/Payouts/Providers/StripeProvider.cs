using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Countinghouse.Primitives;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts.Providers;

/// <summary>
/// Stripe's transfers to connected accounts, over its REST API (https://docs.stripe.com/api/transfers). Nothing here
/// repeats a request: that is the worker's to decide, for it has written down what was sent.
/// </summary>
public sealed partial class StripeProvider(HttpMessageInvoker http, IOptions<PayoutOptions> options) : IPayoutProvider
{
    public const string ProviderName = "stripe";

    /// <summary>The form of requests and answers that this was written for; accounts have other defaults.</summary>
    public const string ApiVersion = "2024-06-20";

    private const int PageMax = 100;

    /// <summary>Refusals after which nothing has moved and nothing will (https://docs.stripe.com/error-codes).
    /// </summary>
    private static readonly HashSet<string> Permanent =
    [
        "account_closed", "account_country_invalid_address", "account_invalid", "account_number_invalid",
        "amount_too_large", "amount_too_small", "balance_insufficient", "insufficient_capabilities_for_transfer",
        "insufficient_funds", "parameter_invalid_empty", "parameter_invalid_integer", "parameter_missing",
        "parameter_unknown", "resource_missing", "transfers_not_allowed",
    ];

    public string Name => ProviderName;

    public bool IsConfigured => options.Value.StripeSecretKey.Length > 0;

    public bool CanList => true;

    public async Task<DestinationCheck> Check(string destination, CancellationToken cancellation)
    {
        if (!IsConfigured)
        {
            return DestinationCheck.NotConfigured;
        }

        if (!AccountId().IsMatch(destination))
        {
            return DestinationCheck.Malformed;
        }

        var reply = await Call(HttpMethod.Get, $"/v1/accounts/{destination}", null, null, cancellation);
        return reply switch
        {
            { Status: 200, Body: { } account } => CanReceive(account)
                ? DestinationCheck.Fine
                : DestinationCheck.CannotReceive,
            { Status: 404 } or { Code: "resource_missing" or "account_invalid" } => DestinationCheck.Unknown,
            _ => DestinationCheck.Unreachable,
        };
    }

    public async Task<SendAnswer> Send(TransferOrder order, CancellationToken cancellation)
    {
        KeyValuePair<string, string>[] form =
        [
            new("amount", order.Amount.Value.ToString(CultureInfo.InvariantCulture)),
            new("currency", "usd"),
            new("destination", order.Destination),
            new("transfer_group", order.Group),
            new("metadata[payout_id]", order.Payout.ToString()),
            new("metadata[organization_id]", order.Organization.ToString()),
        ];
        var reply = await Call(HttpMethod.Post, "/v1/transfers", form, order.Key, cancellation);
        var transfer = reply.Status is >= 200 and < 300 ? ReadTransfer(reply.Body) : null;
        return new SendAnswer(OutcomeOf(reply, transfer))
        {
            Transfer = transfer,
            Code = reply.Code,
            HttpStatus = reply.Status == 0 ? null : reply.Status,
            RequestRef = reply.RequestId,
            RetryAfter = reply.RetryAfter,
        };
    }

    public Task<IReadOnlyList<Transfer>?> OfGroup(string group, CancellationToken cancellation) =>
        List($"transfer_group={Uri.EscapeDataString(group)}", cancellation);

    public Task<IReadOnlyList<Transfer>?> Since(Instant since, CancellationToken cancellation) => List(
        string.Create(
            CultureInfo.InvariantCulture, $"created[gte]={since.ToTime().ToUnixTimeSeconds()}"),
        cancellation);

    public async Task<Transfer?> Find(string transferId, CancellationToken cancellation)
    {
        var reply = await Call(
            HttpMethod.Get, $"/v1/transfers/{Uri.EscapeDataString(transferId)}", null, null, cancellation);
        return reply.Status == 200 ? ReadTransfer(reply.Body) : null;
    }

    /// <summary>
    /// No answer, half an answer, "still under way" and "too fast" are all safe to repeat under the same key. A
    /// definite no is a word that is known; anything else says nothing about whether money moved.
    /// </summary>
    private static SendOutcome OutcomeOf(Reply reply, Transfer? transfer) => reply.Status switch
    {
        _ when transfer is not null => SendOutcome.Done,
        0 or 409 or 429 or (>= 200 and < 300) => SendOutcome.TryAgain,
        >= 400 and < 500 when reply.Type != "idempotency_error" && Permanent.Contains(reply.Code) =>
            SendOutcome.Refused,
        _ => SendOutcome.Unclear,
    };

    private async Task<IReadOnlyList<Transfer>?> List(string query, CancellationToken cancellation)
    {
        var all = new List<Transfer>();
        for (var after = ""; ;)
        {
            var path = $"/v1/transfers?limit={PageMax}&{query}{after}";
            var reply = await Call(HttpMethod.Get, path, null, null, cancellation);
            if (reply.Status != 200 || reply.Body is not { ValueKind: JsonValueKind.Object } body
                || !body.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array
                || !body.TryGetProperty("has_more", out var more))
            {
                return null;
            }

            foreach (var item in data.EnumerateArray())
            {
                if (ReadTransfer(item) is not { } transfer)
                {
                    return null;
                }

                all.Add(transfer);
            }

            if (more.ValueKind != JsonValueKind.True || data.GetArrayLength() == 0)
            {
                return all;
            }

            after = $"&starting_after={all[^1].Id}";
        }
    }

    private async Task<Reply> Call(
        HttpMethod method,
        string path,
        KeyValuePair<string, string>[]? form,
        string? key,
        CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, options.Value.StripeUrl.TrimEnd('/') + path);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + options.Value.StripeSecretKey);
        request.Headers.TryAddWithoutValidation("Stripe-Version", ApiVersion);
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        if (form is not null)
        {
            request.Content = new FormUrlEncodedContent(form);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(options.Value.StripeTimeoutSeconds));
        try
        {
            using var response = await http.SendAsync(request, patience.Token);
            var text = await response.Content.ReadAsStringAsync(patience.Token);
            return Reply.Of(response, text);
        }
        catch (Exception error) when (error is HttpRequestException or IOException
            || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new Reply(0, null, "no_answer", "", "", null);
        }
    }

    private static bool CanReceive(JsonElement account) =>
        account.ValueKind == JsonValueKind.Object
        && account.TryGetProperty("capabilities", out var capabilities)
        && capabilities.ValueKind == JsonValueKind.Object
        && capabilities.TryGetProperty("transfers", out var transfers)
        && transfers.ValueKind == JsonValueKind.String && transfers.GetString() == "active";

    /// <summary>Null when it is not a transfer that could be believed.</summary>
    private static Transfer? ReadTransfer(JsonElement? element)
    {
        if (element is not { ValueKind: JsonValueKind.Object } body || Text(body, "id") is not { Length: > 0 } id
            || Text(body, "object") != "transfer" || Number(body, "amount") is not { } amount
            || Number(body, "amount_reversed") is not { } reversed || Number(body, "created") is not { } created)
        {
            return null;
        }

        return new Transfer(
            id,
            new Cents(amount),
            new Cents(reversed),
            Text(body, "currency") ?? "",
            Text(body, "destination") ?? "",
            Text(body, "transfer_group") ?? "",
            Instant.Of(DateTimeOffset.FromUnixTimeSeconds(created)));
    }

    private static string? Text(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number)
            ? number
            : null;

    [GeneratedRegex("^acct_[A-Za-z0-9]{1,64}$")]
    private static partial Regex AccountId();

    /// <summary>What came back; status 0: nothing did.</summary>
    private sealed record Reply(
        int Status, JsonElement? Body, string Code, string Type, string RequestId, TimeSpan? RetryAfter)
    {
        public static Reply Of(HttpResponseMessage response, string text)
        {
            JsonElement? body = null;
            try
            {
                body = JsonDocument.Parse(text).RootElement.Clone();
            }
            catch (JsonException)
            {
                // Half an answer, or somebody else's: the status is all there is to go by.
            }

            var error = body is { ValueKind: JsonValueKind.Object } whole
                && whole.TryGetProperty("error", out var found) && found.ValueKind == JsonValueKind.Object
                ? found
                : default;
            var isError = error.ValueKind == JsonValueKind.Object;
            return new Reply(
                (int)response.StatusCode,
                body,
                isError ? Text(error, "code") ?? "" : "",
                isError ? Text(error, "type") ?? "" : "",
                response.Headers.TryGetValues("Request-Id", out var ids) ? ids.First() : "",
                response.Headers.RetryAfter?.Delta);
        }
    }
}
