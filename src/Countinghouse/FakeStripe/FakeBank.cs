using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Countinghouse.FakeStripe;

/// <summary>
/// Plays the part of Stripe's API that moves money to connected accounts. One request at a time, one transaction each:
/// what was answered is on the disk, and so is what was done without an answer. Apart from the clock everything
/// follows from the seed and the order of the requests.
/// </summary>
public sealed partial class FakeBank : IDisposable
{
    private const int KeyCharactersMax = 255;

    private const string FindState = "SELECT salt, sequence, draws, available, faults FROM bank";

    private const string InsertState = """
        INSERT INTO bank (salt, sequence, draws, available, faults)
        VALUES (@salt, @sequence, @draws, @available, @faults)
        """;

    private const string UpdateState = "UPDATE bank SET sequence = @sequence, draws = @draws, available = @available";

    private const string UpdateFaults = "UPDATE bank SET faults = @faults";

    private const string CountOneMore = """
        INSERT INTO tally (kind, name, count) VALUES (@kind, @name, 1)
        ON CONFLICT (kind, name) DO UPDATE SET count = count + 1
        """;

    private const string FindTally = "SELECT name, count FROM tally WHERE kind = @kind ORDER BY name";

    private const string CountLate = "SELECT count(*) FROM late_effect";

    private readonly Lock _gate = new();
    private readonly FakeStore _store;
    private readonly TimeProvider _clock;
    private State _state;

    private FakeBank(FakeStore store, TimeProvider clock)
    {
        _store = store;
        _clock = clock;
        _state = ReadState() ?? MakeState();
        PutBackTaken();
    }

    /// <summary>What webhooks are signed with.</summary>
    public string WebhookSecret { get; set; } = "whsec_fake";

    /// <summary>As they are now: names in "next" that were applied are gone from it.</summary>
    public FakeFaults Faults
    {
        get
        {
            lock (_gate)
            {
                return _state.Faults;
            }
        }
    }

