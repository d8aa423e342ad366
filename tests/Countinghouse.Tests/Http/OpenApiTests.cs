using System.Text;
using System.Text.Json;
using Countinghouse.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;

namespace Countinghouse.Http;

/// <summary>The document promises what the routes do, no more and no less, under the names clients know.</summary>
public sealed class OpenApiTests(SqliteServer fixture) : IClassFixture<SqliteServer>, IAsyncLifetime
{
    private static readonly string[] LimitHeaders =
    [
        "X-Request-Id", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
        "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
    ];

    private readonly TestServer _server = fixture.Server;
    private OpenApiReader _document = null!;

    public async Task InitializeAsync()
    {
        var (json, _) = await _server.Get<ApiDocument>().Rendered;
        _document = new OpenApiReader(JsonDocument.Parse(json).RootElement.Clone(), Encoding.UTF8.GetString(json));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_checked_in_document_is_current()
    {
        var path = Path.Combine(Repository.Root, "docs", "openapi.json");
        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(path, _document.Text);
        }

        var stored = await File.ReadAllTextAsync(path);

        Assert.True(stored == _document.Text, "Out of date; update with: UPDATE_OPENAPI=1 ./test --filter OpenApi");
    }

    [Fact]
    public void The_names_that_clients_depend_on_are_kept()
    {
        Assert.Equal("Advertising API", _document.Root.GetProperty("info").GetProperty("title").GetString());
        Assert.Equal("1.0.0", _document.Root.GetProperty("info").GetProperty("version").GetString());
        foreach (var tag in new[] { "Ads", "Ad Reporting", "Revenue Share" })
        {
            Assert.Contains(tag, _document.Tags);
        }

        foreach (var scheme in new[] { "APIKeyHeaderAuth", "OAuthTokenAuth", "SessionAuth" })
        {
            Assert.True(_document.Has($"#/components/securitySchemes/{scheme}"), scheme);
        }

        foreach (var schema in new[]
        {
            "OrganizationCampaignsResponse", "CampaignListItem", "CampaignStatusEnum", "PagedRevenueShareOut",
            "RevenueShareOut", "RevenueShareStatusEnum", "RevenueShareSummaryOut", "PaginationMeta", "SummaryTotals",
        })
        {
            Assert.True(_document.Has($"#/components/schemas/{schema}"), schema);
        }
    }

    [Theory]
    [InlineData("get", "/reporting/organizations/{organization_id}/campaigns", "reporting_organization_campaigns")]
    [InlineData("get", "/reporting/organizations/{organization_id}/performance", "reporting_organization_performance")]
    [InlineData("get", "/reporting/campaigns/{campaign_id}/summary", "reporting_campaign_summary")]
    [InlineData("get", "/revenue-share/{organization_id}", "revenue_share_list_revenue_shares")]
    [InlineData("get", "/revenue-share/{organization_id}/summary", "revenue_share_revenue_share_summary")]
    [InlineData("get", "/revenue-share/{organization_id}/{share_id}", "revenue_share_revenue_share_detail")]
    [InlineData("post", "/ads/click", "ads_record_click")]
    [InlineData("post", "/ads/impressions", "ads_record_impressions")]
    public void The_core_operations_keep_their_addresses_and_ids(string method, string path, string id)
    {
        var operation = Assert.Single(
            _document.Operations, one => one.Method == method && one.Path == HttpOptions.BasePath + path);

        Assert.Equal("apps_advertising_api_" + id, operation.Id);
    }

    [Theory]
    [InlineData("CampaignListItem", "campaign_id name status impressions clicks spend ctr")]
    [InlineData("SummaryTotals", "impressions clicks spend ctr effective_cpc effective_cpm")]
    [InlineData("PaginationMeta", "page page_size total_count total_pages has_next has_previous")]
    [InlineData("RevenueShareSummaryOut", "organization_id total_earned total_paid pending_balance active_locations")]
    public void The_core_schemas_require_what_the_contract_requires(string schema, string members)
    {
        Assert.Equal(members.Split(' ').Order(), _document.Required(schema).Order());
    }

