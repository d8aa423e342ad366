using System.Collections.Concurrent;
using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Http;

/// <summary>How a request with an Idempotency-Key begins.</summary>
public enum IdempotencyStart
{
    /// <summary>The first of its key: it runs.</summary>
    Started = 1,

    /// <summary>Was sent before: its answer is given again.</summary>
    Answered = 2,

    /// <summary>Was sent before, and its end is not known.</summary>
    UnderWay = 3,

    /// <summary>The key belongs to a request that says something else.</summary>
    OtherRequest = 4,
}

/// <summary>One request that runs under a key; the time tells it from other attempts at the same key.</summary>
public sealed record IdempotentAttempt(string Caller, string Key, byte[] RequestHash, Instant At);

/// <summary>What was answered; empty text where there was none.</summary>
public sealed record StoredAnswer(int Status, string ContentType, string Location, byte[] Body);

/// <summary>Keeps the answers to requests with an Idempotency-Key.</summary>
public sealed class IdempotencyStore(Database database, TimeProvider clock)
{
    /// <summary>An hour more than is promised.</summary>
    public const int KeepHours = 25;

    /// <summary>Attempts that wait to be removed; beyond that they stay until they are too old.</summary>
    public const int WaitingMax = 10_000;

    private const string Insert = """
        INSERT INTO idempotent_answer
            (caller, idempotency_key, request_hash, status, content_type, location, body, created_at)
        VALUES (@caller, @key, @hash, 0, '', '', @body, @at)
        ON CONFLICT (caller, idempotency_key) DO NOTHING
        """;

    private const string Select = """
        SELECT request_hash, status, content_type, location, body FROM idempotent_answer
        WHERE caller = @caller AND idempotency_key = @key
        """;

    private const string Finish = """
        UPDATE idempotent_answer SET status = @status, content_type = @type, location = @location, body = @body
        WHERE caller = @caller AND idempotency_key = @key AND created_at = @at AND status = 0
        """;

    private const string Delete = """
        DELETE FROM idempotent_answer
        WHERE caller = @caller AND idempotency_key = @key AND created_at = @at AND status = 0
        """;

    private const string DeleteOld = "DELETE FROM idempotent_answer WHERE created_at < @before";

    private readonly ConcurrentQueue<IdempotentAttempt> _toRemove = new();

    public IdempotentAttempt NewAttempt(string caller, string key, byte[] requestHash) =>
        new(caller, key, requestHash, Instant.Of(clock.GetUtcNow()));

    /// <summary>Takes the key, durably and before anything else, or says what became of who had it.</summary>
    public async Task<(IdempotencyStart Start, StoredAnswer? Answer)> Begin(
        IdempotentAttempt attempt, CancellationToken cancellation)
    {
        try
        {
            return await database.Write(connection => Begin(connection, attempt, cancellation), cancellation);
        }
        catch (Exception error) when (Database.IsUnavailable(error))
        {
            // Whether the key is taken now is not known. Nothing ran, so it must not stay so.
            RemoveLater(attempt);
            throw;
        }
    }

    public Task Complete(
        IdempotentAttempt attempt, StoredAnswer answer, CancellationToken cancellation) => database.Write(
        connection => connection.Execute(
            Finish,
            cancellation,
            ("caller", attempt.Caller),
            ("key", attempt.Key),
            ("at", attempt.At),
            ("status", answer.Status),
            ("type", answer.ContentType),
            ("location", answer.Location),
            ("body", answer.Body)),
        cancellation);

    /// <summary>Frees the key; if the database is away, as soon as it is back.</summary>
    public async Task Remove(IdempotentAttempt attempt, CancellationToken cancellation)
    {
        try
        {
            await database.Write(connection => Remove(connection, attempt, cancellation), cancellation);
        }
        catch (Exception error) when (Database.IsUnavailable(error))
        {
            RemoveLater(attempt);
        }
    }

    /// <summary>Frees the keys that wait for it, and deletes what is older than promised.</summary>
    public async Task CleanUp(CancellationToken cancellation)
    {
        var before = Instant.Of(clock.GetUtcNow().AddHours(-KeepHours));
        while (_toRemove.TryPeek(out var attempt))
        {
            await database.Write(connection => Remove(connection, attempt, cancellation), cancellation);
            _toRemove.TryDequeue(out _);
        }

        await database.Write(
            connection => connection.Execute(DeleteOld, cancellation, ("before", before)), cancellation);
    }

    private static async Task<(IdempotencyStart Start, StoredAnswer? Answer)> Begin(
        DbConnection connection, IdempotentAttempt attempt, CancellationToken cancellation)
    {
        var inserted = await connection.Execute(
            Insert,
            cancellation,
            ("caller", attempt.Caller),
            ("key", attempt.Key),
            ("hash", attempt.RequestHash),
            ("body", Array.Empty<byte>()),
            ("at", attempt.At));
        if (inserted > 0)
        {
            return (IdempotencyStart.Started, null);
        }

        var known = await connection.First(
            Select,
            row => Tuple.Create(
                row.Bytes(0), new StoredAnswer(row.GetInt32(1), row.GetString(2), row.GetString(3), row.Bytes(4))),
            cancellation,
            ("caller", attempt.Caller),
            ("key", attempt.Key));

        // No row: the other one has just failed and freed the key. That is as good as still being under way.
        return known switch
        {
            null => (IdempotencyStart.UnderWay, null),
            _ when !known.Item1.AsSpan().SequenceEqual(attempt.RequestHash) => (IdempotencyStart.OtherRequest, null),
            { Item2.Status: 0 } => (IdempotencyStart.UnderWay, null),
            _ => (IdempotencyStart.Answered, known.Item2),
        };
    }

    private static Task<int> Remove(
        DbConnection connection, IdempotentAttempt attempt, CancellationToken cancellation) =>
        connection.Execute(
            Delete, cancellation, ("caller", attempt.Caller), ("key", attempt.Key), ("at", attempt.At));

    private void RemoveLater(IdempotentAttempt attempt)
    {
        if (_toRemove.Count < WaitingMax)
        {
            _toRemove.Enqueue(attempt);
        }
    }
}
