using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>What a webhook says, as far as it is used: which transfer to ask for. The rest is kept, not believed.
/// </summary>
public sealed record Told(string Provider, string EventId, string Type, string TransferId, string Payload);

/// <summary>
/// Keeps what providers tell of their own accord, once each, and then asks the provider itself. So it does not matter
/// in which order, how often or whether they come.
/// </summary>
public sealed class WebhookInbox(Database database, PayoutWorker worker, TimeProvider clock)
{
    private const string Insert = """
        INSERT INTO webhook_inbox (provider, provider_event_id, type, transfer_id, received_at, due_at, payload)
        VALUES (@provider, @event, @type, @transfer, @now, @due, @payload)
        ON CONFLICT (provider, provider_event_id) DO NOTHING
        """;

    private const string SelectDue = """
        SELECT provider, provider_event_id, transfer_id, received_at FROM webhook_inbox
        WHERE due_at <= @now ORDER BY due_at LIMIT @limit
        """;

    private const string SetDue = """
        UPDATE webhook_inbox SET due_at = @due WHERE provider = @provider AND provider_event_id = @event
        """;

    private const int DueMax = 200;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    /// <summary>After this long reconciliation is left to find it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(24);

    /// <summary>Keeps it, durably, before it is answered.</summary>
    public Task Keep(Told told, CancellationToken cancellation)
    {
        var now = Instant.Of(clock.GetUtcNow());
        return database.Write(
            connection => connection.Execute(
                Insert,
                cancellation,
                ("provider", told.Provider),
                ("event", told.EventId),
                ("type", told.Type),
                ("transfer", told.TransferId),
                ("now", now),
                ("due", told.TransferId.Length > 0 ? now : null),
                ("payload", told.Payload)),
            cancellation);
    }

    /// <summary>Asks for the transfers that were told of. Returns how many were due.</summary>
    public async Task<int> Work(CancellationToken cancellation)
    {
        var now = Instant.Of(clock.GetUtcNow());
        var due = await database.Read(
            connection => connection.Query(
                SelectDue,
                row => (
                    Provider: row.GetString(0),
                    Event: row.GetString(1),
                    Transfer: row.GetString(2),
                    ReceivedAt: new Instant(row.GetInt64(3))),
                cancellation,
                ("now", now),
                ("limit", DueMax)),
            cancellation);
        foreach (var one in due)
        {
            var isDone = await worker.Refresh(one.Provider, one.Transfer, cancellation)
                || now - one.ReceivedAt > Patience;
            await database.Write(
                connection => connection.Execute(
                    SetDue,
                    cancellation,
                    ("provider", one.Provider),
                    ("event", one.Event),
                    ("due", isDone ? null : now + Pause)),
                cancellation);
        }

        return due.Count;
    }
}
