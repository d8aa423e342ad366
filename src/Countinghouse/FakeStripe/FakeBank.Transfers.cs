using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Countinghouse.FakeStripe;

/// <summary>Moving money: the keys, the faults, the effect.</summary>
public sealed partial class FakeBank
{
    private const string ForgetKept = "DELETE FROM kept_answer WHERE asked <= @until AND status IS NOT NULL";

    private const string FindKept = "SELECT fingerprint, status, body FROM kept_answer WHERE key = @key";

    private const string InsertKept = """
        INSERT INTO kept_answer (key, fingerprint, asked, status, body)
        VALUES (@key, @fingerprint, @asked, @status, @body)
        """;

    private const string FinishKept = "UPDATE kept_answer SET status = @status, body = @body WHERE key = @key";

    private const string InsertLate = """
        INSERT INTO late_effect (number, due, idempotency_key, form) VALUES (@number, @due, @key, @form)
        """;

    private const string FindLate = """
        SELECT number, due, idempotency_key, form FROM late_effect WHERE due <= @now ORDER BY due, number
        """;

    private const string DeleteLate = "DELETE FROM late_effect WHERE number = @number";

    private const string InsertTransfer = """
        INSERT INTO transfer (number, id, balance_transaction, amount, currency, destination, transfer_group,
            description, metadata, idempotency_key, created, listed_from)
        VALUES (@number, @id, @transaction, @amount, @currency, @destination, @group, @description,
            @metadata, @key, @created, @listed)
        """;

    private const string InsertReversal = """
        INSERT INTO reversal (number, id, balance_transaction, transfer, amount, created)
        VALUES (@number, @id, @transaction, @transfer, @amount, @created)
        """;

    private const string RaiseReversed = "UPDATE transfer SET reversed = reversed + @amount WHERE id = @id";

    private FakeAnswer Create(FakeRequest request, long now)
    {
        if (!request.HasVersion)
        {
            return FakeErrors.NoVersion();
        }

        if (RefuseKey(request) is { } badKey)
        {
            return badKey;
        }

        var (order, refusal) = TransferOrder.Read(request.Form);
        if (order is null)
        {
            return refusal!;
        }

        var kept = Recall(request, now);
        FakeAnswer Answer() => kept is not null
            ? Repeat(kept, request)
            : Keep(request, now, Move(order, request.IdempotencyKey, now));

        switch (ChooseForTransfer(kept is not null))
        {
            case null:
                return Answer();
            case FakeFault.DropBefore:
                return FakeAnswer.Cut;
            case FakeFault.DropAfter:
                Answer();
                return FakeAnswer.Cut;
            case FakeFault.ErrorBefore:
                return FakeErrors.Api();
            case FakeFault.ErrorAfter:
                Move(order, request.IdempotencyKey, now);
                return Keep(request, now, FakeErrors.Api());
            case FakeFault.Conflict:
                return FakeErrors.KeyInUse(request.IdempotencyKey);
            case FakeFault.RateLimit:
                return FakeErrors.RateLimited();
            case FakeFault.Mismatch:
                return FakeErrors.KeyUsedOtherwise(request.IdempotencyKey);
            case FakeFault.Insufficient:
                return Keep(request, now, FakeErrors.BalanceInsufficient());
            case FakeFault.Slow:
                return Answer() with { Delay = TimeSpan.FromMilliseconds(_state.Faults.SlowMilliseconds) };
            case FakeFault.SlowEffect:
                return Postpone(request, now);
            case var other:
                throw new UnreachableException($"{other} is no fault of transfers.");
        }
    }

