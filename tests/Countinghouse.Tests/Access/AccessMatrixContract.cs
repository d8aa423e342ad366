using System.Net.Http.Headers;
using System.Text.Json;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Support;
using Microsoft.AspNetCore.Routing;

namespace Countinghouse.Access;

/// <summary>
/// Every operation asked by every kind of caller, against the table in access-matrix.txt. An operation without a row
/// fails, and so does a row without an operation.
/// </summary>
public abstract class AccessMatrixContract(ApiWorld world)
{
    private const string OperationPrefix = "apps_advertising_api_";

    private static readonly string Nobody = ShortUuid.Format(NamedId.Create("test/nobody has this"));

    private readonly TestServer _server = world.Server;

    /// <summary>All that the OpenAPI document describes, those outside the base path too.</summary>
    private IEnumerable<Operation> Operations => world.FindOperations()
        .Where(operation => operation.Metadata.GetMetadata<IEndpointNameMetadata>() is not null);

    [Fact]
    public void Every_operation_has_a_row_and_every_row_an_operation()
    {
        var matrix = AccessMatrix.Read();
        var operations = Operations.Select(NameOf).Distinct().ToList();

        Assert.Empty(operations.Except(matrix.Operations.Keys));
        Assert.Empty(matrix.Operations.Keys.Except(operations));
        Assert.Equal(AccessCallers.Names, matrix.Callers);
    }

    [Fact]
    public async Task Every_caller_gets_what_the_table_says()
    {
        var matrix = AccessMatrix.Read();
        var callers = await AccessCallers.Make(world);
        var faults = new List<string>();
        foreach (var operation in Operations)
        {
            foreach (var (caller, expected) in matrix.Of(NameOf(operation)))
            {
                var answer = await Ask(operation, "", callers, caller);
                var got = answer.Status switch { 401 or 403 or 404 => $"{answer.Status}", >= 500 => "5xx", _ => "ok" };
                if (got != expected)
                {
                    faults.Add($"{NameOf(operation)} ({operation}) as {caller}: {got}, not {expected}; {answer.Text}");
                }
                else if (expected == "404" && operation.Method != HttpMethod.Head)
                {
                    var nothing = await Ask(operation, Nobody, callers, caller);
                    if (Comparable(nothing) != Comparable(answer))
                    {
                        faults.Add($"{operation} as {caller}: foreign {answer.Text}, not existing {nothing.Text}");
                    }
                }
            }
        }

        Assert.True(faults.Count == 0, $"{faults.Count} faults\n{string.Join('\n', faults)}");
    }

    /// <summary>
    /// Asks about the world's own things, or about an organization or campaign that is given instead. The handler gets
    /// a body that it cannot read: whoever was let in is told so, and nothing has happened.
    /// </summary>
    private async Task<Answer> Ask(Operation operation, string organization, AccessCallers callers, string caller)
    {
        await callers.Refill();
        var browser = await callers.Browser(caller);
        (string, string)[] ids = operation.NeedsSession && browser is var (_, session, key)
            ? [("session_id", session), ("key_id", key)]
            : organization.Length > 0 ? [("organization_id", organization), ("campaign_id", organization)] : [];
        var request = new HttpRequestMessage(
            operation.Method, new Uri(_server.Origin, world.PathOf(operation, ids)));
        if (operation.IsOAuth)
        {
            request.Content = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "client_credentials")]);
        }
        else if (operation.Body is not null)
        {
            request.Content = new StringContent("{", new MediaTypeHeaderValue("application/json"));
        }

        request.Headers.Add(RequestIds.Header, "matrix");
        if (browser is null)
        {
            callers.Sign(request, caller, world.OrganizationOf(operation));
        }
        else
        {
            browser.Value.Browser.Sign(request);
        }

        return await _server.Send(request);
    }

    /// <summary>Everything of an answer but its time; the limits' counts move with each request.</summary>
    private static string Comparable(Answer answer)
    {
        var body = JsonDocument.Parse(answer.Text).RootElement.EnumerateObject()
            .Where(member => member.Name != "timestamp").Select(member => member.ToString());
        var headers = answer.Headers
            .Where(header => header.Key != "Date" && !header.Key.Contains("RateLimit", StringComparison.Ordinal))
            .Select(header => $"{header.Key}: {header.Value}").Order(StringComparer.Ordinal);
        return $"{answer.Status}\n{string.Join('\n', headers)}\n{string.Join('\n', body)}";
    }

    private static string NameOf(Operation operation) =>
        operation.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName[OperationPrefix.Length..];
}

public sealed class SqliteAccessMatrix(SqliteWorld world) : AccessMatrixContract(world), IClassFixture<SqliteWorld>;

public sealed class PostgresAccessMatrix(PostgresWorld world)
    : AccessMatrixContract(world), IClassFixture<PostgresWorld>;

/// <summary>The table as it is written.</summary>
internal sealed record AccessMatrix(
    IReadOnlyList<string> Callers,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Groups,
    IReadOnlyDictionary<string, string> Operations)
{
    public static AccessMatrix Read()
    {
        var lines = File.ReadLines(
                Path.Combine(Repository.Root, "tests", "Countinghouse.Tests", "Access", "access-matrix.txt"))
            .Where(line => line.Length > 0 && !line.StartsWith('#'))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        var callers = lines[0][1..];
        return new AccessMatrix(
            callers,
            lines.Skip(1).Where(line => line.Length > 2)
                .ToDictionary(line => line[0], line => (IReadOnlyList<string>)line[1..]),
            lines.Where(line => line.Length == 2).ToDictionary(line => line[0], line => line[1]));
    }

    /// <summary>Each caller and what it gets.</summary>
    public IEnumerable<(string Caller, string Expected)> Of(string operation) =>
        Callers.Zip(Groups[Operations[operation]], (caller, expected) => (caller, expected));
}