    [Fact]
    public void What_a_record_may_leave_out_is_not_required()
    {
        var optional = _document.Members("RevenueShareOut").Select(member => member.Name)
            .Except(_document.Required("RevenueShareOut"));

        Assert.Equal(["metadata", "paid_at", "payout_id", "stripe_transfer_id"], optional.Order());
    }

    [Theory]
    [InlineData("RevenueShareOut", "id", "shortuuid")]
    [InlineData("RevenueShareOut", "period_start", "date")]
    [InlineData("RevenueShareOut", "paid_at", "date-time")]
    [InlineData("RevenueShareOut", "gross_revenue", null)]
    [InlineData("CampaignListItem", "ctr", null)]
    public void Values_have_their_form(string schema, string member, string? format)
    {
        var form = _document.Members(schema).Single(one => one.Name == member).Schema;

        Assert.Equal(format, form.TryGetProperty("format", out var stated) ? stated.GetString() : null);
        var pattern = format switch
        {
            "shortuuid" => "^[23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz]{22}$",
            null => @"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$",
            _ => null,
        };
        Assert.Equal(pattern, form.TryGetProperty("pattern", out var text) ? text.GetString() : null);
    }

    [Fact]
    public void Every_route_is_in_the_document_and_every_operation_is_a_route()
    {
        // What is no client's: a form that is Stripe's, and pages for people.
        var routes = Endpoints().Select(endpoint => endpoint.Name)
            .Where(name => name != "post /webhooks/stripe" && !name.Contains(" /console", StringComparison.Ordinal))
            .Order().ToList();
        var operations = _document.Operations.Select(operation => operation.Name).Order().ToList();

        Assert.Equal(routes, operations);
    }

    [Fact]
    public void Every_operation_says_what_it_is()
    {
        foreach (var operation in _document.Operations)
        {
            Assert.StartsWith("apps_advertising_api_", operation.Id, StringComparison.Ordinal);
            Assert.False(string.IsNullOrWhiteSpace(operation.Summary), operation + " has no summary");
            Assert.False(string.IsNullOrWhiteSpace(operation.Description), operation + " has no description");
            Assert.All(operation.Tags, tag => Assert.Contains(tag, OpenApiTagNames));
            Assert.NotEmpty(operation.Tags);
        }

        Assert.Distinct(_document.Operations.Select(operation => operation.Id));
    }

    [Fact]
    public void Every_operation_names_the_errors_it_can_answer_with()
    {
        var guarded = Endpoints().Where(one => one.NeedsCaller).Select(one => one.Name).ToHashSet();
        foreach (var operation in _document.Operations.Where(one => !one.IsDiscovery && !one.IsOAuth))
        {
            List<string> expected = ["401", "429", "500", "503"];
            expected.AddRange(guarded.Contains(operation.Name) ? ["403"] : []);
            expected.AddRange(operation.HasBody ? ["400", "413", "415", "422"] : []);
            expected.AddRange(operation.Path.Contains('{', StringComparison.Ordinal) ? ["404", "422"] : []);
            expected.AddRange(operation.HasIdempotencyKey ? ["409"] : []);

            var missing = expected.Except(operation.Statuses).Select(status => $"{operation}: {status}");
            Assert.Equal("", string.Join(", ", missing));
            foreach (var status in operation.Statuses.Where(status => status[0] is '4' or '5'))
            {
                var schema = operation.Answer(status).GetProperty("content")
                    .GetProperty("application/problem+json").GetProperty("schema");
                Assert.Equal("#/components/schemas/Problem", schema.GetProperty("$ref").GetString());
            }
        }
    }

