using System.Text.Json;

namespace Countinghouse.Copies;

/// <summary>What is said of a backup in the file beside it, so that it can be told from a damaged one.</summary>
/// <param name="Format">1.</param>
/// <param name="Sha256">Of the file, lower-case hexadecimal.</param>
/// <param name="Bytes">Of the file.</param>
/// <param name="SchemaVersion">The newest step of its schema.</param>
/// <param name="Advertisers">Journals in it.</param>
/// <param name="Batches">Of all journals together.</param>
/// <param name="CreatedAt">When it was begun: it has everything acknowledged before.</param>
public sealed record BackupManifest(
    int Format,
    string Sha256,
    long Bytes,
    int SchemaVersion,
    long Advertisers,
    long Batches,
    DateTimeOffset CreatedAt)
{
    public const int KnownFormat = 1;

    private const int BytesMax = 64 * 1024;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>Where the manifest of a backup lies.</summary>
    public static string PathOf(string backup) => backup + ".json";

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Throws <see cref="CopyException"/> when there is none, or not one that can be read.</summary>
    public static BackupManifest Of(string backup)
    {
        var path = PathOf(backup);
        if (!File.Exists(path))
        {
            throw new CopyException(
                $"There is no '{path}', which says what the backup must be: put it beside the backup, where "
                + "\"countinghouse backup\" left it.");
        }

        try
        {
            var manifest = new FileInfo(path).Length <= BytesMax
                ? JsonSerializer.Deserialize<BackupManifest>(File.ReadAllBytes(path), Json)
                : null;
            if (manifest?.Format == KnownFormat)
            {
                return manifest;
            }
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw new CopyException($"'{path}' is not the manifest of a backup that this program can read.");
    }
}
