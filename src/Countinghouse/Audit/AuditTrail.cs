using System.Buffers.Binary;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Audit;

/// <summary>A change to be written down.</summary>
/// <param name="Action">What was done: thing.verb, in the words of the API.</param>
/// <param name="Subject">To what: thing:ID.</param>
/// <param name="Before">As it was, without secrets; null: it was not there.</param>
/// <param name="After">As it is now; null: it is gone.</param>
public sealed record AuditChange(string Action, string Subject, object? Before, object? After);

/// <summary>A change as the trail has it.</summary>
/// <param name="Organization">Whose thing was changed; the zero id for the platform's own and for users.</param>
/// <param name="Number">Its place in the organization's chain, without gaps from 1.</param>
/// <param name="At">When.</param>
/// <param name="By">Who, with which credential, in which request.</param>
/// <param name="Action">What was done: campaign.create, api_key.revoke, ...</param>
/// <param name="Subject">To what: campaign:ID, ...</param>
/// <param name="Before">JSON of the members that changed, as they were; empty: there was nothing.</param>
/// <param name="After">The same as they are now; empty: it is gone.</param>
/// <param name="PreviousHash">Hash of the entry before; zeros before the first.</param>
/// <param name="Hash">Over that and everything else here.</param>
public sealed record AuditEntry(
    OrganizationId Organization,
    long Number,
    Instant At,
    Acting By,
    string Action,
    string Subject,
    string Before,
    string After,
    byte[] PreviousHash,
    byte[] Hash)
{
    /// <summary>What the hash of an entry has to be; frozen, for stored entries were made by it.</summary>
    public byte[] ExpectedHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(PreviousHash);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in new[]
        {
            Organization.Value.ToString("D"), Number.ToString(CultureInfo.InvariantCulture),
            At.Micros.ToString(CultureInfo.InvariantCulture), By.Actor, By.Credential,
            By.RequestId, Action, Subject, Before, After,
        })
        {
            // Each with its length before it, so that nothing can move from one part into the next.
            var bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}

/// <summary>
/// Writes down changes, in the transaction that makes them: no change without its entry, no entry without its change.
/// </summary>
public sealed class AuditTrail(Database database, TimeProvider clock)
{
    private const string InsertHead = """
        INSERT INTO audit_head (org_id, entry_no, hash) VALUES (@org, 0, @hash) ON CONFLICT (org_id) DO NOTHING
        """;

    private const string AnyEntry = "SELECT COUNT(*) FROM audit_entry WHERE org_id = @org";

    private const string SelectHead = "SELECT entry_no, hash FROM audit_head WHERE org_id = @org";

    private const string InsertEntry = """
        INSERT INTO audit_entry (org_id, entry_no, at, actor, credential, action, subject, before_json, after_json,
                                 request_id, prev_hash, hash)
        VALUES (@org, @number, @at, @actor, @credential, @action, @subject, @before, @after, @request, @prev, @hash)
        """;

    private const string MoveHead = "UPDATE audit_head SET entry_no = @number, hash = @hash WHERE org_id = @org";

    /// <summary>
    /// Adds an entry, on the caller's transaction, best as its last step: it holds the organization's chain until the
    /// commit. Nothing is written when nothing differs.
    /// </summary>
    /// <param name="connection">The transaction that makes the change.</param>
    /// <param name="organization">Whose; the zero id for the platform's own and for users.</param>
    /// <param name="action">What was done: thing.verb, in the words of the API.</param>
    /// <param name="subject">To what: thing:ID.</param>
    /// <param name="before">As it was, without secrets; null: it was not there.</param>
    /// <param name="after">As it is now; null: it is gone.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task Record(
        DbConnection connection,
        OrganizationId organization,
        string action,
        string subject,
        object? before,
        object? after,
        CancellationToken cancellation) =>
        Record(connection, organization, [new AuditChange(action, subject, before, after)], cancellation);

    /// <summary>The same for what one step changes of many things.</summary>
    public async Task Record(
        DbConnection connection,
        OrganizationId organization,
        IEnumerable<AuditChange> changes,
        CancellationToken cancellation)
    {
        var differing = changes.Select(change => (change.Action, change.Subject, Json: Differing(change)))
            .Where(change => change.Json.Before != change.Json.After)
            .ToList();
        if (differing.Count == 0)
        {
            return;
        }

        var statements = new List<(string, (string, object?)[])>(differing.Count + 1);
        var (number, hash) = await Head(connection, organization, cancellation);
        var (at, by) = (Instant.Of(clock.GetUtcNow()), Acting.Current);
        foreach (var (action, subject, json) in differing)
        {
            number++;
            var entry = new AuditEntry(
                organization, number, at, by, action, subject, json.Before, json.After, hash, []);
            hash = entry.ExpectedHash();
            statements.Add((InsertEntry,
            [
                ("org", organization), ("number", number), ("at", at), ("actor", by.Actor),
                ("credential", by.Credential), ("action", action), ("subject", subject), ("before", json.Before),
                ("after", json.After), ("request", by.RequestId), ("prev", entry.PreviousHash), ("hash", hash),
            ]));
        }

        statements.Add((MoveHead, [("number", number), ("hash", hash), ("org", organization)]));
        if (database.Engine == Engine.Postgres)
        {
            // Whatever a node may remember is changed here, so here the others are told.
            statements.AddRange(differing.Select(change => change.Action).Distinct()
                .Select(action => ChangeFeed.Telling(action, organization.Value)));
        }

        await connection.ExecuteAll(statements, cancellation);
    }

    private async Task<(long Number, byte[] Hash)> Head(
        DbConnection connection, OrganizationId organization, CancellationToken cancellation)
    {
        for (var isNew = false; ; isNew = true)
        {
            if (isNew)
            {
                var made = await connection.Execute(
                    InsertHead, cancellation, ("org", organization), ("hash", new byte[SHA256.HashSizeInBytes]));

                // Only whoever made the head may conclude so: another's comes with entries in the same moment.
                if (made == 1 && await connection.Number(AnyEntry, cancellation, ("org", organization)) > 0)
                {
                    throw new InvalidDataException(
                        $"The audit log of {organization} has entries and no head: somebody has changed the database.");
                }
            }

            var rows = await connection.Query(
                SelectHead + database.ForUpdate,
                row => (row.GetInt64(0), row.Bytes(1)),
                cancellation,
                ("org", organization));
            if (rows.Count > 0)
            {
                return rows[0];
            }
        }
    }

    /// <summary>Both as JSON; of two objects only what differs, so that a reader sees what changed.</summary>
    private static (string Before, string After) Differing(AuditChange change)
    {
        var (was, now) = (Json(change.Before), Json(change.After));
        if (was is JsonObject old && now is JsonObject current)
        {
            foreach (var name in old.Select(member => member.Key).ToList())
            {
                if (current.TryGetPropertyValue(name, out var value) && JsonNode.DeepEquals(old[name], value))
                {
                    old.Remove(name);
                    current.Remove(name);
                }
            }
        }

        return (was?.ToJsonString(WireJson.Options) ?? "", now?.ToJsonString(WireJson.Options) ?? "");
    }

    private static JsonNode? Json(object? value) =>
        value is null ? null : JsonSerializer.SerializeToNode(value, value.GetType(), WireJson.Options);
}
