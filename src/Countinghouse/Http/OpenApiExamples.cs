using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Countinghouse.Http;

/// <summary>
/// Believable values for the members that many schemas share, and whole examples put together from them. One table
/// keeps the examples consistent: everywhere the same campaign, and fee and share that add up to the gross.
/// </summary>
internal static class OpenApiExamples
{
    private static readonly Dictionary<string, JsonNode> Values = new()
    {
        ["organization_id"] = "WmsG2qe2XXxacqiqo2MfnY",
        ["campaign_id"] = "ZowuNEgiULixDa5444gHVT",
        ["offer_id"] = "cr3ZhZC6BG3z7GAjcAmQhp",
        ["organization_name"] = "Northwind Coffee",
        ["name"] = "Autumn espresso beans",
        ["Organization.name"] = "Northwind Coffee",
        ["NewOrganization.name"] = "Northwind Coffee",
        ["OrganizationPatch.name"] = "Northwind Coffee",
        ["Location.name"] = "Harbour Street 4",
        ["NewLocation.name"] = "Harbour Street 4",
        ["LocationPatch.name"] = "Harbour Street 4",
        ["status"] = "active",
        ["currency"] = "USD",
        ["start_date"] = "2025-08-01",
        ["end_date"] = "2025-08-31",
        ["period_start"] = "2025-08-01",
        ["period_end"] = "2025-08-31",
        ["first_event_at"] = "2025-08-01T06:12:44Z",
        ["last_event_at"] = "2025-08-05T14:30:00Z",
        ["occurred_at"] = "2025-08-05T14:30:00Z",
        ["impressions"] = 48210,
        ["clicks"] = 1156,
        ["spend"] = "289.00",
        ["ctr"] = "2.40",
        ["effective_cpc"] = "0.25",
        ["effective_cpm"] = "5.99",
        ["bid"] = "0.25",
        ["budget"] = "1000.00",
        ["daily_budget"] = "50.00",
        ["remaining_budget"] = "711.00",
        ["invalid_impressions"] = 312,
        ["invalid_clicks"] = 9,
        ["unbilled_clicks"] = 0,
        ["gross_revenue"] = "2890.00",
        ["platform_fee"] = "433.50",
        ["retailer_share"] = "2456.50",
        ["platform_fee_rate"] = "0.15",
        ["stripe_transfer_id"] = "",
        ["total_earned"] = "9826.00",
        ["total_paid"] = "7369.50",
        ["pending_balance"] = "2456.50",
        ["active_locations"] = 12,
        ["success"] = true,
        ["accepted"] = 2,
        ["duplicates"] = 0,
        ["page"] = 1,
        ["page_size"] = 25,
        ["total_count"] = 4,
        ["total_pages"] = 1,
        ["has_next"] = false,
        ["has_previous"] = false,
        ["ip"] = "203.0.113.7",
        ["user_agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        ["granularity"] = "day",
        ["state"] = "CLOSED",
        ["started_at"] = "2025-09-04T00:05:00Z",
        ["closed_at"] = "2025-09-04T00:05:12Z",
        ["event_count"] = 184213,
        ["SettlementRecordsOut.count"] = 4,
        ["event_id"] = "3AnYi5uNvkSWJ9L7TtgmPf",
        ["SeriesRow.start"] = "2025-08-05T00:00:00Z",
        ["SeriesRow.group_id"] = "ZowuNEgiULixDa5444gHVT",
        ["Offer.name"] = "Espresso beans, 1 kg",
        ["NewOffer.name"] = "Espresso beans, 1 kg",
        ["sku"] = "BEANS-1000",
        ["location_id"] = "3kTrKHBKm5Ja2Ez9vnYLAv",
        ["RevenueShareOut.id"] = "7UPzwFE3q5pQcPZAYnHNMC",
        ["share_id"] = "7UPzwFE3q5pQcPZAYnHNMC",
        ["RejectedOut.error_code"] = "validation_error",
        ["RejectedOut.detail"] = "offer_id is not one of the campaign's offers",
        ["ImpressionsOut.success"] = false,
        ["HealthAnswer.status"] = "ready",
        ["LinkContext.anchor"] = "http://127.0.0.1:8000/advertising/api/v1",
        ["LinkTarget.href"] = "http://127.0.0.1:8000/advertising/api/v1/openapi.json",
        ["LinkTarget.type"] = "application/json",
        ["FieldError.field"] = "page_size",
        ["FieldError.message"] = "must be a whole number from 1 to 100",
        ["FieldError.code"] = "invalid",
        ["payout_id"] = "5pVz2v7mQkHcYr9sWbXnTd",
        ["run_id"] = "4uKc8d3nTjGbXq7rVaWmSe",
        ["difference_id"] = "3tJb7c2mShFaWp6qUZVkRf",
        ["amount"] = "2456.50",
        ["reversed_amount"] = "0.00",
        ["minimum"] = "50.00",
        ["destination"] = "acct_1QbXkT2eZvKYlo2C",
        ["transfer_id"] = "tr_1QcYmU2eZvKYlo2CdW8n",
        ["idempotency_key"] = "po_5pVz2v7mQkHcYr9sWbXnTd_a1",
        ["request_ref"] = "req_8TzXw1qLs0",
        ["fingerprint"] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ["failure"] = "",
        ["PayoutAttemptOut.error_code"] = "",
        ["http_status"] = 200,
        ["PayoutAccountOut.provider"] = "stripe",
        ["PayoutOut.provider"] = "stripe",
        ["PlanRowOut.provider"] = "stripe",
        ["PayoutAttemptOut.outcome"] = "OK",
        ["DifferenceOut.ours"] = "SUCCEEDED 2456.50 usd to acct_1QbXkT2eZvKYlo2C, 0.00 back",
        ["DifferenceOut.theirs"] = "2456.50 usd to acct_1QbXkT2eZvKYlo2C, 2456.50 back",
        ["request_id"] = "0HNB3F6V2K1QD-00000001",
        ["key_id"] = "BqPzHhyxVmrjNhpL8QGDJe",
        ["key"] = "csb_EXAMPLEexampleEXAMPLEexampleEXAM_0a1b2c3d",
        ["ApiKeyOut.name"] = "Web shop",
        ["NewOrganizationKey.name"] = "Web shop",
        ["NewUserKey.name"] = "My laptop",
        ["ApiKeyPatch.name"] = "Web shop",
        ["created_by"] = "user:8dXnTsW4vKgPq2mRbYcHeA",
        ["client_id"] = "6qWz3w8nRkJdZs8sXcYoUf",
        ["client_secret"] = "ccs_EXAMPLEexampleEXAMPLEexampleEXAM_0a1b2c3d",
        ["OAuthClientOut.name"] = "Campaign sync",
        ["NewOAuthClient.name"] = "Campaign sync",
        ["OAuthClientPatch.name"] = "Campaign sync",
        ["access_token"] = "cat_EXAMPLEexampleEXAMPLEexampleEXAM_0a1b2c3d",
        ["token"] = "cat_EXAMPLEexampleEXAMPLEexampleEXAM_0a1b2c3d",
        ["token_type"] = "Bearer",
        ["expires_in"] = 3600,
        ["scope"] = "advertising:read campaigns:write",
        ["grant_type"] = "client_credentials",
    };

    /// <summary>Members that are null in the examples: what they tell of has not happened to the thing.</summary>
    private static readonly HashSet<string> Unset = [
        "paid_at", "completed_at", "completed_reason", "expires_at", "hold_reason", "stopped_at", "stopped_by",
    ];

    /// <summary>The table's value for a member, if it fits the member's schema.</summary>
    public static JsonNode? OfMember(string name, IOpenApiSchema schema, string owner = "")
    {
        if ((!Values.TryGetValue($"{owner}.{name}", out var value) && !Values.TryGetValue(name, out value))
            || schema.Enum is { Count: > 0 })
        {
            return null;
        }

        var wanted = value.GetValueKind() switch
        {
            System.Text.Json.JsonValueKind.String => JsonSchemaType.String,
            System.Text.Json.JsonValueKind.Number => JsonSchemaType.Integer,
            _ => JsonSchemaType.Boolean,
        };
        return schema.Type is { } type && type.HasFlag(wanted) ? value.DeepClone() : null;
    }

    /// <summary>A whole value of a schema, from the examples of its members.</summary>
    public static JsonNode? Of(IOpenApiSchema schema, string? member = null)
    {
        if (schema.Examples is [{ } example, ..])
        {
            return example.DeepClone();
        }

        if (schema.Enum is { Count: > 0 } choices)
        {
            return choices.FirstOrDefault(choice => member is not null && Values.TryGetValue(member, out var usual)
                && JsonNode.DeepEquals(choice, usual))?.DeepClone() ?? choices[0].DeepClone();
        }

        if (schema.OneOf is { Count: > 0 } alternatives)
        {
            return Of(alternatives.First(one => one.Type != JsonSchemaType.Null), member);
        }

        return schema.Type is { } type ? OfType(type & ~JsonSchemaType.Null, schema) : null;
    }

    private static JsonNode? OfType(JsonSchemaType type, IOpenApiSchema schema) => type switch
    {
        JsonSchemaType.Object => OfObject(schema),
        JsonSchemaType.Array => schema.Items is { } items ? new JsonArray(Of(items)) : new JsonArray(),
        JsonSchemaType.Integer => long.TryParse(schema.Minimum, out var minimum) ? Math.Max(minimum, 1) : 1,
        JsonSchemaType.Boolean => false,
        JsonSchemaType.String => OfText(schema),
        _ => null,
    };

    private static JsonObject OfObject(IOpenApiSchema schema)
    {
        var value = new JsonObject();
        foreach (var (name, member) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            value[name] = Unset.Contains(name) && MayBeNull(member) ? null : Of(member, name);
        }

        if (value.Count == 0 && schema.AdditionalProperties is not null)
        {
            value["cost_center"] = "4711";
        }

        return value;
    }

    private static bool MayBeNull(IOpenApiSchema schema) =>
        schema.Type?.HasFlag(JsonSchemaType.Null) is true
        || (schema.OneOf ?? []).Any(one => one.Type == JsonSchemaType.Null);

    private static string OfText(IOpenApiSchema schema) => schema.Format switch
    {
        "date-time" => "2025-08-05T14:30:00Z",
        "date" => "2025-08-05",
        "uri" => "https://closient.com/docs/errors/not_found",
        _ => "text",
    };
}
