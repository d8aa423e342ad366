using System.Security.Cryptography;
using Countinghouse.Commands.Exporting;
using Countinghouse.Ingest;

namespace Countinghouse.Commands.Importing;

/// <summary>A file to import: what it is called, what it is, how far it is read.</summary>
internal sealed class ImportFile : IDisposable
{
    private const int BufferBytes = 256 * 1024;

    private readonly FileStream _file;

    private ImportFile(string path, FileStream file, FileFormat format)
    {
        Path = path;
        _file = file;
        Format = format;
    }

    public string Path { get; }

    /// <summary>Its name without folders and without .gz: part of the ids of lines that have none.</summary>
    public string Name => System.IO.Path.GetFileName(IsNamedGzip(Path) ? Path[..^3] : Path);

    public FileFormat Format { get; }

    /// <summary>SHA-256 of its bytes as they lie there.</summary>
    public byte[] Hash { get; private set; } = [];

    /// <summary>From 0 to 1.</summary>
    public double PartRead => _file.Length == 0 ? 1 : (double)_file.Position / _file.Length;

    /// <summary>Opens a file; throws <see cref="CommandException"/> when that cannot be.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="format">How it is written; zero: as its name says.</param>
    public static ImportFile Open(string path, FileFormat format)
    {
        if (Directory.Exists(path))
        {
            throw new CommandException(
                $"'{path}' is a directory; name the files in it, or one month's folder of the archive.");
        }

        var wanted = format != 0 ? format : FormatOf(path);
        try
        {
            return new ImportFile(
                path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes), wanted);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException($"'{path}' cannot be read: {error.Message.TrimEnd('.')}.");
        }
    }

    public async Task ComputeHash(CancellationToken cancellation)
    {
        _file.Position = 0;
        Hash = await SHA256.HashDataAsync(_file, cancellation);
    }

    /// <summary>Begins to read it; disposing of the reader closes the file.</summary>
    public ILogReader Read(ClientReader clients)
    {
        _file.Position = 0;
        Stream content = IsGzip() ? new GzipFile(_file) : _file;
        var draft = new EventDraft(Name, clients);
        try
        {
            return Format == FileFormat.Csv
                ? new CsvLog(content, Path, draft)
                : new NdjsonLog(content, Path, draft);
        }
        catch (InvalidDataException)
        {
            throw new CommandException($"'{Path}' is a gzip file that is damaged or cut off.");
        }
    }

    public void Dispose() => _file.Dispose();

    private static bool IsNamedGzip(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static FileFormat FormatOf(string path)
    {
        var name = IsNamedGzip(path) ? path[..^3] : path;
        return System.IO.Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".CSV" => FileFormat.Csv,
            ".NDJSON" or ".JSONL" or ".JSON" => FileFormat.Ndjson,
            _ => throw new CommandException(
                $"What '{path}' is cannot be told from its name: say --format ndjson or --format csv."),
        };
    }

    private bool IsGzip()
    {
        var isGzip = _file.ReadByte() == 0x1F && _file.ReadByte() == 0x8B;
        _file.Position = 0;
        return isGzip || !IsNamedGzip(Path) ? isGzip : throw new CommandException($"'{Path}' is not a gzip file.");
    }
}
