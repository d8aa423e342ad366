namespace Countinghouse.Copies;

/// <summary>What a column holds, by the name that PostgreSQL has for its type.</summary>
internal enum ColumnKind
{
    Uuid = 1,
    Long = 2,
    Int = 3,
    Text = 4,
    Bytes = 5,
    Bool = 6,
}

/// <summary>One column of a table that is on both sides.</summary>
internal sealed record CopiedColumn(string Name, ColumnKind Kind);

/// <summary>One table that is on both sides; the key is that of the SQLite table, and names its rows' order.</summary>
internal sealed record CopiedTable(string Name, IReadOnlyList<CopiedColumn> Columns, IReadOnlyList<string> Key)
{
    /// <summary>All columns, as a statement names them.</summary>
    public string ColumnList => string.Join(", ", Columns.Select(column => Quote(column.Name)));

    public string KeyList => string.Join(", ", Key.Select(Quote));

    public string QuotedName => Quote(Name);

    public static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}

/// <summary>One value on its way; which member has it follows from the column's kind.</summary>
internal struct Cell
{
    public bool IsNull;
    public long Number;
    public Guid Id;
    public byte[]? Bytes;
    public string? Text;

    public readonly int SizeBytes => 9 + (Bytes?.Length ?? Text?.Length ?? 0);
}