    [Fact]
    public void The_OAuth_operations_take_forms_and_have_errors_of_OAuths_own_form()
    {
        var operations = _document.Operations.Where(one => one.IsOAuth).ToList();

        Assert.Equal(["/oauth/introspect", "/oauth/revoke", "/oauth/token"], operations.Select(one => one.Path));
        foreach (var operation in operations)
        {
            Assert.Equal(["200", "400", "401", "413", "429", "500", "503"], operation.Statuses.Order());
            Assert.True(_document.Root.GetProperty("paths").GetProperty(operation.Path).GetProperty("post")
                .GetProperty("requestBody").GetProperty("content")
                .TryGetProperty("application/x-www-form-urlencoded", out _));
            foreach (var status in operation.Statuses.Where(status => status[0] is '4' or '5'))
            {
                var schema = operation.Answer(status).GetProperty("content").GetProperty("application/json")
                    .GetProperty("schema");
                Assert.Equal("#/components/schemas/OAuthErrorBody", schema.GetProperty("$ref").GetString());
            }
        }
    }

    [Fact]
    public void Tokens_are_got_at_the_token_endpoint_for_these_scopes()
    {
        var flow = _document.Root.GetProperty("components").GetProperty("securitySchemes")
            .GetProperty("OAuthTokenAuth").GetProperty("flows").GetProperty("clientCredentials");

        Assert.Equal("/oauth/token", flow.GetProperty("tokenUrl").GetString());
        Assert.Equal(
            Access.ScopeWords.All.Order(),
            flow.GetProperty("scopes").EnumerateObject().Select(one => one.Name).Order());
    }

    [Fact]
    public void Every_answer_under_the_base_path_names_the_headers_of_the_limits()
    {
        foreach (var operation in _document.Operations.Where(one => !one.IsDiscovery))
        {
            foreach (var status in operation.Statuses)
            {
                var names = operation.Headers(status).ToList();
                Assert.Equal("", string.Join(", ", LimitHeaders.Except(names).Select(one => $"{operation}: {one}")));
                Assert.Equal(status is "429" or "503", names.Contains("Retry-After"));
            }
        }
    }

    [Fact]
    public void A_credential_is_asked_for_where_the_route_asks_for_one()
    {
        var guarded = Endpoints().Where(one => one.NeedsCaller).Select(one => one.Name).ToHashSet();
        foreach (var operation in _document.Operations)
        {
            var alternatives = operation.Security;
            if (operation.IsDiscovery)
            {
                Assert.Empty(alternatives);
                continue;
            }

            if (operation.IsOAuth)
            {
                Assert.Equal(["OAuthClientAuth", ""], alternatives);
                continue;
            }

            string[] expected = ["APIKeyHeaderAuth", "OAuthTokenAuth", "SessionAuth"];
            Assert.Equal(guarded.Contains(operation.Name) ? expected : [.. expected, ""], alternatives);
        }
    }

    [Fact]
    public void Nothing_refers_to_what_is_not_there()
    {
        Assert.All(_document.References, reference => Assert.True(_document.Has(reference), reference));
    }

    [Fact]
    public void Every_member_of_every_schema_is_described_in_words_for_callers()
    {
        string[] ofTheCode = ["held and stored", "Made once", "micro-USD", "Whole cents", "10^-6"];
        foreach (var (schema, member, description) in _document.Descriptions)
        {
            Assert.False(string.IsNullOrWhiteSpace(description), $"{schema}.{member} has no description");
            Assert.DoesNotContain(ofTheCode, words => description.Contains(words, StringComparison.Ordinal));
        }
    }

    private static readonly string[] OpenApiTagNames = [.. OpenApiText.Tags.Select(tag => tag.Name)];

    private List<(string Name, bool NeedsCaller)> Endpoints() =>
    [
        .. from endpoint in _server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           let methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()
           where methods is not null
           from method in methods.HttpMethods
           where method != "HEAD"
           let path = "/" + endpoint.RoutePattern.RawText!.Trim('/')
           select ($"{method.ToLowerInvariant()} {path}", endpoint.Metadata.GetMetadata<IAuthorizeData>() is not null),
    ];
}
