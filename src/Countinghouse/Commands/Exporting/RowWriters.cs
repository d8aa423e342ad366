using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;

namespace Countinghouse.Commands.Exporting;

/// <summary>How rows are written to a file.</summary>
internal enum FileFormat
{
    Ndjson = 1,
    Csv = 2,
}

/// <summary>
/// Writes rows to a stream as they come, the values of a row in the order of the columns. Disposing of it writes what
/// is left, and leaves the stream open.
/// </summary>
internal interface IRowWriter : IDisposable
{
    void Text(string? value);

    void Number(long value);

    void EndRow();
}

/// <summary>A JSON object a line; what is not there is null.</summary>
internal sealed class NdjsonRows : IRowWriter
{
    private const int FlushBytes = 64 * 1024;

    private static readonly JsonWriterOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly Stream _stream;
    private readonly JsonEncodedText[] _columns;
    private readonly MemoryStream _buffer = new();
    private readonly Utf8JsonWriter _json;
    private int _column;

    public NdjsonRows(Stream stream, IReadOnlyList<string> columns)
    {
        _stream = stream;
        _columns = [.. columns.Select(column => JsonEncodedText.Encode(column))];
        _json = new Utf8JsonWriter(_buffer, Relaxed);
    }

    public void Text(string? value)
    {
        Name();
        if (value is null)
        {
            _json.WriteNullValue();
        }
        else
        {
            _json.WriteStringValue(value);
        }
    }

    public void Number(long value)
    {
        Name();
        _json.WriteNumberValue(value);
    }

    public void EndRow()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _buffer.WriteByte((byte)'\n');
        _column = 0;
        if (_buffer.Length >= FlushBytes)
        {
            Flush();
        }
    }

    public void Dispose()
    {
        Flush();
        _json.Dispose();
        _buffer.Dispose();
    }

    private void Name()
    {
        if (_column == 0)
        {
            _json.WriteStartObject();
        }

        _json.WritePropertyName(_columns[_column++]);
    }

    private void Flush()
    {
        _stream.Write(_buffer.GetBuffer(), 0, (int)_buffer.Length);
        _buffer.SetLength(0);
    }
}

/// <summary>RFC 4180 with a header line; what is not there is an empty field.</summary>
internal sealed class CsvRows : IRowWriter
{
    private const int BufferChars = 32 * 1024;

    private readonly CsvWriter _csv;

    public CsvRows(Stream stream, IReadOnlyList<string> columns)
    {
        var text = new StreamWriter(stream, new UTF8Encoding(false), BufferChars, leaveOpen: true) { NewLine = "\n" };
        _csv = new CsvWriter(
            text, new CsvHelper.Configuration.CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" });
        foreach (var column in columns)
        {
            _csv.WriteField(column);
        }

        _csv.NextRecord();
    }

    public void Text(string? value) => _csv.WriteField(value);

    public void Number(long value) => _csv.WriteField(value.ToString(CultureInfo.InvariantCulture));

    public void EndRow() => _csv.NextRecord();

    public void Dispose() => _csv.Dispose();
}
