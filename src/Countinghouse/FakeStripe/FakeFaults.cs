using System.Text.Json;

namespace Countinghouse.FakeStripe;

/// <summary>What may go wrong. On the wire and in JSON each is called the same in snake_case.</summary>
public enum FakeFault
{
    /// <summary>Cut, no effect.</summary>
    DropBefore = 1,

    /// <summary>The effect, then cut.</summary>
    DropAfter = 2,

    /// <summary>500, no effect, nothing kept for the key.</summary>
    ErrorBefore = 3,

    /// <summary>The effect, and a 500 that is kept for the key.</summary>
    ErrorAfter = 4,

    /// <summary>409, as if the key were under way.</summary>
    Conflict = 5,

    /// <summary>429.</summary>
    RateLimit = 6,

    /// <summary>400 as for a key with other parameters, though nothing differs; no effect.</summary>
    Mismatch = 7,

    /// <summary>400 balance_insufficient, no effect, kept for the key.</summary>
    Insufficient = 8,

    /// <summary>The effect now, the answer when the client has gone.</summary>
    Slow = 9,

    /// <summary>Cut now; the effect happens later, and until then the key is under way.</summary>
    SlowEffect = 10,

    /// <summary>500 to a GET.</summary>
    ListError = 20,

    /// <summary>A GET is cut.</summary>
    ListDrop = 21,

    /// <summary>A webhook is never sent.</summary>
    WebhookLose = 30,

    /// <summary>A webhook is sent twice.</summary>
    WebhookDuplicate = 31,

    /// <summary>A webhook is held back, so that later ones overtake it.</summary>
    WebhookReorder = 32,
}

/// <summary>The switches. As JSON: the same names in snake_case.</summary>
public sealed record FakeFaults
{
    private const int SecondsMax = 365 * 86_400;
    private const int MillisecondsMax = 3_600_000;

    public static readonly IReadOnlyList<FakeFault> OfTransfers =
        [.. Enum.GetValues<FakeFault>().Where(fault => fault < FakeFault.ListError)];

    /// <summary>The only ones that a request whose key is known already may still meet.</summary>
    public static readonly IReadOnlyList<FakeFault> OfReplays =
    [
        FakeFault.DropBefore, FakeFault.DropAfter, FakeFault.ErrorBefore, FakeFault.Conflict, FakeFault.RateLimit,
    ];

    public static readonly IReadOnlyList<FakeFault> OfReads = [FakeFault.ListError, FakeFault.ListDrop];

    private static readonly Dictionary<string, FakeFault> ByWord =
        Enum.GetValues<FakeFault>().ToDictionary(Word, fault => fault);

    /// <summary>The same seed, clock and requests give the same faults.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Probabilities from 0 to 1. At most one fault fires for a request.</summary>
    public IReadOnlyDictionary<FakeFault, double> Rates { get; init; } = new Dictionary<FakeFault, double>();

    /// <summary>For the next POST /v1/transfers, one each, before any rate; one that cannot be applied waits.</summary>
    public IReadOnlyList<FakeFault> Next { get; init; } = [];

    /// <summary>A transfer is in no list for up to so long.</summary>
    public int ListLagSeconds { get; init; }

    public int KeysKeptSeconds { get; init; } = 86_400;

    /// <summary>How late the answers of <see cref="FakeFault.Slow"/> are.</summary>
    public int SlowMilliseconds { get; init; } = 40_000;

    /// <summary>How late the effects of <see cref="FakeFault.SlowEffect"/> are, at most; at least one second.</summary>
    public int SlowEffectSeconds { get; init; } = 7_200;

    /// <summary>How long <see cref="FakeFault.WebhookReorder"/> holds back, at most; at least one second.</summary>
    public int WebhookReorderSeconds { get; init; } = 60;

    public static string Word(FakeFault fault) => JsonNamingPolicy.SnakeCaseLower.ConvertName(fault.ToString());

    /// <summary>What is wrong with it, as a sentence; null when nothing is.</summary>
    public string? Complaint()
    {
        foreach (var (fault, rate) in Rates)
        {
            if (rate is not (>= 0 and <= 1))
            {
                return $"The rate of {Word(fault)} must be a number from 0 to 1.";
            }
        }

        foreach (var fault in Next)
        {
            if (!OfTransfers.Contains(fault))
            {
                return $"next cannot have {Word(fault)}: it is for POST /v1/transfers alone.";
            }
        }

        return Outside("list_lag_seconds", ListLagSeconds, 0, SecondsMax)
            ?? Outside("keys_kept_seconds", KeysKeptSeconds, 1, SecondsMax)
            ?? Outside("slow_milliseconds", SlowMilliseconds, 0, MillisecondsMax)
            ?? Outside("slow_effect_seconds", SlowEffectSeconds, 1, SecondsMax)
            ?? Outside("webhook_reorder_seconds", WebhookReorderSeconds, 1, SecondsMax);
    }

