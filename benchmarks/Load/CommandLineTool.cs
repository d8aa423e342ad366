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

    /// <summary>Runs it and tells its time, its processor's time and its most resident memory.</summary>
    public async Task<(double Seconds, double ProcessorSeconds, long PeakMemory)> Watch(
        params IEnumerable<string> arguments)
    {
        var began = Stopwatch.GetTimestamp();
        using var process = Begin(arguments.Concat(store.Arguments));
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        var (peak, processor) = (0L, TimeSpan.Zero);
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(50)))
        {
            process.Refresh();
            if (!process.HasExited)
            {
                (peak, processor) = (Math.Max(peak, process.WorkingSet64), process.TotalProcessorTime);
            }
        }

        await Task.WhenAll(output, error);
        return process.ExitCode == 0
            ? (Stopwatch.GetElapsedTime(began).TotalSeconds, processor.TotalSeconds, peak)
            : throw new BenchException($"countinghouse {string.Join(' ', arguments)}: {await error}");
    }

    public Task<(int Code, string Output, string Error)> Try(params IEnumerable<string> arguments) =>
        Start(arguments.Concat(store.Arguments));

    private async Task<(int Code, string Output, string Error)> Start(IEnumerable<string> arguments)
    {
        using var process = Begin(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output).Trim(), (await error).Trim());
    }

    private Process Begin(IEnumerable<string> arguments) => Process.Start(ServerProcess.Command(program, arguments))!;
}
