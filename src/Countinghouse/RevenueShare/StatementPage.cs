using System.Globalization;
using System.Net;
using System.Text;
using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

/// <summary>A statement as a page for people: no scripts, nothing from elsewhere, good on A4 and Letter.</summary>
public static class StatementPage
{
    /// <summary>The page loads nothing and runs nothing.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    private const string Style = """
        @page { margin: 18mm 16mm; }
        body { font: 14px/1.45 system-ui, sans-serif; color: #1a1a1a; max-width: 60rem; margin: 2rem auto;
               padding: 0 1rem; }
        h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
        p.sub { color: #555; margin: .2rem 0 1.2rem; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
        th { font-weight: 600; color: #444; }
        .n { text-align: right; padding-right: 0; padding-left: .8rem; font-variant-numeric: tabular-nums;
             white-space: nowrap; }
        tfoot td, tr.sum td { font-weight: 600; border-bottom: 2px solid #1a1a1a; }
        code { font-size: .85em; overflow-wrap: anywhere; }
        thead { display: table-header-group; } tr, h2 { break-inside: avoid; } h2 { break-after: avoid; }
        @media print {
          body { margin: 0; max-width: none; padding: 0; font-size: 10.5pt; }
          .scroll { overflow: visible; }
        }
        """;

    public static string Write(
        Statement statement,
        string calculationHash,
        RevenueShareOut record,
        IReadOnlyList<StatementPayout> payouts,
        string retailerName,
        IReadOnlyDictionary<LocationId, string> locationNames)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Statement {statement.Month}, {Text(retailerName)}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <h1>Revenue share statement, {statement.Month}</h1>
            <p class="sub">{Text(retailerName)} &middot; {statement.Month.FirstDay} to {statement.Month.LastDay} (UTC)
            &middot; amounts in USD</p>

            """);
        WriteParts(page, statement);
        WriteLines(page, statement, locationNames);
        WriteCorrections(page, statement, locationNames);
        WriteStanding(page, record, payouts);
        page.Append(CultureInfo.InvariantCulture, $"""
            <h2>Where it comes from</h2>
            <p>Record <code>{statement.Share}</code> of organization <code>{statement.Retailer}</code>. SHA-256 of the
            calculation, as this statement's CSV has it before its HASH row: <code>{calculationHash}</code>.</p>
            </body>
            </html>

            """);
        return page.ToString();
    }

    private static void WriteParts(StringBuilder page, Statement statement)
    {
        page.Append("""
            <h2>What you earned</h2>
            <div class="scroll"><table>
            <thead><tr><th>Month of the charges</th><th class="n">Charged</th><th class="n">Whole cents</th>
            <th class="n">Fee rate</th><th class="n">Platform fee</th><th class="n">Your share</th></tr></thead>
            <tbody>

            """);
        foreach (var part in statement.Parts)
        {
            var note = part.Origin == statement.Month ? "" : " (corrected)";
            page.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{part.Origin}{note}</td><td class="n">{Decimals.Exact(part.Pool.Micros)}</td>
                <td class="n">{part.Gross}</td><td class="n">{part.Rate}</td><td class="n">{part.Fee}</td>
                <td class="n">{part.Share}</td></tr>

                """);
        }

        page.Append(CultureInfo.InvariantCulture, $"""
            </tbody>
            <tfoot><tr><td>Total</td><td></td><td class="n">{statement.Gross}</td><td></td>
            <td class="n">{statement.Fee}</td><td class="n">{statement.RetailerShare}</td></tr></tfoot>
            </table></div>
            <p>The charges of {statement.Month} begin with {Decimals.Exact(statement.CarryIn.Micros)} carried from the
            month before; {Decimals.Exact(statement.CarryOut.Micros)}, less than a cent, is carried to the next.</p>

            """);
    }

    private static void WriteLines(
        StringBuilder page, Statement statement, IReadOnlyDictionary<LocationId, string> names)
    {
        page.Append("""
            <h2>Charges by campaign and location</h2>
            <div class="scroll"><table>
            <thead><tr><th>Month</th><th>Location</th><th>Campaign</th><th></th><th class="n">Charged</th></tr></thead>
            <tbody>

            """);
        foreach (var line in statement.Lines)
        {
            page.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{line.Origin}</td><td>{Name(line.Location, names)}</td><td><code>{line.Campaign}</code></td>
                <td>{(line.Kind == "EVENTS" ? "" : "correction")}</td>
                <td class="n">{Decimals.Exact(line.Amount.Micros)}</td></tr>

                """);
        }

        page.Append(CultureInfo.InvariantCulture, $"""
            </tbody>
            <tfoot><tr><td>Total</td><td></td><td></td><td></td>
            <td class="n">{Decimals.Exact(Sum(statement.Lines))}</td></tr></tfoot>
            </table></div>

            """);
    }

