using System.Text.Json;
using System.Text.Json.Serialization;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Demonstration;

/// <summary>
/// demo.json: who is in the demo and the keys to try it with. Made-up data, so its keys may lie in a file.
/// </summary>
internal sealed record DemoFile
{
    public const string FileName = "demo.json";

    private static readonly JsonSerializerOptions Layout = CreateLayout();

    public required string BaseUrl { get; init; }

    public required DemoAdvertiser Advertiser { get; init; }

    public required DemoRetailer Retailer { get; init; }

    public required DemoOrganization Outsider { get; init; }

    public required DemoOrganization Operator { get; init; }

    /// <summary>Another of the operator's people, who confirms payouts; null in demos that were made before.</summary>
    public DemoOrganization? SecondOperator { get; init; }

    /// <summary>Who can sign in to the console; null in demos that were made before.</summary>
    public DemoPeople? People { get; init; }

    public static DemoFile? Read(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return File.Exists(path) ? JsonSerializer.Deserialize<DemoFile>(File.ReadAllText(path), Layout) : null;
    }

    public void Write(string directory)
    {
        ServerSettings.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, FileName), JsonSerializer.Serialize(this, Layout) + "\n");
    }

    /// <summary>What to try first: three calls that work as pasted.</summary>
    /// <param name="payouts">Says in one line where payouts go; empty: where the settings say.</param>
    public string Banner(string payouts)
    {
        var api = BaseUrl + HttpOptions.BasePath;
        var report = $"{api}/reporting/organizations/{Advertiser.OrganizationId}/performance";
        var earned = $"{api}/revenue-share/{Retailer.OrganizationId}/summary";
        var asAdvertiser = $"-H 'X-API-Key: {Advertiser.ApiKey}'";
        return $"""

            Demo keys   advertiser  {Advertiser.ApiKey}
                        retailer    {Retailer.ApiKey}
                        operator    {Operator.ApiKey}
                        operator 2  {SecondOperator?.ApiKey}
            More of them in {FileName} in the data directory. API reference: {BaseUrl}/docs
            {SignIn()}
            {payouts}

            A report, a click, and what the retailer has earned:

            curl {asAdvertiser} {report}

            curl {asAdvertiser} -H 'Content-Type: application/json' -d '{Click()}' {api}/ads/click

            curl -H 'X-API-Key: {Retailer.ApiKey}' {earned}

            """.Replace("\n\n\n", "\n\n", StringComparison.Ordinal);
    }

    private string SignIn() => People is null ? "" : $"""
        Console     {BaseUrl}/console  as {People.Advertiser}, {People.Retailer},
                    {People.Operator} or {People.SecondOperator}; password {People.Password}
        """;

    /// <summary>
    /// A click on a running campaign, with a browser: a bare command-line agent would be judged no shopper.
    /// </summary>
    private string Click()
    {
        var campaign = Advertiser.Campaigns.First(c => c.Status == "active");
        return JsonSerializer.Serialize(
            new
            {
                campaign.CampaignId,
                OfferId = campaign.Offers[0],
                Client = new { Ip = "203.0.113.9", UserAgent = DemoTraffic.Browsers[^1] },
            },
            WireJson.Options);
    }

    private static JsonSerializerOptions CreateLayout()
    {
        var layout = new JsonSerializerOptions(WireJson.Options)
        {
            WriteIndented = true,
            DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        };
        return layout;
    }
}

internal sealed record DemoAdvertiser
{
    public required OrganizationId OrganizationId { get; init; }

    public required string Name { get; init; }

    public required string ApiKey { get; init; }

    public required string PublishableKey { get; init; }

    public required string ReadonlyKey { get; init; }

    public required IReadOnlyList<DemoCampaign> Campaigns { get; init; }
}

internal sealed record DemoCampaign(CampaignId CampaignId, string Name, string Status, IReadOnlyList<OfferId> Offers);

internal sealed record DemoRetailer
{
    public required OrganizationId OrganizationId { get; init; }

    public required string Name { get; init; }

    public required string ApiKey { get; init; }

    public required IReadOnlyList<ShareId> RevenueShares { get; init; }
}

internal sealed record DemoOrganization(OrganizationId OrganizationId, string ApiKey);
