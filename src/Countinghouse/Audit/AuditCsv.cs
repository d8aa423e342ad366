using System.Globalization;
using System.Text;
using Countinghouse.Http;
using CsvHelper;

namespace Countinghouse.Audit;

/// <summary>Entries as CSV: the members of a JSON entry as columns, in the same order and spelling.</summary>
public static class AuditCsv
{
    private static readonly string[] Columns =
    [
        "entry_no", "organization_id", "at", "actor", "credential", "action", "subject", "before", "after",
        "request_id", "hash",
    ];

    public static byte[] Head() => Write([Columns]);

    public static byte[] Rows(IReadOnlyList<AuditEntry> entries) => Write(entries.Select(entry => new[]
    {
        entry.Number.ToString(CultureInfo.InvariantCulture),
        entry.Organization == default ? "" : entry.Organization.ToString(),
        entry.At.ToString(),
        entry.By.Actor,
        entry.By.Credential,
        entry.Action,
        entry.Subject,
        entry.Before,
        entry.After,
        entry.By.RequestId,
        Convert.ToHexStringLower(entry.Hash),
    }));

    private static byte[] Write(IEnumerable<string[]> rows)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using var csv = new CsvWriter(text, CultureInfo.InvariantCulture);
        foreach (var row in rows)
        {
            foreach (var field in row)
            {
                csv.WriteField(CsvText.NoFormula(field));
            }

            csv.NextRecord();
        }

        csv.Flush();
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
