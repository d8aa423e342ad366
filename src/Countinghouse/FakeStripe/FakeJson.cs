using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Countinghouse.FakeStripe;

/// <summary>Stripe's objects as JSON.</summary>
internal static class FakeJson
{
    /// <summary>What the events say they are written for.</summary>
    private const string ApiVersion = "2025-06-30.basil";

    /// <summary>What a balance without an end is shown as, in cents.</summary>
    private const long EndlessCents = 1_000_000_000_000;

    public static string Write(Action<Utf8JsonWriter> write) => Encoding.UTF8.GetString(WriteBytes(write).Span);

    public static string Transfer(FakeTransfer transfer, IReadOnlyList<FakeReversal> reversals) =>
        Write(json => Write(json, transfer, reversals));

    public static string Transfers(
        IEnumerable<(FakeTransfer Transfer, List<FakeReversal> Reversals)> page, bool hasMore) =>
        Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteString("url", "/v1/transfers");
            json.WriteBoolean("has_more", hasMore);
            json.WriteStartArray("data");
            foreach (var (transfer, reversals) in page)
            {
                Write(json, transfer, reversals);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });

    public static string Reversal(FakeReversal reversal) => Write(json => Write(json, reversal));

    public static byte[] Event(
        string id, string type, DateTimeOffset created, string? key, string changed) =>
        WriteBytes(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteString("object", "event");
            json.WriteString("api_version", ApiVersion);
            json.WriteNumber("created", created.ToUnixTimeSeconds());
            json.WriteString("type", type);
            json.WriteBoolean("livemode", false);
            json.WriteNumber("pending_webhooks", 1);
            json.WriteStartObject("request");
            json.WriteNull("id");
            json.WriteString("idempotency_key", key);
            json.WriteEndObject();
            json.WriteStartObject("data");
            json.WritePropertyName("object");
            json.WriteRawValue(changed, skipInputValidation: true);
            json.WriteEndObject();
            json.WriteEndObject();
        }).ToArray();

    public static string Account(string id, bool isOpen) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "account");
        json.WriteStartObject("capabilities");
        json.WriteString("transfers", isOpen ? "active" : "inactive");
        json.WriteEndObject();
        json.WriteBoolean("payouts_enabled", isOpen);
        json.WriteString("type", "express");
        json.WriteEndObject();
    });

    public static string Balance(long? availableCents) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "balance");
        WriteFunds(json, "available", availableCents ?? EndlessCents);
        WriteFunds(json, "pending", 0);
        json.WriteBoolean("livemode", false);
        json.WriteEndObject();
    });

    public static string Available(long? cents) => Write(json =>
    {
        json.WriteStartObject();
        WriteNumber(json, "available_cents", cents);
        json.WriteEndObject();
    });

    public static string Truth(FakeTruth truth) => Write(json =>
    {
        json.WriteStartObject();
        WriteNumber(json, "available_cents", truth.AvailableCents);
        json.WriteNumber("pending_effects", truth.PendingEffects);
        WriteCounts(json, "requests", truth.Requests);
        WriteCounts(
            json, "faults", truth.Faults.OrderBy(fault => fault.Key).Select(
                fault => KeyValuePair.Create(FakeFaults.Word(fault.Key), fault.Value)));
        json.WriteStartArray("transfers");
        foreach (var transfer in truth.Transfers)
        {
            json.WriteStartObject();
            WriteMoney(json, transfer);
            json.WriteString("idempotency_key", transfer.IdempotencyKey);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteNumber(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static ReadOnlyMemory<byte> WriteBytes(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        write(json);
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, FakeTransfer transfer, IReadOnlyList<FakeReversal> reversals)
    {
        json.WriteStartObject();
        json.WriteString("object", "transfer");
        WriteMoney(json, transfer);
        json.WriteString("balance_transaction", transfer.BalanceTransaction);
        json.WriteString("description", transfer.Description);
        json.WriteBoolean("livemode", false);
        json.WritePropertyName("metadata");
        json.WriteRawValue(transfer.MetadataJson, skipInputValidation: true);
        json.WriteStartObject("reversals");
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (var reversal in reversals)
        {
            Write(json, reversal);
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more", false);
        json.WriteNumber("total_count", reversals.Count);
        json.WriteString("url", $"/v1/transfers/{transfer.Id}/reversals");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteMoney(Utf8JsonWriter json, FakeTransfer transfer)
    {
        json.WriteString("id", transfer.Id);
        json.WriteNumber("amount", transfer.AmountCents);
        json.WriteNumber("amount_reversed", transfer.AmountReversedCents);
        json.WriteBoolean("reversed", transfer.IsReversed);
        json.WriteString("currency", transfer.Currency);
        json.WriteString("destination", transfer.Destination);
        json.WriteString("transfer_group", transfer.TransferGroup);
        json.WriteNumber("created", transfer.Created.ToUnixTimeSeconds());
    }

    private static void Write(Utf8JsonWriter json, FakeReversal reversal)
    {
        json.WriteStartObject();
        json.WriteString("id", reversal.Id);
        json.WriteString("object", "transfer_reversal");
        json.WriteNumber("amount", reversal.AmountCents);
        json.WriteString("balance_transaction", reversal.BalanceTransaction);
        json.WriteNumber("created", reversal.Created.ToUnixTimeSeconds());
        json.WriteString("currency", "usd");
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        json.WriteString("transfer", reversal.Transfer);
        json.WriteEndObject();
    }

    private static void WriteFunds(Utf8JsonWriter json, string name, long cents)
    {
        json.WriteStartArray(name);
        json.WriteStartObject();
        json.WriteNumber("amount", cents);
        json.WriteString("currency", "usd");
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteCounts(
        Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, long>> counts)
    {
        json.WriteStartObject(name);
        foreach (var (what, count) in counts)
        {
            json.WriteNumber(what, count);
        }

        json.WriteEndObject();
    }
}
