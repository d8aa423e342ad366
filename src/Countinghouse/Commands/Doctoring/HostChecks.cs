using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Countinghouse.Commands.Configuring;
using Countinghouse.Http;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands.Doctoring;

/// <summary>Looks at the machine: what the program runs on, what it may do, and what others may read.</summary>
internal sealed class HostChecks(ServerSettings settings, IServiceProvider services, Findings findings)
{
    private const long MiB = 1024 * 1024;
    private const int MemoryMiBMin = 512;
    private const int MemoryMiBEnough = 2_048;
    private const int DiskMiBMin = 1_024;
    private const int DiskMiBEnough = 10_240;
    private const int CertificateDaysEnough = 14;

    /// <summary>Files that are open beside the connections of callers: the program's own, and the database's.</summary>
    private const int FilesBeside = 500;

    private const UnixFileMode AnybodyReads = UnixFileMode.OtherRead;
    private const UnixFileMode OthersEnter =
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(10);

    public async Task Run(DateTimeOffset now, CancellationToken cancellation)
    {
        var version = Assembly.GetExecutingAssembly()
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        findings.Ok(
            "program",
            $"{version} on {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        Settings();
        SecretFiles();
        Memory();
        OpenFiles();
        Disk();
        DataDirectory();
        Certificate(now);
        foreach (var url in settings.Urls.Split(
            ';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await Port(url, cancellation);
        }
    }

    private void Settings()
    {
        var configuration = settings.RequireConfiguration();
        try
        {
            configuration.Require(services);
            findings.Ok(
                "settings",
                $"{configuration.GivenCount} given, configuration file: {configuration.File ?? "none"}");
        }
        catch (ConfigurationException invalid)
        {
            foreach (var complaint in invalid.Complaints)
            {
                findings.Wrong("settings", complaint, "\"countinghouse config show\" lists all settings");
            }
        }
    }

    private void SecretFiles()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var file in settings.RequireConfiguration().FilesWithSecrets)
        {
            findings.Expect(
                (File.GetUnixFileMode(file) & AnybodyReads) == 0,
                "secret file",
                $"{file} is {(IsOpen(file) ? "" : "not ")}readable by everybody on this machine",
                $"chmod o= {file}");
        }

        static bool IsOpen(string file) => (File.GetUnixFileMode(file) & AnybodyReads) != 0;
    }

    private void Memory()
    {
        var size = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MiB;
        var text = $"{size} MiB";
        if (size < MemoryMiBMin)
        {
            findings.Wrong("memory", text, $"give it at least {MemoryMiBMin} MiB");
        }
        else
        {
            findings.Prefer(
                size >= MemoryMiBEnough,
                "memory",
                text,
                "enough for little traffic; Ingest:HotIdsMax and Ingest:ImpressionPairsMax say what most of it is for");
        }
    }

    private void OpenFiles()
    {
        const string limits = "/proc/self/limits";
        if (!File.Exists(limits))
        {
            return;
        }

        var line = File.ReadLines(limits).FirstOrDefault(
            line => line.StartsWith("Max open files", StringComparison.Ordinal));
        if (line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, _, _, var soft, ..])
        {
            return;
        }

        var wanted = Http()?.ConnectionsMax + FilesBeside ?? 0;
        var isEnough = !long.TryParse(soft, CultureInfo.InvariantCulture, out var limit) || limit >= wanted;
        findings.Prefer(
            isEnough,
            "open files",
            $"at most {soft}; Http:ConnectionsMax and the program want {wanted}",
            $"raise the limit (LimitNOFILE={wanted} in the systemd unit, ulimit -n) or lower Http:ConnectionsMax");
    }

    private void Disk()
    {
        var folder = Path.GetFullPath(settings.DataDirectory);
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
        {
            folder = parent;
        }

        long free;
        string text;
        try
        {
            var drive = new DriveInfo(folder);
            free = drive.AvailableFreeSpace / MiB;
            text = $"{free} MiB free for {folder} ({drive.DriveFormat})";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            findings.Note("disk", $"cannot be looked at: {error.Message}");
            return;
        }

        if (settings.Postgres is null && free < DiskMiBMin)
        {
            findings.Wrong("disk", text, "free some: events are refused when the disk is full");
        }
        else
        {
            findings.Prefer(settings.Postgres is not null || free >= DiskMiBEnough, "disk", text, "more, before long");
        }
    }

    private void DataDirectory()
    {
        var folder = settings.DataDirectory;
        if (!Directory.Exists(folder))
        {
            if (settings.Postgres is null)
            {
                findings.Note("data directory", $"{Path.GetFullPath(folder)} is not there", "\"serve\" makes it");
            }
        }
        else if (!OperatingSystem.IsWindows())
        {
            var mode = File.GetUnixFileMode(folder);
            findings.Prefer(
                (mode & OthersEnter) == 0,
                "data directory",
                $"{Path.GetFullPath(folder)} has mode {Convert.ToString((int)mode, 8)}",
                $"chmod 700 {folder}, unless others are meant to look into it");
        }
    }

    private void Certificate(DateTimeOffset now)
    {
        if (Http() is not { CertificateFile.Length: > 0 } http)
        {
            return;
        }

        try
        {
            var leaf = services.GetRequiredService<ServerCertificate>().Leaf;
            var days = (int)(leaf.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalDays;
            var text = $"{http.CertificateFile} is good until {leaf.NotAfter.ToUniversalTime():yyyy-MM-dd}";
            if (days < 0 || leaf.NotBefore.ToUniversalTime() > now.UtcDateTime)
            {
                findings.Wrong("certificate", text + ", which is not now", "renew it; the server reads it by itself");
            }
            else
            {
                findings.Prefer(days >= CertificateDaysEnough, "certificate", text, $"renew it: {days} days are left");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            findings.Wrong("certificate", $"{http.CertificateFile}: {error.Message}", "give a PEM file and its key");
        }
    }

    private async Task Port(string url, CancellationToken cancellation)
    {
        if (Addresses.Complaint(url) is not null)
        {
            // Said with the settings.
            return;
        }

        try
        {
            Addresses.RefuseTaken(url);
            findings.Ok("address", $"{url} is free");
        }
        catch (CommandException taken)
        {
            var near = Addresses.ForNeighbors(url);
            if (near is not null && await IsOurs(near, cancellation))
            {
                findings.Ok("address", $"{url} is answered by Countinghouse");
            }
            else if (near is null && taken.Message.Contains("already taken", StringComparison.Ordinal))
            {
                // The certificate is for another name than this machine's, so nobody is asked over https.
                findings.Note("address", $"{url} is taken; by a running server of your own, it is to be hoped");
            }
            else
            {
                findings.Wrong("address", taken.Message, "a port below 1024 needs CAP_NET_BIND_SERVICE");
            }
        }
    }

    private static async Task<bool> IsOurs(Uri origin, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = AnswerPatience };
        try
        {
            var answer = await client.GetStringAsync(new Uri(origin, Health.LivePath), cancellation);
            return answer is """{"status":"live"}""";
        }
        catch (Exception error) when (error is HttpRequestException
            || (error is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Null while the settings are wrong; that is said elsewhere.</summary>
    private HttpOptions? Http()
    {
        try
        {
            return services.GetRequiredService<IOptions<HttpOptions>>().Value;
        }
        catch (OptionsValidationException)
        {
            return null;
        }
    }
}
