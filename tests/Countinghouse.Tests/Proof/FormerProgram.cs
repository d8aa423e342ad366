using System.Diagnostics;
using Countinghouse.Support;

namespace Countinghouse.Proof;

/// <summary>
/// The program as it was before a migration came: built from this repository's history into a folder of its own, in the
/// flavour with failpoints, like the one of today.
/// </summary>
internal sealed class FormerProgram : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-former-");

    private FormerProgram()
    {
    }

    /// <summary>Its assembly, for <see cref="ProofNode"/>.</summary>
    public string Assembly => Path.Combine(
        _folder.FullName, "artifacts", "bin", "Countinghouse", "faults", Path.GetFileName(ProofNode.Assembly));

    /// <param name="migration">File name of the migration that it does not know yet.</param>
    public static async Task<FormerProgram> Build(string migration)
    {
        var program = new FormerProgram();
        try
        {
            var file = "src/Countinghouse/Storage/Migrations/" + migration;
            var added = (await Run(Repository.Root, "git", "log", "--diff-filter=A", "--format=%H", "--", file))
                .Trim().Split('\n')[^1];
            Assert.True(added.Length > 0, $"The history of {migration} is not here: clone the repository with it.");
            var archive = Path.Combine(program._folder.FullName, "source.tar");
            await Run(Repository.Root, "git", "archive", "--output", archive, added + "^");
            await Run(program._folder.FullName, "tar", "-xf", archive);
            await Run(
                program._folder.FullName,
                "dotnet", "build", "src/Countinghouse", "-c", "Release", "-p:Faults=true", "-p:RunAnalyzers=false",
                "--nologo", "--verbosity", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false");
            return program;
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task<string> Run(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{program} {arguments[0]} ended with {process.ExitCode}: {output}{await error}");
    }
}
