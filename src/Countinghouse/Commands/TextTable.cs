using Spectre.Console;

namespace Countinghouse.Commands;

/// <summary>Rows for people at a terminal, or tab-separated for the next program.</summary>
internal static class TextTable
{
    public static void Write(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        if (Console.IsOutputRedirected)
        {
            WriteTabs(columns);
            foreach (var row in rows)
            {
                WriteTabs(row);
            }
        }
        else
        {
            WriteTable(columns, rows);
        }
    }

    /// <summary>Control characters in a cell would make two cells or rows of it.</summary>
    private static void WriteTabs(IEnumerable<string> cells) => Console.Out.WriteLine(
        string.Join('\t', cells.Select(cell => string.Concat(cell.Select(c => char.IsControl(c) ? ' ' : c)))));

    /// <summary>A method of its own, so that the table library is not even loaded when there is no terminal.</summary>
    private static void WriteTable(IEnumerable<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().RoundedBorder();
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap());
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        AnsiConsole.Write(table);
    }
}
