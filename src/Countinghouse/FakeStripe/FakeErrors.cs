namespace Countinghouse.FakeStripe;

/// <summary>Every refusal, in Stripe's words where a client may read them: type, code, parameter.</summary>
public static class FakeErrors
{
    private const string Invalid = "invalid_request_error";

    public static FakeAnswer Unauthorized() =>
        Refuse(401, Invalid, null, "You did not provide a valid API key: send 'Authorization: Bearer sk_test_...'.");

    public static FakeAnswer UnknownUrl(string method, string path) =>
        Refuse(404, Invalid, null, $"Unrecognized request URL ({method}: {path}).");

    public static FakeAnswer BadRequest(int status, string message) => Refuse(status, Invalid, null, message);

    public static FakeAnswer NoVersion() =>
        Refuse(400, Invalid, null, "The Stripe-Version header is missing; pin the version that you wrote for.");

    public static FakeAnswer Missing(string parameter) =>
        Refuse(400, Invalid, "parameter_missing", $"Missing required param: {parameter}.", parameter);

    public static FakeAnswer Empty(string parameter) =>
        Refuse(400, Invalid, "parameter_invalid_empty", $"'{parameter}' cannot be empty.", parameter);

    public static FakeAnswer NotWhole(string parameter, string expected) =>
        Refuse(400, Invalid, "parameter_invalid_integer", $"Invalid integer: {expected}", parameter);

    public static FakeAnswer Unknown(string parameter) =>
        Refuse(400, Invalid, "parameter_unknown", $"Received unknown parameter: {parameter}", parameter);

    public static FakeAnswer Wrong(string parameter, string message) =>
        Refuse(400, Invalid, null, message, parameter);

    public static FakeAnswer NoSuch(int status, string what, string id, string? parameter) =>
        Refuse(status, Invalid, "resource_missing", $"No such {what}: '{id}'", parameter);

    public static FakeAnswer BalanceInsufficient() => Refuse(
        400,
        Invalid,
        "balance_insufficient",
        "You have insufficient available funds in your Stripe account for this transfer.");

    public static FakeAnswer CannotReceive() => Refuse(
        400,
        Invalid,
        "insufficient_capabilities_for_transfer",
        "Your destination account needs to have the capability to receive transfers enabled.",
        "destination");

    public static FakeAnswer KeyUsedOtherwise(string? key) => Refuse(
        400,
        "idempotency_error",
        null,
        "Keys for idempotent requests can only be used with the same parameters they were first used with; "
            + $"this one was not: '{key}'.");

    public static FakeAnswer KeyInUse(string? key) => Refuse(
        409, "idempotency_error", "idempotency_key_in_use", $"Another request with this key is under way: '{key}'.");

    public static FakeAnswer RateLimited() =>
        Refuse(429, Invalid, "rate_limit", "Too many requests; try again later.") with { RetryAfterSeconds = 1 };

    public static FakeAnswer Api() =>
        Refuse(500, "api_error", null, "An error occurred on our side; what became of the request is not known.");

    private static FakeAnswer Refuse(
        int status, string type, string? code, string message, string? parameter = null) =>
        FakeAnswer.Of(status, FakeJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("type", type);
            if (code is not null)
            {
                json.WriteString("code", code);
            }

            json.WriteString("message", message);
            if (parameter is not null)
            {
                json.WriteString("param", parameter);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }));
}