    /// <param name="path">A SQLite file, made when there is none, or ":memory:".</param>
    /// <param name="clock">Says what time it is; nothing here waits.</param>
    public static FakeBank Open(string path, TimeProvider clock)
    {
        var store = FakeStore.Open(path);
        try
        {
            return new FakeBank(store, clock);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public FakeAnswer Handle(FakeRequest request) => InTransaction(now =>
    {
        var (call, id) = Route(request);
        Count("request", JsonNamingPolicy.SnakeCaseLower.ConvertName(call.ToString()));
        if (!request.IsAuthorized)
        {
            return FakeErrors.Unauthorized();
        }

        return call switch
        {
            Call.CreateTransfer => Create(request, now),
            Call.ReverseTransfer => Reverse(request, id, now),
            Call.ListTransfers => Read(() => List(request, now)),
            Call.GetTransfer => Read(() => Get(id)),
            Call.GetAccount => Read(() => Account(id)),
            Call.GetBalance => Read(() => FakeAnswer.Of(200, FakeJson.Balance(_state.AvailableCents))),
            Call.Unknown => FakeErrors.UnknownUrl(request.Method, request.Path),
        };
    });

    /// <summary>What really happened up to now.</summary>
    public FakeTruth Truth() => InTransaction(_ => new FakeTruth(
        _store.Query(FindAll, ReadTransfer),
        _state.AvailableCents,
        (int)_store.Number(CountLate)!.Value,
        Tally("request").ToDictionary(),
        Tally("fault").ToDictionary(
            one => Enum.Parse<FakeFault>(one.Key.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
            one => one.Value)));

    /// <summary>Replaces the switches; chance begins anew from the seed.</summary>
    public void SetFaults(FakeFaults faults)
    {
        if (faults.Complaint() is { } complaint)
        {
            throw new ArgumentException(complaint, nameof(faults));
        }

        InTransaction(_ => _state = _state with { Faults = faults, Draws = 0 });
    }

    /// <summary>What is available for transfers; null: without an end, as at first.</summary>
    public void SetBalance(long? cents)
    {
        if (cents < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(cents), "A balance is not below zero.");
        }

        InTransaction(_ => _state = _state with { AvailableCents = cents });
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _store.Dispose();
        }
    }

    private static (Call Call, string Id) Route(FakeRequest request) => (request.Method, request.Path.Split('/')) switch
    {
        ("POST", ["", "v1", "transfers"]) => (Call.CreateTransfer, ""),
        ("GET", ["", "v1", "transfers"]) => (Call.ListTransfers, ""),
        ("GET", ["", "v1", "transfers", { Length: > 0 } id]) => (Call.GetTransfer, id),
        ("POST", ["", "v1", "transfers", { Length: > 0 } id, "reversals"]) => (Call.ReverseTransfer, id),
        ("GET", ["", "v1", "accounts", { Length: > 0 } id]) => (Call.GetAccount, id),
        ("GET", ["", "v1", "balance"]) => (Call.GetBalance, ""),
        _ => (Call.Unknown, ""),
    };

    /// <summary>Late effects whose time has come happen first, whoever asks.</summary>
    private T InTransaction<T>(Func<long, T> work)
    {
        lock (_gate)
        {
            var before = _state;
            _store.Begin();
            try
            {
                var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
                ApplyLate(now);
                var result = work(now);
                Save(before);
                _store.Commit();
                return result;
            }
            catch
            {
                _state = before;
                RollBack();
                throw;
            }
        }
    }

    private void RollBack()
    {
        try
        {
            _store.RollBack();
        }
        catch (SqliteException)
        {
            // The engine has done so already; what matters is the failure that led here.
        }
    }

    private void Save(State before)
    {
        if (!ReferenceEquals(_state.Faults, before.Faults))
        {
            _store.Execute(UpdateFaults, ("@faults", _state.Faults.ToJson()));
        }

        if (!ReferenceEquals(_state, before))
        {
            _store.Execute(
                UpdateState,
                ("@sequence", _state.Sequence), ("@draws", _state.Draws), ("@available", _state.AvailableCents));
        }
    }

    private State? ReadState() => _store.Query(
        FindState,
        row => new State(
            row.Number(0),
            row.Number(1),
            row.Number(2),
            row.NumberOrNull(3),
            FakeFaults.TryRead(row.Text(4), out var faults, out var complaint)
                ? faults
                : throw new InvalidDataException(complaint))).FirstOrDefault();

    private State MakeState()
    {
        // Ids of one bank are not those of another: a client that kept its own books may meet both.
        var state = new State(_clock.GetUtcNow().ToUnixTimeMilliseconds(), 0, 0, null, new FakeFaults());
        state = state with { Salt = (long)(FakeChance.Bits(state.Salt, 0) >> 1) };
        _store.Execute(
            InsertState,
            ("@salt", state.Salt), ("@sequence", state.Sequence), ("@draws", state.Draws),
            ("@available", state.AvailableCents), ("@faults", state.Faults.ToJson()));
        return state;
    }

    private List<KeyValuePair<string, long>> Tally(string kind) =>
        _store.Query(FindTally, row => KeyValuePair.Create(row.Text(0), row.Number(1)), ("@kind", kind));

    private void Count(string kind, string name) => _store.Execute(CountOneMore, ("@kind", kind), ("@name", name));

    /// <summary>The fault fires if chance says so; counted if it does.</summary>
    private bool Fires(FakeFault fault)
    {
        if (_state.Faults.Rates.GetValueOrDefault(fault) is var rate and > 0 && Draw() < rate)
        {
            Count("fault", FakeFaults.Word(fault));
            return true;
        }

        return false;
    }

    private double Draw()
    {
        var number = _state.Draws;
        _state = _state with { Draws = number + 1 };
        return FakeChance.Fraction(_state.Faults.Seed, number);
    }

    /// <summary>A time from one second to so many after another.</summary>
    private long DrawLater(long now, int secondsMax) => now + 1000 + (long)(Draw() * (secondsMax - 1) * 1000);

    private long NextNumber()
    {
        _state = _state with { Sequence = _state.Sequence + 1 };
        return _state.Sequence;
    }

    /// <summary>Unique, and in no order that a client could come to rely on.</summary>
    private string Id(string prefix, long number) => string.Create(
        CultureInfo.InvariantCulture, $"{prefix}_{FakeChance.Bits(_state.Salt, number):x16}");

    private enum Call
    {
        CreateTransfer = 1,
        ListTransfers = 2,
        GetTransfer = 3,
        ReverseTransfer = 4,
        GetAccount = 5,
        GetBalance = 6,
        Unknown = 7,
    }

    /// <summary>The row of the bank, as it is while a request is handled.</summary>
    private sealed record State(long Salt, long Sequence, long Draws, long? AvailableCents, FakeFaults Faults);
}
