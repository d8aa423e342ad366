using System.Globalization;
using CsvHelper;

namespace Countinghouse.Reporting;

/// <summary>A series as CSV: the members of a JSON row as columns, in the same order and spelling.</summary>
public static class SeriesCsv
{
    public static byte[] Write(IReadOnlyList<SeriesRow> rows)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using var csv = new CsvWriter(text, CultureInfo.InvariantCulture);
        foreach (var name in new[]
        {
            "start", "group_id", "impressions", "clicks", "spend", "ctr", "effective_cpc", "effective_cpm",
            "spend_micros", "invalid_impressions", "invalid_clicks", "unbilled_clicks", "state", "group_name",
        })
        {
            csv.WriteField(name);
        }

        csv.NextRecord();
        foreach (var row in rows)
        {
            csv.WriteField(row.Start.ToString());
            csv.WriteField(row.GroupId);
            csv.WriteField(row.Impressions);
            csv.WriteField(row.Clicks);
            csv.WriteField(row.Spend.ToString());
            csv.WriteField(row.Ctr.ToString());
            csv.WriteField(row.EffectiveCpc.ToString());
            csv.WriteField(row.EffectiveCpm.ToString());
            csv.WriteField(row.SpendMicros);
            csv.WriteField(row.InvalidImpressions);
            csv.WriteField(row.InvalidClicks);
            csv.WriteField(row.UnbilledClicks);
            csv.WriteField(row.State == RowState.Final ? "final" : "open");
            csv.WriteField(row.GroupName);
            csv.NextRecord();
        }

        csv.Flush();
        return System.Text.Encoding.UTF8.GetBytes(text.ToString());
    }
}
