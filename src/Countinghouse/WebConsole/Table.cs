using System.Globalization;
using System.Text;
using CsvHelper;
using Countinghouse.Http;
using Microsoft.AspNetCore.Components;

namespace Countinghouse.WebConsole;

/// <summary>How a value is shown, and in which form it goes into a CSV.</summary>
public enum CellKind
{
    Text = 1,
    Money = 2,
    Count = 3,
    Percent = 4,

    /// <summary>A UTC day.</summary>
    Day = 5,

    /// <summary>A moment.</summary>
    Time = 6,

    /// <summary>A state's word, such as a campaign's.</summary>
    Status = 7,

    /// <summary>An id or a hash.</summary>
    Code = 8,

    /// <summary>Drawn by the page.</summary>
    Drawn = 9,
}

/// <summary>A value in a table.</summary>
/// <param name="Raw">As the API spells it; this is what a CSV has.</param>
/// <param name="Kind">How it is shown.</param>
/// <param name="Address">Where it leads; null for nowhere.</param>
/// <param name="Content">What is shown instead of the value.</param>
public sealed record Cell(string Raw, CellKind Kind, string? Address = null, RenderFragment? Content = null)
{
    public static Cell Text(string? text, string? address = null) => new(text ?? "", CellKind.Text, address);

    /// <summary>USD, as the API's decimal.</summary>
    public static Cell Money(string? amount) => new(amount ?? "", CellKind.Money);

    public static Cell Count(long? count) =>
        new(count?.ToString(CultureInfo.InvariantCulture) ?? "", CellKind.Count);

    /// <summary>Of a hundred, as the API's decimal.</summary>
    public static Cell Percent(string? percent) => new(percent ?? "", CellKind.Percent);

    public static Cell Day(string? day, string? address = null) => new(day ?? "", CellKind.Day, address);

    public static Cell Time(string? moment) => new(moment ?? "", CellKind.Time);

    public static Cell Status(string? word) => new(word ?? "", CellKind.Status);

    public static Cell Code(string? id, string? address = null) => new(id ?? "", CellKind.Code, address);

    public static Cell Drawn(RenderFragment content, string raw = "") => new(raw, CellKind.Drawn, null, content);

    public bool IsNumber => Kind is CellKind.Money or CellKind.Count or CellKind.Percent;
}

/// <summary>A column of a table.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="Value">What it shows of a row.</param>
/// <param name="IsNumber">Numbers are lined up at their ends.</param>
/// <param name="Sort">The API's word for sorting by it; null where that is not possible.</param>
/// <param name="InCsv">False for what only makes sense on a page, such as buttons.</param>
/// <param name="InPage">False for what only makes sense in a CSV, such as ids.</param>
public sealed record Column<T>(
    string Title,
    Func<T, Cell> Value,
    bool IsNumber = false,
    string? Sort = null,
    bool InCsv = true,
    bool InPage = true);

/// <summary>A table: told once, shown as a page and downloaded as a CSV.</summary>
/// <param name="name">The file's name.</param>
/// <param name="columns">What it shows of a row, from left to right.</param>
public sealed class Table<T>(string name, params Column<T>[] columns)
{
    /// <summary>What a page shows of it.</summary>
    /// <param name="rows">Those of the page.</param>
    /// <param name="empty">What to do next where there are none.</param>
    /// <param name="pagination">Where in the list that is; null: it is all of it.</param>
    public TableView View(IReadOnlyList<T> rows, string empty, Pagination? pagination = null)
    {
        var shown = columns.Where(column => column.InPage).ToArray();
        return new TableView(
            name,
            [.. shown.Select(column => new TableHead(column.Title, column.IsNumber, column.Sort))],
            [.. rows.Select(row => shown.Select(column => column.Value(row)).ToArray())],
            empty,
            pagination);
    }

    /// <summary>All rows as a file.</summary>
    public IResult Csv(IReadOnlyList<T> rows)
    {
        var written = columns.Where(column => column.InCsv).ToArray();
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = new CsvWriter(text, CultureInfo.InvariantCulture))
        {
            foreach (var column in written)
            {
                csv.WriteField(column.Title);
            }

            csv.NextRecord();
            foreach (var row in rows)
            {
                foreach (var column in written)
                {
                    var cell = column.Value(row);
                    csv.WriteField(
                        cell.Kind is CellKind.Text or CellKind.Drawn ? CsvText.NoFormula(cell.Raw) : cell.Raw);
                }

                csv.NextRecord();
            }
        }

        return TypedResults.File(Encoding.UTF8.GetBytes(text.ToString()), "text/csv; charset=utf-8", $"{name}.csv");
    }
}

/// <summary>The top of a column.</summary>
public sealed record TableHead(string Title, bool IsNumber, string? Sort);

/// <summary>A table as a page shows it.</summary>
public sealed record TableView(
    string Name, IReadOnlyList<TableHead> Head, IReadOnlyList<Cell[]> Rows, string Empty, Pagination? Pagination);
