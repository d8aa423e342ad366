using System.Security.Cryptography;
using System.Text.Json;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Retention;

/// <summary>A file of the archive: one advertiser's batches of the month.</summary>
public sealed record ArchiveFile(
    OrganizationId OrganizationId,
    string File,
    string Sha256,
    long FirstBatch,
    long ThroughBatch,
    string PrevHash,
    string Hash,
    long Events,
    long ChargeMicros);

/// <summary>What is in the archive of a month: `manifest.json` beside its files.</summary>
public sealed record ArchiveManifest(
    string Format,
    int Version,
    Period Month,
    Instant WrittenAt,
    long Events,
    long ChargeMicros,
    IReadOnlyList<ArchiveFile> Files)
{
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions Layout = new(WireJson.Options) { WriteIndented = true };

    /// <summary>The manifest in a folder; null when there is none.</summary>
    public static ArchiveManifest? Find(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var manifest = JsonSerializer.Deserialize<ArchiveManifest>(File.ReadAllBytes(path), Layout);
            return manifest is { Format: JournalFile.Format, Version: JournalFile.Version }
                ? manifest
                : throw new InvalidDataException($"'{path}' is no manifest that this program knows.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"'{path}' cannot be read: {error.Message}");
        }
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public void Write(string folder)
    {
        var path = Path.Combine(folder, FileName);
        using (var file = new FileStream(path + ".partial", FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(file, this, Layout);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".partial", path, overwrite: true);
    }

    public static async Task<byte[]> HashOf(string path, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        return await SHA256.HashDataAsync(file, cancellation);
    }
}
