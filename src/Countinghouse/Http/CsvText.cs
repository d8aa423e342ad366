namespace Countinghouse.Http;

/// <summary>Texts in CSV files, which people open in spreadsheets.</summary>
public static class CsvText
{
    /// <summary>Spreadsheets take a text that begins so for a formula, and somebody else wrote it.</summary>
    public static string NoFormula(string text) =>
        text.Length > 0 && "=+-@\t\r".Contains(text[0], StringComparison.Ordinal) ? "'" + text : text;

    /// <summary>CSV for whoever prefers it to JSON; between equals, CSV was named on purpose.</summary>
    public static bool IsWanted(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        return Quality("text/csv") is > 0 and var csv && csv >= Quality("application/json");

        double Quality(string name) =>
            accepted.FirstOrDefault(type => type.MediaType == name) is { } named ? named.Quality ?? 1 : 0;
    }
}
