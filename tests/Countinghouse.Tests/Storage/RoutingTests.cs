using System.Reflection;
using Countinghouse.Access;
using Countinghouse.Ingest;
using Countinghouse.Organizations;
using Countinghouse.Reporting;
using Countinghouse.Support;

namespace Countinghouse.Storage;

/// <summary>
/// On a Citus cluster (./test --citus) everything that is asked for an event, a report or a credential is asked of one
/// node: every statement of the classes on these paths is explained, so a new one is looked at by itself.
/// </summary>
[Trait("Engine", "Citus")]
public sealed class RoutingTests : IAsyncLifetime
{
    // Of all advertisers, by jobs in the background or once an hour; or by the key of the whole platform's people.
    private static readonly HashSet<string> OfAll =
    [
        "Rollups.Behind", "Rollups.Lag", "Rollups.Organizations", "IdRunStore.DropBlocks", "IdRunStore.DropRuns",
        "InvalidTrafficReport.PlatformReasons", "InvalidTrafficReport.PlatformOrganizations",
        "OrganizationVersions.SelectMany", "SeriesReport.LocationNames", "SeriesReport.OfferNames",
    ];

    // Statements that the program completes with an end of its own.
    private static readonly Dictionary<string, string> Ends = new()
    {
        ["EventReader.Some"] = " = ANY(ARRAY[CAST(1 AS bigint)]) ORDER BY batch_no",
        ["IdRunStore.ReadBlocks"] = " = ANY(ARRAY[CAST(1 AS bigint)])",
        ["SeriesReport.CampaignNames"] = " = ANY(ARRAY[CAST(@campaign AS uuid)])",
        ["SeriesReport.RetailerNames"] = " = ANY(ARRAY[CAST(@campaign AS uuid)])",
        ["CampaignOverviewReport.Terms"] = " WHERE c.org_id = @org",
    };

    private const string Id = "CAST('01890000-0000-7000-8000-000000000001' AS uuid)";
    private const string Bytes = "decode('00', 'hex')";
    private const string Rows = "'[]'";

    /// <summary>What stands for a parameter: a number unless it is said here.</summary>
    private static readonly Dictionary<string, string> Values = new()
    {
        ["org"] = Id,
        ["flush"] = Id,
        ["campaign"] = Id,
        ["offer"] = Id,
        ["retailer"] = Id,
        ["location"] = Id,
        ["id"] = Id,
        ["user"] = Id,
        ["key"] = Id,
        ["campaigns"] = $"ARRAY[{Id}]",
        ["charges"] = "ARRAY[CAST(1 AS bigint)]",
        ["client_hash"] = Bytes,
        ["previous"] = Bytes,
        ["hash"] = Bytes,
        ["clients"] = Bytes,
        ["payload"] = Bytes,
        ["filter"] = Bytes,
        ["entries"] = Bytes,
        ["pricing"] = "'cpc'",
        ["tail"] = Rows,
        ["reasons_tail"] = Rows,
        ["status"] = "''",
        ["text"] = "''",
        ["granularity"] = "'day'",
        ["group"] = "'campaign'",
        ["all"] = "true",
        ["name"] = "'rollups'",
    };

    private TestDatabase _test = null!;

    public async Task InitializeAsync() => _test = await TestDatabase.Create(Engine.Postgres);

    public async Task DisposeAsync() => await _test.DisposeAsync();

    [Fact]
    public async Task Every_statement_for_an_event_a_report_or_a_credential_is_asked_of_one_node()
    {
        var rows = new ReportRows(
            _test.Database, new Rollups(_test.Database, new EventReader(_test.Database, new RecentBatches())));
        var statements = new List<(string Name, string Sql)>();
        foreach (var type in (Type[])
            [
                typeof(EventFlusher), typeof(AdvertiserStates), typeof(EventReader), typeof(IdRunStore),
                typeof(Rollups), typeof(InvalidReasons), typeof(CredentialStore), typeof(OrganizationVersions),
            ])
        {
            statements.AddRange(StatementsOf(type, null));
        }

        foreach (var report in (object[])
            [
                new SeriesReport(_test.Database, rows), new CampaignListReport(rows),
                new CampaignOverviewReport(_test.Database, rows), new CampaignSummaryReport(rows),
                new PerformanceReport(rows), new InvalidTrafficReport(rows),
            ])
        {
            statements.AddRange(StatementsOf(report.GetType(), report));
        }

        Assert.True(statements.Count > 45, $"Only {statements.Count} statements were found.");
        var elsewhere = new List<string>();
        foreach (var (name, sql) in statements.Where(one => !OfAll.Contains(one.Name)))
        {
            var plan = await Explain(sql + Ends.GetValueOrDefault(name, ""));
            if (plan.Contains("Task Count", StringComparison.Ordinal)
                && (!plan.Contains("Task Count: 1\n", StringComparison.Ordinal)
                    || plan.Contains("Distributed Subplan", StringComparison.Ordinal)))
            {
                elsewhere.Add($"{name}:\n{plan}");
            }
        }

        Assert.True(elsewhere.Count == 0, string.Join("\n\n", elsewhere));
    }

    [Theory]
    [InlineData(typeof(AdvertiserStates), "Head")]
    [InlineData(typeof(Rollups), "Lock")]
    [InlineData(typeof(IdRunStore), "LockProjection")]
    public async Task A_row_is_locked_on_its_node(Type type, string name)
    {
        var sql = StatementsOf(type, null).Single(one => one.Name == $"{type.Name}.{name}").Sql;

        var plan = await Explain(sql + _test.Database.ForUpdate);

        Assert.Contains("Task Count: 1\n", plan);
        Assert.Contains("LockRows", plan);
    }

    [Fact]
    public async Task What_is_asked_of_all_nodes_is_seen_to_be()
    {
        var sql = StatementsOf(typeof(Rollups), null).Single(one => one.Name == "Rollups.Lag").Sql;

        Assert.Contains($"Task Count: {TestCluster.Shards}\n", await Explain(sql));
    }

    private static IEnumerable<(string Name, string Sql)> StatementsOf(Type type, object? of) => type
        .GetFields(BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance)
        .Where(field => field.FieldType == typeof(string) && (field.IsLiteral || of is not null))
        .Select(field => ($"{type.Name}.{field.Name}", (string)field.GetValue(field.IsLiteral ? null : of)!))
        .Where(one => one.Item2.Contains(' ') && (string[])["SELECT", "INSERT", "UPDATE", "DELETE"] is { } verbs
            && verbs.Any(verb => one.Item2.StartsWith(verb + ' ', StringComparison.Ordinal)
                || one.Item2.StartsWith(verb + '\n', StringComparison.Ordinal)));

    private async Task<string> Explain(string sql)
    {
        var text = System.Text.RegularExpressions.Regex.Replace(
            sql, "@([a-z_]+)", found => Values.GetValueOrDefault(found.Groups[1].Value, "1"));
        var lines = await _test.Database.Read(
            connection => connection.Query($"EXPLAIN (COSTS OFF) {text}", row => row.GetString(0), default), default);
        return string.Join('\n', lines) + "\n";
    }
}
