using System.Diagnostics;

namespace Countinghouse.Load;

/// <summary>The product's command line, used as a person would.</summary>
internal sealed class CommandLineTool(string program, Store store)
{
    /// <summary>What the command printed; an exception when it failed.</summary>
    public async Task<string> Run(params IEnumerable<string> arguments)
    {
        var (code, output, error) = await Try(arguments);
        return code == 0 ? output : throw new BenchException($"countinghouse {string.Join(' ', arguments)}: {error}");
    }

    /// <summary>
    /// Does this build have the command? Without it the program shows its own help, with the same exit code.
    /// </summary>
    public async Task<bool> Has(string command)
    {
        var (code, output, _) = await Start([command, "--help"]);
        return code == 0 && output.Contains($"countinghouse {command}", StringComparison.Ordinal);
    }

    public Task<(int Code, string Output, string Error)> Try(params IEnumerable<string> arguments) =>
        Start(arguments.Concat(store.Arguments));

    private async Task<(int Code, string Output, string Error)> Start(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { program },
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output).Trim(), (await error).Trim());
    }
}
