namespace Countinghouse.Http;

/// <summary>The words of the OpenAPI document that belong to no single operation.</summary>
internal static class OpenApiText
{
    public const string Introduction = """
        **Ids** are 22 characters (shortuuid); requests may use the dashed UUID instead. **Amounts** are strings, in
        USD, exact. **Days** and months are UTC, and ranges include both ends.

        **Signing in**: an API key in `X-API-Key`, an access token in `Authorization: Bearer`, or the cookie
        `sessionid`. The first of them that is sent decides. What belongs to an organization that the caller has no
        part in answers 404, exactly as if it did not exist. The operations under `/ads` need no credential.

        **Errors** are `application/problem+json` (RFC 9457). `error_code` is for programs, `detail` for people;
        `retryable` says whether the same request may succeed later. A 422 lists everything that was wrong, at once.

        **Limits** are counted per credential, or per address where there is none, in windows of a UTC minute and a UTC
        day. Every answer says what is left.

        **Sending again** is safe: events have ids of their own, and every other POST takes an `Idempotency-Key`.

        **HEAD** is answered wherever GET is, with the same headers and no body, and is not listed separately.
        """;

    /// <summary>In the order of the document.</summary>
    public static readonly IReadOnlyList<(string Name, string Description)> Tags =
    [
        ("Ads", "Recording impressions and clicks. Needs no credential; a server key adds address and time."),
        ("Ad Reporting", "What campaigns did and cost: lifetime totals, days, and series over time."),
        ("Revenue Share", "What a retailer earned in each closed month, and what of it was paid."),
        ("Organizations", "Advertisers, retailers and the platform's operator."),
        ("Operations", "What only the platform's operator does: holding all figures against the events."),
        ("Catalog", "A retailer's locations, and the offers there which campaigns promote."),
        ("Campaigns", "What an advertiser runs: price, budget, dates and offers, and the steps of its life."),
        ("Adjustments", "Corrections of what campaigns were charged. For the operator; advertisers read them."),
        ("Access", "Credentials of servers, web pages and programs: API keys and OAuth clients."),
        ("OAuth", "Access tokens for programs. Errors here have OAuth's own form."),
        ("Members", "The people of an organization and their roles."),
        ("Fee Rates", "The platform's part of a retailer's gross, from a month on. For the operator."),
        ("Settlements", "Closing months and approving what came out. For the operator."),
        ("Payouts", "Sending retailers their money. For the operator."),
        ("Discovery", "This document, the catalogue of APIs, and whether the server is well. Never limited."),
    ];
}
