using System.Diagnostics;
using System.Globalization;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Packaging;

/// <summary>Makes the packages and runs what is in them, on a machine that seems to have no .NET.</summary>
[Trait("Length", "Long")]
public sealed class PackageTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-package-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_archive_serves_without_dotnet_on_both_engines()
    {
        Assert.Equal(0, (await Run(PackagingTests.PathOf("build"))).Code);
        var packages = Path.Combine(Repository.Root, "artifacts", "packages");
        Assert.Equal(0, (await Run("sh", "-c", $"cd '{packages}' && sha256sum --check --quiet sha256sums")).Code);
        var archive = Assert.Single(Directory.GetFiles(packages, "*-linux-x64.tar.gz"));
        Assert.Single(Directory.GetFiles(packages, "*-linux-arm64.tar.gz"));
        Assert.Equal(0, (await Run("tar", "-xzf", archive, "-C", _folder.FullName, "--strip-components=1")).Code);
        var program = Path.Combine(_folder.FullName, "countinghouse");

        foreach (var engine in new[] { Engine.Sqlite, Engine.Postgres })
        {
            await using var database = await TestDatabase.Create(engine, migrate: false);
            await Serves(program, TestProgram.On(database));
        }
    }

    private static async Task Serves(string program, string[] on)
    {
        using var server = Start(program, ["serve", "--no-demo", "--urls", "http://127.0.0.1:0", .. on]);
        using var patience = new CancellationTokenSource(Patience);
        var line = await server.StandardOutput.ReadLineAsync(patience.Token);
        var origin = line!.Split(' ')[^1];

        var health = await Run(program, "health", "--url", origin);
        var doctor = await Run(program, ["doctor", "--urls", origin, .. on]);
        var shown = await Run(program, "config", "show", "--json");
        using var stop = Process.Start("kill", [server.Id.ToString(CultureInfo.InvariantCulture)]);
        await server.WaitForExitAsync(patience.Token);

        Assert.Equal((0, "ready\n"), (health.Code, health.Output));
        Assert.Contains("OK     schema: ", doctor.Output);
        Assert.Contains("Open connections; further ones are closed at once.", shown.Output);
        Assert.Equal(0, server.ExitCode);
    }

    private static async Task<Ended> Run(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Ended(process.ExitCode, output, await error);
    }

    /// <summary>What is built needs dotnet; what has been built must do without.</summary>
    private static Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileName(program) == "countinghouse")
        {
            start.Environment.Clear();
            start.Environment["PATH"] = "/nowhere";
        }

        return Process.Start(start)!;
    }
}
