namespace Countinghouse.Http;

/// <summary>Texts in CSV files, which people open in spreadsheets.</summary>
public static class CsvText
{
    /// <summary>Spreadsheets take a text that begins so for a formula, and somebody else wrote it.</summary>
    public static string NoFormula(string text) =>
        text.Length > 0 && "=+-@\t\r".Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;
}
