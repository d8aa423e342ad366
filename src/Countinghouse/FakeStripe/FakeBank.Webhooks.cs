namespace Countinghouse.FakeStripe;

/// <summary>The outbox. What chance does to a webhook is decided with the effect that it tells of.</summary>
public sealed partial class FakeBank
{
    private const string InsertWebhook = """
        INSERT INTO outbox (number, event, body, due) VALUES (@number, @event, @body, @due)
        """;

    private const string FindDue = """
        SELECT number, event, body FROM outbox WHERE taken = 0 AND due <= @now ORDER BY due, number
        """;

    private const string MarkTaken = "UPDATE outbox SET taken = 1 WHERE taken = 0 AND due <= @now";

    private const string UnmarkTaken = "UPDATE outbox SET taken = 0 WHERE taken = 1";

    private const string DeleteWebhook = "DELETE FROM outbox WHERE number = @number";

    /// <summary>
    /// What is to be sent now, in this order, signed as of now. Each is handed out once, and once more after a restart
    /// unless it was <see cref="Forget">forgotten</see>.
    /// </summary>
    public IReadOnlyList<FakeWebhook> TakeWebhooks() => InTransaction(now =>
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(now);
        var taken = _store.Query(
            FindDue,
            row => (Number: row.Number(0), Event: row.Text(1), Body: row.Bytes(2)),
            ("@now", now));
        if (taken.Count > 0)
        {
            _store.Execute(MarkTaken, ("@now", now));
        }

        return taken.ConvertAll(one => new FakeWebhook(
            one.Number, one.Event, one.Body, FakeSignature.Make(WebhookSecret, one.Body, time)));
    });

    /// <summary>It has arrived, or it is given up.</summary>
    public void Forget(FakeWebhook webhook) => InTransaction(_ =>
    {
        _store.Execute(DeleteWebhook, ("@number", webhook.Number));
        return webhook;
    });

    private void PutBackTaken() => _store.Execute(UnmarkTaken);

    private void Emit(string type, string changed, string? key, long now)
    {
        var id = Id("evt", NextNumber());
        if (Fires(FakeFault.WebhookLose))
        {
            return;
        }

        var body = FakeJson.Event(id, type, DateTimeOffset.FromUnixTimeMilliseconds(now), key, changed);
        var copies = Fires(FakeFault.WebhookDuplicate) ? 2 : 1;
        var due = Fires(FakeFault.WebhookReorder) ? DrawLater(now, _state.Faults.WebhookReorderSeconds) : now;
        for (var copy = 0; copy < copies; copy++)
        {
            _store.Execute(
                InsertWebhook, ("@number", NextNumber()), ("@event", id), ("@body", body), ("@due", due));
        }
    }
}
