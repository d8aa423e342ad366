using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Countinghouse.Commands.Importing;

/// <summary>
/// A log as CSV (RFC 4180) with a header line of known names; an empty field is one that is not there.
/// </summary>
internal sealed class CsvLog : ILogReader
{
    private const int FieldCharsMax = 64 * 1024;
    private const int BufferChars = 64 * 1024;

    /// <summary>Longer names, or ones with other characters, are not repeated: there may be no header at all.</summary>
    private const int NameCharsMax = 40;

    private readonly CsvParser _csv;
    private readonly StreamReader _text;
    private readonly EventDraft _draft;
    private readonly Member[] _columns;
    private byte[] _scratch = new byte[1024];
    private bool _isBad;
    private long _number;

    /// <param name="stream">What the file holds; disposed of with this.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <param name="draft">Holds a line's members to the rules.</param>
    public CsvLog(Stream stream, string name, EventDraft draft)
    {
        _draft = draft;
        _text = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, BufferChars);
        _csv = new CsvParser(_text, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            BadDataFound = _ => _isBad = true,
            MaxFieldSize = FieldCharsMax,
            BufferSize = BufferChars,
            IgnoreBlankLines = false,
        });
        _columns = ReadHeader(name);
    }

    public long Position { get; private set; }

    public bool Read(out LogLine line)
    {
        line = default;
        if (!Skip())
        {
            return false;
        }

        line = Parse(_number);
        return true;
    }

    public bool Skip()
    {
        _isBad = false;
        try
        {
            do
            {
                // Blank lines are passed over here and not by the parser, which would not count them.
                _number = _csv.RawRow + 1L;
                if (!_csv.Read())
                {
                    return false;
                }
            }
            while (_csv.Count == 0 || (_csv.Count == 1 && _csv[0].Length == 0));
        }
        catch (CsvHelperException)
        {
            throw new InvalidDataException($"A field is longer than {FieldCharsMax} characters: is a quote missing?");
        }

        Position++;
        return true;
    }

    public void Dispose()
    {
        _csv.Dispose();
        _text.Dispose();
    }

    private LogLine Parse(long number)
    {
        if (_csv.Count != _columns.Length)
        {
            return new LogLine(
                number, default, LogLine.Malformed, $"has {_csv.Count} fields, the header {_columns.Length}");
        }

        _draft.Begin();
        for (var column = 0; column < _columns.Length; column++)
        {
            if (_columns[column] != Member.None && _csv[column] is { Length: > 0 } field)
            {
                _draft.Set(_columns[column], Utf8(field));
            }
        }

        if (_isBad)
        {
            return new LogLine(number, default, LogLine.Malformed, "has a quote in a field that is not quoted");
        }

        return _draft.TryFinish(number, Utf8(_csv.RawRecord.TrimEnd('\r', '\n')), out var sent)
            ? new LogLine(number, sent, null, "")
            : new LogLine(number, default, LogLine.Invalid, _draft.Fault!);
    }

    private Member[] ReadHeader(string name)
    {
        if (!HasHeader())
        {
            throw new CommandException($"'{name}' is not CSV: it has no header line.");
        }

        var names = _csv.Record!;
        for (var column = 0; column < names.Length; column++)
        {
            if (!EventDraft.IsKnown(names[column]))
            {
                throw new CommandException(
                    $"'{name}' has an unknown column, {Describe(names[column], column)}. "
                    + $"Columns are: {string.Join(", ", EventDraft.Members.Keys)}.");
            }
        }

        if (names.Distinct().Count() < names.Length)
        {
            throw new CommandException($"'{name}' has a column twice.");
        }

        foreach (var needed in new[] { Member.Kind, Member.Campaign })
        {
            if (!names.Contains(EventDraft.NameOf(needed)))
            {
                throw new CommandException($"'{name}' has no column {EventDraft.NameOf(needed)}.");
            }
        }

        return [.. names.Select(column => EventDraft.Members.GetValueOrDefault(column))];
    }

    private bool HasHeader()
    {
        try
        {
            return _csv.Read();
        }
        catch (CsvHelperException)
        {
            return false;
        }
    }

    private static string Describe(string name, int column) =>
        name.Length is > 0 and <= NameCharsMax && name.All(c => char.IsAsciiLetter(c) || c is '_' or '-' or ' ')
            ? $"'{name}'"
            : $"the {column + 1}. of its first line";

    /// <summary>The text in UTF-8; good until the next call.</summary>
    private ReadOnlySpan<byte> Utf8(ReadOnlySpan<char> text)
    {
        var needed = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_scratch.Length < needed)
        {
            _scratch = new byte[needed];
        }

        return _scratch.AsSpan(0, Encoding.UTF8.GetBytes(text, _scratch));
    }
}
