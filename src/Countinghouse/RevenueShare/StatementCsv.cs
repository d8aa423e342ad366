using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Countinghouse.Http;
using Countinghouse.Primitives;
using CsvHelper;

namespace Countinghouse.RevenueShare;

/// <summary>
/// A statement as CSV. Its calculation comes first and is the same to the byte whenever it is written; the hash over it
/// and what can still change (status, payout) follow.
/// </summary>
public static class StatementCsv
{
    private static readonly string[] Columns =
    [
        "share_id", "section", "number", "month", "day", "campaign_id", "location_id", "event_id", "reason", "amount",
        "gross", "fee_rate", "fee", "share",
    ];

    /// <summary>
    /// The calculation in UTF-8: the lines sum to the pool with the carry in; parts split it; the carry out is left.
    /// </summary>
    public static byte[] Calculation(Statement statement)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using var csv = new CsvWriter(text, CultureInfo.InvariantCulture);
        foreach (var column in Columns)
        {
            csv.WriteField(column);
        }

        csv.NextRecord();
        var row = new Row(statement.Share.ToString(), statement.Month.ToString());
        foreach (var line in statement.Lines)
        {
            Write(csv, row with
            {
                Section = line.Kind,
                Number = line.Number,
                Month = line.Origin.ToString(),
                Campaign = line.Campaign.ToString(),
                Location = line.Location.ToString(),
                Amount = line.Amount,
            });
        }

        foreach (var (number, correction) in statement.Corrections.Index())
        {
            Write(csv, row with
            {
                Section = "CORRECTION",
                Number = number + 1,
                Month = correction.Day.Period.ToString(),
                Day = correction.Day.ToString(),
                Campaign = correction.Campaign.ToString(),
                Location = correction.Location.ToString(),
                Event = correction.Event?.ToString() ?? "",
                Reason = correction.Reason,
                Amount = correction.Amount,
            });
        }

        Write(csv, row with { Section = "CARRY_IN", Amount = statement.CarryIn });
        foreach (var (number, part) in statement.Parts.Index())
        {
            Write(csv, row with
            {
                Section = "PART",
                Number = number + 1,
                Month = part.Origin.ToString(),
                Amount = part.Pool,
                Gross = part.Gross,
                Rate = part.Rate,
                Fee = part.Fee,
                Share = part.Share,
            });
        }

        Write(csv, row with { Section = "CARRY_OUT", Amount = statement.CarryOut });
        Write(csv, row with
        {
            Section = "TOTAL",
            Gross = statement.Gross,
            Fee = statement.Fee,
            Share = statement.RetailerShare,
        });
        csv.Flush();
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>SHA-256 over the calculation, in lower-case hexadecimal digits.</summary>
    public static string HashOf(byte[] calculation) => Convert.ToHexStringLower(SHA256.HashData(calculation));

    /// <summary>The whole statement: the calculation, its hash, and how the record stands.</summary>
    public static byte[] Write(
        byte[] calculation,
        Statement statement,
        RevenueShareOut record,
        IReadOnlyList<StatementPayout> payouts)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using var csv = new CsvWriter(text, CultureInfo.InvariantCulture);
        var row = new Row(statement.Share.ToString(), statement.Month.ToString());
        Write(csv, row with { Section = "HASH", Reason = "sha256 " + HashOf(calculation) });
        Write(csv, row with { Section = "STATUS", Reason = RevenueShareStore.Stored(record.Status) });
        foreach (var (number, payout) in payouts.Index())
        {
            // Gross is the whole payout, share this record's part of it.
            Write(csv, row with
            {
                Section = "PAYOUT",
                Number = number + 1,
                Day = DayOf(payout),
                Reason = $"{payout.State} {payout.Payout} {payout.Transfer}".TrimEnd(),
                Gross = payout.Amount,
                Share = payout.Part,
            });
            if (payout.Reversed.Value > 0)
            {
                Write(csv, row with
                {
                    Section = "RETURNED",
                    Number = number + 1,
                    Reason = payout.Transfer,
                    Gross = new Cents(-payout.Reversed.Value),
                });
            }
        }

        csv.Flush();
        return [.. calculation, .. Encoding.UTF8.GetBytes(text.ToString())];
    }

    private static string DayOf(StatementPayout payout) =>
        payout.SettledAt is { } settled ? UtcDay.Of(settled.ToTime()).ToString() : "";

    private static void Write(CsvWriter csv, Row row)
    {
        csv.WriteField(row.Id);
        csv.WriteField(row.Section);
        csv.WriteField(row.Number);
        csv.WriteField(row.Month);
        csv.WriteField(row.Day);
        csv.WriteField(row.Campaign);
        csv.WriteField(row.Location);
        csv.WriteField(row.Event);
        csv.WriteField(CsvText.NoFormula(row.Reason));
        csv.WriteField(row.Amount is { } amount ? Decimals.Exact(amount.Micros) : "");
        csv.WriteField(row.Gross?.ToString());
        csv.WriteField(row.Rate?.ToString());
        csv.WriteField(row.Fee?.ToString());
        csv.WriteField(row.Share?.ToString());
        csv.NextRecord();
    }

    private sealed record Row(string Id, string Month)
    {
        public string Section { get; init; } = "";

        public int? Number { get; init; }

        public string Day { get; init; } = "";

        public string Campaign { get; init; } = "";

        public string Location { get; init; } = "";

        public string Event { get; init; } = "";

        public string Reason { get; init; } = "";

        public Money? Amount { get; init; }

        public Cents? Gross { get; init; }

        public FeeRate? Rate { get; init; }

        public Cents? Fee { get; init; }

        public Cents? Share { get; init; }
    }
}
