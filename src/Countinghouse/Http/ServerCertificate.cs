using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Countinghouse.Http;

/// <summary>
/// The certificate for https, from the files that the settings name. It is read anew when its file has changed, so that
/// a renewal needs no restart; a file that cannot be read leaves the one before in place.
/// </summary>
public sealed partial class ServerCertificate(
    IOptions<HttpOptions> options, TimeProvider clock, ILogger<ServerCertificate> log)
{
    /// <summary>Between two looks at the file.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _reading = new();
    private Loaded? _loaded;

    private sealed record Loaded(
        X509Certificate2 Leaf,
        X509Certificate2Collection Chain,
        SslStreamCertificateContext Context,
        DateTime WrittenAt,
        DateTimeOffset LookedAt);

    public bool IsConfigured => options.Value.CertificateFile.Length > 0;

    public X509Certificate2 Leaf => Current().Leaf;

    /// <summary>What stands between the leaf and the root.</summary>
    public X509Certificate2Collection Chain => Current().Chain;

    /// <summary>What a handshake presents.</summary>
    public SslStreamCertificateContext Context => Current().Context;

    private Loaded Current()
    {
        lock (_reading)
        {
            if (_loaded is null)
            {
                return _loaded = Read();
            }

            if (clock.GetUtcNow() - _loaded.LookedAt >= Pause)
            {
                _loaded = File.GetLastWriteTimeUtc(options.Value.CertificateFile) == _loaded.WrittenAt
                    ? _loaded with { LookedAt = clock.GetUtcNow() }
                    : ReadAgain(_loaded);
            }

            return _loaded;
        }
    }

    private Loaded ReadAgain(Loaded before)
    {
        try
        {
            return Read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            LogNotRead(error.Message);
            return before with { LookedAt = clock.GetUtcNow() };
        }
    }

    private Loaded Read()
    {
        var (file, keyFile) = (options.Value.CertificateFile, options.Value.CertificateKeyFile);
        var writtenAt = File.GetLastWriteTimeUtc(file);
        var leaf = X509Certificate2.CreateFromPemFile(file, keyFile.Length > 0 ? keyFile : null);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(file);
        var others = new X509Certificate2Collection(chain.Where(one => !one.Equals(leaf)).ToArray());
        return new Loaded(
            leaf,
            others,
            SslStreamCertificateContext.Create(leaf, others, offline: true),
            writtenAt,
            clock.GetUtcNow());
    }
}