    private FakeAnswer Reverse(FakeRequest request, string id, long now)
    {
        if (RefuseKey(request) is { } badKey)
        {
            return badKey;
        }

        if (request.Form.Keys.FirstOrDefault(name => name != "amount") is { } unknown)
        {
            return FakeErrors.Unknown(unknown);
        }

        var text = request.Form.GetValueOrDefault("amount");
        var amount = text is null ? null : TransferOrder.ReadAmount(text);
        if (text is not null && amount is null)
        {
            return FakeErrors.NotWhole("amount", text);
        }

        return Recall(request, now) is { } kept
            ? Repeat(kept, request)
            : Keep(request, now, MoveBack(id, amount, request.IdempotencyKey, now));
    }

    /// <summary>Those that "next" names come first; one that a replay cannot meet waits for another request.</summary>
    private FakeFault? ChooseForTransfer(bool isReplay)
    {
        var possible = isReplay ? FakeFaults.OfReplays : FakeFaults.OfTransfers;
        if (_state.Faults.Next is [var next, ..] && possible.Contains(next))
        {
            _state = _state with { Faults = _state.Faults with { Next = [.. _state.Faults.Next.Skip(1)] } };
            Count("fault", FakeFaults.Word(next));
            return next;
        }

        foreach (var fault in possible)
        {
            if (Fires(fault))
            {
                return fault;
            }
        }

        return null;
    }

    private static FakeAnswer? RefuseKey(FakeRequest request) =>
        request.IdempotencyKey is { Length: 0 or > KeyCharactersMax }
            ? FakeErrors.BadRequest(400, $"An Idempotency-Key has 1 to {KeyCharactersMax} characters.")
            : null;

    private Kept? Recall(FakeRequest request, long now)
    {
        if (request.IdempotencyKey is null)
        {
            return null;
        }

        _store.Execute(ForgetKept, ("@until", now - (_state.Faults.KeysKeptSeconds * 1000L)));
        return _store.Query(
            FindKept,
            row => new Kept(
                row.Text(0),
                (int?)row.NumberOrNull(1),
                row.TextOrNull(2) ?? ""),
            ("@key", request.IdempotencyKey)).FirstOrDefault();
    }

    private static FakeAnswer Repeat(Kept kept, FakeRequest request) =>
        kept.Fingerprint != FakeForm.Fingerprint(request) ? FakeErrors.KeyUsedOtherwise(request.IdempotencyKey)
            : kept.Status is { } status ? FakeAnswer.Of(status, kept.Body) with { IsReplayed = true }
            : FakeErrors.KeyInUse(request.IdempotencyKey);

    /// <summary>Execution has begun, so whatever came of it is what the key will always say.</summary>
    private FakeAnswer Keep(FakeRequest request, long now, FakeAnswer answer)
    {
        Remember(request, now, answer.Status, answer.Json);
        return answer;
    }

    private void Remember(FakeRequest request, long now, int? status, string? body)
    {
        if (request.IdempotencyKey is not null)
        {
            _store.Execute(
                InsertKept,
                ("@key", request.IdempotencyKey), ("@fingerprint", FakeForm.Fingerprint(request)), ("@asked", now),
                ("@status", status), ("@body", body));
        }
    }

    private FakeAnswer Postpone(FakeRequest request, long now)
    {
        Remember(request, now, status: null, body: null);
        _store.Execute(
            InsertLate,
            ("@number", NextNumber()), ("@due", DrawLater(now, _state.Faults.SlowEffectSeconds)),
            ("@key", request.IdempotencyKey), ("@form", FakeForm.Write(request.Form)));
        return FakeAnswer.Cut;
    }

    /// <summary>In the order of their times, each as of its own.</summary>
    private void ApplyLate(long now)
    {
        var late = _store.Query(
            FindLate,
            row => (Number: row.Number(0), Due: row.Number(1), Key: row.TextOrNull(2), Form: row.Text(3)),
            ("@now", now));
        foreach (var (number, due, key, form) in late)
        {
            if (!FakeForm.TryParse(form, out var fields) || TransferOrder.Read(fields).Order is not { } order)
            {
                throw new InvalidDataException("A late effect is not what was asked for.");
            }

            var answer = Move(order, key, due);
            _store.Execute(FinishKept, ("@status", answer.Status), ("@body", answer.Json), ("@key", key));
            _store.Execute(DeleteLate, ("@number", number));
        }
    }