    /// <summary>Members that are not given have their usual values.</summary>
    public static bool TryRead(string json, out FakeFaults faults, out string complaint)
    {
        faults = new FakeFaults();
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                complaint = "Faults must be a JSON object.";
                return false;
            }

            foreach (var member in document.RootElement.EnumerateObject())
            {
                faults = Read(faults, member);
            }

            complaint = faults.Complaint() ?? "";
        }
        catch (JsonException)
        {
            complaint = "Faults must be a JSON object; this is not JSON.";
        }
        catch (InvalidDataException bad)
        {
            complaint = bad.Message;
        }

        return complaint.Length == 0;
    }

    public string ToJson() => FakeJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("seed", Seed);
        json.WriteStartObject("rates");
        foreach (var (fault, rate) in Rates.OrderBy(rate => rate.Key))
        {
            json.WriteNumber(Word(fault), rate);
        }

        json.WriteEndObject();
        json.WriteStartArray("next");
        foreach (var fault in Next)
        {
            json.WriteStringValue(Word(fault));
        }

        json.WriteEndArray();
        json.WriteNumber("list_lag_seconds", ListLagSeconds);
        json.WriteNumber("keys_kept_seconds", KeysKeptSeconds);
        json.WriteNumber("slow_milliseconds", SlowMilliseconds);
        json.WriteNumber("slow_effect_seconds", SlowEffectSeconds);
        json.WriteNumber("webhook_reorder_seconds", WebhookReorderSeconds);
        json.WriteEndObject();
    });

    private static FakeFaults Read(FakeFaults faults, JsonProperty member) => member.Name switch
    {
        "seed" => faults with
        {
            Seed = member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt64(out var seed)
                ? seed
                : throw new InvalidDataException("seed must be a whole number."),
        },
        "rates" => faults with { Rates = ReadRates(member.Value) },
        "next" => faults with { Next = ReadNext(member.Value) },
        "list_lag_seconds" => faults with { ListLagSeconds = ReadNumber(member) },
        "keys_kept_seconds" => faults with { KeysKeptSeconds = ReadNumber(member) },
        "slow_milliseconds" => faults with { SlowMilliseconds = ReadNumber(member) },
        "slow_effect_seconds" => faults with { SlowEffectSeconds = ReadNumber(member) },
        "webhook_reorder_seconds" => faults with { WebhookReorderSeconds = ReadNumber(member) },
        _ => throw new InvalidDataException(
            $"'{member.Name}' is no member of the faults; they are seed, rates, next, list_lag_seconds, "
            + "keys_kept_seconds, slow_milliseconds, slow_effect_seconds and webhook_reorder_seconds."),
    };

    private static int ReadNumber(JsonProperty member) =>
        member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var number)
            ? number
            : throw new InvalidDataException($"{member.Name} must be a whole number.");

    private static Dictionary<FakeFault, double> ReadRates(JsonElement rates)
    {
        if (rates.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException("rates must be an object of names and probabilities.");
        }

        var read = new Dictionary<FakeFault, double>();
        foreach (var rate in rates.EnumerateObject())
        {
            read[Named(rate.Name)] = rate.Value.ValueKind == JsonValueKind.Number
                ? rate.Value.GetDouble()
                : throw new InvalidDataException($"The rate of {rate.Name} must be a number from 0 to 1.");
        }

        return read;
    }

    private static List<FakeFault> ReadNext(JsonElement next) =>
        next.ValueKind != JsonValueKind.Array
            ? throw new InvalidDataException("next must be a list of names.")
            : [.. next.EnumerateArray().Select(name => name.ValueKind == JsonValueKind.String
                ? Named(name.GetString()!)
                : throw new InvalidDataException("next must be a list of names."))];

    private static FakeFault Named(string word) => ByWord.TryGetValue(word, out var fault)
        ? fault
        : throw new InvalidDataException($"'{word}' is no fault; they are {string.Join(", ", ByWord.Keys)}.");

    private static string? Outside(string name, int value, int min, int max) =>
        value < min || value > max ? $"{name} must be a whole number from {min} to {max}." : null;
}
