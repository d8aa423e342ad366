using System.Text.Json;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Audit;

/// <summary>A change that was made, as the trail has it.</summary>
public sealed record AuditEntryOut
{
    /// <summary>Its number in the organization's chain, without gaps from 1.</summary>
    public required long EntryNo { get; init; }

    /// <summary>Whose thing was changed; null: the platform's own.</summary>
    public OrganizationId? OrganizationId { get; init; }

    /// <summary>When.</summary>
    public required Instant At { get; init; }

    /// <summary>Who: user:ID, client:ID or key:ID, terminal for the command line, or a job of the program.</summary>
    public required string Actor { get; init; }

    /// <summary>With which credential: session:ID, token:ID or key:ID; empty without one.</summary>
    public required string Credential { get; init; }

    /// <summary>What was done.</summary>
    public required string Action { get; init; }

    /// <summary>To what.</summary>
    public required string Subject { get; init; }

    /// <summary>The members that changed, as they were; null: it was not there.</summary>
    public JsonElement? Before { get; init; }

    /// <summary>The same members as they were afterwards; null: it is gone.</summary>
    public JsonElement? After { get; init; }

    /// <summary>The request that did it; empty outside a request.</summary>
    public required string RequestId { get; init; }

    /// <summary>SHA-256 over this entry and the hash of the one before, in lower-case hexadecimal digits.</summary>
    public required string Hash { get; init; }

    public static AuditEntryOut From(AuditEntry entry) => new()
    {
        EntryNo = entry.Number,
        OrganizationId = entry.Organization == default ? null : entry.Organization,
        At = entry.At,
        Actor = entry.By.Actor,
        Credential = entry.By.Credential,
        Action = entry.Action,
        Subject = entry.Subject,
        Before = Parse(entry.Before),
        After = Parse(entry.After),
        RequestId = entry.By.RequestId,
        Hash = Convert.ToHexStringLower(entry.Hash),
    };

    private static JsonElement? Parse(string text) =>
        text.Length == 0 ? null : JsonSerializer.Deserialize<JsonElement>(text, WireJson.Options);
}

/// <summary>Which entries to read; null: any.</summary>
public sealed record AuditFilter(
    OrganizationId? Organization, string? Actor, string? Action, string? Subject, UtcDay? Start, UtcDay? End);

/// <summary>Reads the trail, the newest entries first.</summary>
public sealed class AuditReader(Database database)
{
    /// <summary>Rows that one CSV file has at most.</summary>
    public const int CsvRowsMax = 100_000;

    /// <summary>Rows that are read at once for a CSV file: no connection is held while they are sent.</summary>
    private const int ChunkRows = 1_000;

    private const string Count = "SELECT COUNT(*) FROM audit_entry WHERE at BETWEEN @from AND @until";

    private const string Select = AuditEntries.Columns + " WHERE at BETWEEN @from AND @until";

    private const string OfOrganization = " AND org_id = @org";

    private const string ByActor = " AND actor = @actor";

    private const string OfAction = " AND action = @action";

    private const string OfSubject = " AND subject = @subject";

    private const string Newest = " ORDER BY at DESC, org_id DESC, entry_no DESC LIMIT @size";

    private const string BeforeAny = " AND (at, org_id, entry_no) < (@at, @last, @number)";

    // One organization's entries have an order of their own, which no clock can disturb.
    private const string NewestOfOne = " ORDER BY entry_no DESC LIMIT @size";

    private const string BeforeOfOne = " AND entry_no < @number";

    public Task<Paged<AuditEntryOut>> List(AuditFilter filter, Page page, CancellationToken cancellation)
    {
        var (which, values) = Conditions(filter);
        return database.ReadSnapshot(
            async connection => new Paged<AuditEntryOut>(
                await connection.Query(
                    Select + which + Order(filter) + " OFFSET @offset",
                    row => AuditEntryOut.From(AuditEntries.Read(row)),
                    cancellation,
                    [.. values, ("size", page.Size), ("offset", page.Offset)]),
                page,
                (int)(await connection.Number(Count + which, cancellation, [.. values]))!.Value),
            cancellation);
    }

    public async Task<long> CountAll(AuditFilter filter, CancellationToken cancellation)
    {
        var (which, values) = Conditions(filter);
        return (await database.Read(
            connection => connection.Number(Count + which, cancellation, [.. values]), cancellation))!.Value;
    }

    /// <summary>All of them in pieces; entries that are added meanwhile come before the first and are left out.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<AuditEntry>> All(
        AuditFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var (which, values) = Conditions(filter);
        AuditEntry? last = null;
        for (var read = 0; read < CsvRowsMax;)
        {
            var chunk = await database.Read(
                connection => connection.Query(
                    Select + which + After(filter, last) + Order(filter),
                    AuditEntries.Read,
                    cancellation,
                    [.. values, .. After(last), ("size", Math.Min(ChunkRows, CsvRowsMax - read))]),
                cancellation);
            yield return chunk;
            if (chunk.Count < ChunkRows)
            {
                yield break;
            }

            (last, read) = (chunk[^1], read + chunk.Count);
        }
    }

    private static string Order(AuditFilter filter) => filter.Organization is null ? Newest : NewestOfOne;

    private static string After(AuditFilter filter, AuditEntry? last) =>
        last is null ? "" : filter.Organization is null ? BeforeAny : BeforeOfOne;

    private static (string, object?)[] After(AuditEntry? last) =>
        last is null ? [] : [("at", last.At), ("last", last.Organization), ("number", last.Number)];

    private static (string Which, List<(string, object?)> Values) Conditions(AuditFilter filter)
    {
        var which = "";
        var values = new List<(string, object?)>
        {
            ("from", filter.Start is { } start ? Instant.Of(start.Start()) : new Instant(long.MinValue)),
            ("until", filter.End is { } end
                ? Instant.Of(end.Start()) + (TimeSpan.FromDays(1) - TimeSpan.FromMicroseconds(1))
                : new Instant(long.MaxValue)),
        };
        Add(OfOrganization, "org", filter.Organization);
        Add(ByActor, "actor", filter.Actor);
        Add(OfAction, "action", filter.Action);
        Add(OfSubject, "subject", filter.Subject);
        return (which, values);

        void Add(string condition, string name, object? value)
        {
            if (value is not null)
            {
                which += condition;
                values.Add((name, value));
            }
        }
    }
}