    /// <summary>The effect itself, or why there is none.</summary>
    private FakeAnswer Move(TransferOrder order, string? key, long now)
    {
        if (!Exists(order.Destination))
        {
            return FakeErrors.NoSuch(400, "destination", order.Destination, "destination");
        }

        if (!IsOpen(order.Destination))
        {
            return FakeErrors.CannotReceive();
        }

        if (_state.AvailableCents < order.AmountCents)
        {
            return FakeErrors.BalanceInsufficient();
        }

        _state = _state with { AvailableCents = _state.AvailableCents - order.AmountCents };
        var number = NextNumber();
        var lag = _state.Faults.ListLagSeconds == 0 ? 0 : (long)(Draw() * _state.Faults.ListLagSeconds * 1000);
        var transfer = new FakeTransfer(
            number, Id("tr", number), Id("txn", number), order.AmountCents, TransferOrder.Currency, order.Destination,
            order.TransferGroup, order.Description, order.MetadataJson, key,
            DateTimeOffset.FromUnixTimeMilliseconds(now), DateTimeOffset.FromUnixTimeMilliseconds(now + lag), 0);
        _store.Execute(
            InsertTransfer,
            ("@number", number), ("@id", transfer.Id), ("@transaction", transfer.BalanceTransaction),
            ("@amount", transfer.AmountCents), ("@currency", transfer.Currency),
            ("@destination", transfer.Destination), ("@group", transfer.TransferGroup),
            ("@description", transfer.Description), ("@metadata", transfer.MetadataJson), ("@key", key),
            ("@created", now), ("@listed", now + lag));
        var json = FakeJson.Transfer(transfer, []);
        Emit("transfer.created", json, key, now);
        return FakeAnswer.Of(200, json);
    }

    private FakeAnswer MoveBack(string id, long? amount, string? key, long now)
    {
        if (Find(id) is not { } transfer)
        {
            return FakeErrors.NoSuch(404, "transfer", id, "id");
        }

        var left = transfer.AmountCents - transfer.AmountReversedCents;
        var cents = amount ?? left;
        if (left == 0 || cents > left)
        {
            return FakeErrors.Wrong("amount", $"The transfer has {left} cents left to reverse.");
        }

        var number = NextNumber();
        var reversal = new FakeReversal(
            Id("trr", number), Id("txn", number), id, cents, DateTimeOffset.FromUnixTimeMilliseconds(now));
        _store.Execute(
            InsertReversal,
            ("@number", number), ("@id", reversal.Id), ("@transaction", reversal.BalanceTransaction),
            ("@transfer", id), ("@amount", cents), ("@created", now));
        _store.Execute(RaiseReversed, ("@amount", cents), ("@id", id));
        _state = _state with { AvailableCents = _state.AvailableCents + cents };
        var json = FakeJson.Transfer(Find(id)!, Reversals(id));
        Emit("transfer.reversed", json, key, now);
        Emit("transfer.updated", json, key, now);
        return FakeAnswer.Of(200, FakeJson.Reversal(reversal));
    }

    /// <summary>Accounts are there without being made, but for those that say in their ids what is wrong.</summary>
    private static bool Exists(string account) =>
        AccountId().IsMatch(account) && !account.Contains("missing", StringComparison.Ordinal);

    private static bool IsOpen(string account) => !account.Contains("closed", StringComparison.Ordinal);

    [GeneratedRegex(@"^acct_[A-Za-z0-9]{4,64}\z")]
    private static partial Regex AccountId();

    /// <summary>What a key will always be answered with; without a status its effect is still to come.</summary>
    private sealed record Kept(string Fingerprint, int? Status, string Body);
}
