using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace Countinghouse.Commands.Exporting;

/// <summary>
/// Where an export goes: standard output, or a file that bears another name until it is whole.
/// </summary>
internal sealed class ExportTarget : IDisposable
{
    private const string Unfinished = ".partial";
    private const int BufferBytes = 128 * 1024;

    private readonly string? _path;
    private readonly Stream _end;

    /// <param name="path">The file; null for standard output.</param>
    public ExportTarget(string? path)
    {
        _path = path;
        _end = path is null ? OpenStandardOutput() : Create(path + Unfinished);
        Stream = IsCompressed(path) ? new GZipStream(_end, CompressionLevel.Fastest) : _end;
    }

    public Stream Stream { get; }

    /// <summary>What the end of a name says; NDJSON where it says nothing.</summary>
    public static FileFormat FormatOf(string? path) =>
        Path.GetExtension(IsCompressed(path) ? path![..^3] : path) is ".csv" or ".CSV"
            ? FileFormat.Csv
            : FileFormat.Ndjson;

    /// <summary>Says that everything is written: gives the file its name.</summary>
    public void Complete()
    {
        Stream.Dispose();
        if (_path is not null)
        {
            File.Move(_path + Unfinished, _path, overwrite: true);
        }
    }

    /// <summary>Removes what was written unless it is complete.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        catch (IOException)
        {
            // The disk is full or the reader has gone; whoever wrote has been told.
        }

        if (_path is not null)
        {
            File.Delete(_path + Unfinished);
        }
    }

    /// <summary>The console's own stream would not tell that the reader has gone, and the export would go on.</summary>
    private static Stream OpenStandardOutput() => OperatingSystem.IsWindows()
        ? Console.OpenStandardOutput()
        : new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, BufferBytes);

    private static bool IsCompressed(string? path) =>
        path is not null && path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static FileStream Create(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, BufferBytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException($"The export cannot be written: {error.Message.TrimEnd('.')}.");
        }
    }
}