    private static void WriteCorrections(
        StringBuilder page, Statement statement, IReadOnlyDictionary<LocationId, string> names)
    {
        if (statement.Corrections.Count == 0)
        {
            return;
        }

        page.Append("""
            <h2>Corrections and their reasons</h2>
            <div class="scroll"><table>
            <thead><tr><th>Day</th><th>Location</th><th>Campaign</th><th>Reason</th>
            <th class="n">Amount</th></tr></thead>
            <tbody>

            """);
        foreach (var correction in statement.Corrections)
        {
            page.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{correction.Day}</td><td>{Name(correction.Location, names)}</td>
                <td><code>{correction.Campaign}</code></td><td>{Text(correction.Reason)}</td>
                <td class="n">{Decimals.Exact(correction.Amount.Micros)}</td></tr>

                """);
        }

        page.Append("</tbody>\n</table></div>\n");
    }

    private static void WriteStanding(
        StringBuilder page, RevenueShareOut record, IReadOnlyList<StatementPayout> payouts)
    {
        var standing = record.Status switch
        {
            RevenueShareStatusEnum.Calculated => "Calculated; waits for the operator's approval.",
            RevenueShareStatusEnum.Approved when record.PayoutId is not null => "Approved; its payout is under way.",
            RevenueShareStatusEnum.Approved => "Approved; waits for payment.",
            RevenueShareStatusEnum.Disputed => "Disputed; is not paid until that is settled.",
            RevenueShareStatusEnum.Paid =>
                $"Paid on {UtcDay.Of(record.PaidAt!.Value.ToTime())}: {record.RetailerShare}.",
        };
        page.Append(CultureInfo.InvariantCulture, $"<h2>Payment</h2>\n<p>{standing}</p>\n");
        if (payouts.Count == 0)
        {
            return;
        }

        page.Append("""
            <div class="scroll"><table>
            <thead><tr><th>Payout</th><th>Day</th><th>State</th><th>Transfer</th><th class="n">This record</th>
            <th class="n">Whole payout</th><th class="n">Came back of it</th></tr></thead>
            <tbody>

            """);
        foreach (var payout in payouts)
        {
            var day = payout.SettledAt is { } settled ? UtcDay.Of(settled.ToTime()).ToString() : "";
            page.Append(CultureInfo.InvariantCulture, $"""
                <tr><td><code>{payout.Payout}</code></td><td>{day}</td><td>{payout.State}</td>
                <td><code>{Text(payout.Transfer)}</code></td><td class="n">{payout.Part}</td>
                <td class="n">{payout.Amount}</td><td class="n">{payout.Reversed}</td></tr>

                """);
        }

        page.Append("</tbody>\n</table></div>\n");
    }

    private static long Sum(IReadOnlyList<StatementLine> lines) => lines.Sum(line => line.Amount.Micros);

    private static string Name(LocationId location, IReadOnlyDictionary<LocationId, string> names) =>
        names.TryGetValue(location, out var name) ? Text(name) : $"<code>{location}</code>";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
