using System.Globalization;

namespace Countinghouse.WebConsole;

/// <summary>The API's figures for people, in one language; the browser puts them into its own.</summary>
public static class Figures
{
    /// <summary>USD with all the decimals that the API gave.</summary>
    public static string Money(string amount) =>
        decimal.TryParse(amount, CultureInfo.InvariantCulture, out var value)
            ? (value < 0 ? "−$" : "$")
                + Math.Abs(value).ToString("#,0.00######", CultureInfo.InvariantCulture)
            : amount;

    public static string Count(string count) =>
        long.TryParse(count, CultureInfo.InvariantCulture, out var value)
            ? value.ToString("#,0", CultureInfo.InvariantCulture)
            : count;

    /// <summary>To the minute, in UTC.</summary>
    public static string Time(string moment) =>
        DateTimeOffset.TryParse(
            moment, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var value)
            ? value.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)
            : moment;

    /// <summary>budget_exhausted, BUDGET_EXHAUSTED: Budget exhausted.</summary>
    public static string Words(string word)
    {
        var text = word.Replace('_', ' ').ToLowerInvariant();
        return text.Length == 0 ? "" : char.ToUpperInvariant(text[0]) + text[1..];
    }

    /// <summary>
    /// How a figure differs from that of the time before, in percent; null where there is nothing to compare with.
    /// </summary>
    public static string? Change(string now, string before) =>
        decimal.TryParse(now, CultureInfo.InvariantCulture, out var a)
        && decimal.TryParse(before, CultureInfo.InvariantCulture, out var b) && b != 0
            ? ((a - b) / Math.Abs(b) * 100).ToString("+0.0;−0.0;0.0", CultureInfo.InvariantCulture)
            : null;

    /// <summary>An amount or percentage to reckon with for display; 0 when it is none.</summary>
    public static decimal Number(string? text) =>
        decimal.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : 0;

    /// <summary>What part of the whole it is, from 0 to 1; 0 of nothing.</summary>
    public static decimal Part(string? part, string? whole) =>
        Number(whole) > 0 ? Math.Clamp(Number(part) / Number(whole), 0, 1) : 0;

    /// <summary>Millionths of a dollar as USD.</summary>
    public static string Usd(long micros) => (micros / 1_000_000m).ToString("0.00####", CultureInfo.InvariantCulture);
}
