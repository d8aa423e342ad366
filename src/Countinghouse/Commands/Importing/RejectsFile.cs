using System.Globalization;
using System.Text;
using CsvHelper;

namespace Countinghouse.Commands.Importing;

/// <summary>Lists rejected lines as CSV: which line of which file, and why; never what was in it.</summary>
internal sealed class RejectsFile : IDisposable
{
    private readonly CsvWriter _csv;

    /// <param name="path">Where to.</param>
    /// <param name="append">True: an import goes on, and what is listed stays.</param>
    public RejectsFile(string path, bool append)
    {
        try
        {
            var isNew = !append || !File.Exists(path) || new FileInfo(path).Length == 0;
            var text = new StreamWriter(path, append, new UTF8Encoding(false)) { NewLine = "\n" };
            _csv = new CsvWriter(
                text, new CsvHelper.Configuration.CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" });
            if (isNew)
            {
                Write("file", "line", "code", "reason");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException($"The rejects cannot be written: {error.Message.TrimEnd('.')}.");
        }
    }

    public void Add(string file, long line, string code, string reason) =>
        Write(file, line.ToString(CultureInfo.InvariantCulture), code, reason);

    /// <summary>To be called before it is remembered that the lines are done with.</summary>
    public void Flush() => _csv.Flush();

    public void Dispose() => _csv.Dispose();

    private void Write(params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            _csv.WriteField(field);
        }

        _csv.NextRecord();
    }
}
