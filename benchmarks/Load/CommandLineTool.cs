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

    public async Task<(int Code, string Output, string Error)> Try(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { program },
        };
        foreach (var argument in arguments.Concat(store.Arguments))
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
