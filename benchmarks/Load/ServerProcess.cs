using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Countinghouse.Load;

/// <summary>A program that the bench started; it ends with the bench.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string CallersLimit = "100000000";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);

    /// <summary>All that were started: whatever ends the bench ends them too.</summary>
    private static readonly ConcurrentBag<Process> Started = [];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();

    private ServerProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>How long it took from the start of the process to the first answer.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>What it has written since this was last asked.</summary>
    public IReadOnlyList<string> NewLines()
    {
        var lines = new List<string>();
        while (_said.TryDequeue(out var line))
        {
            lines.Add(line);
        }

        return lines;
    }

    /// <summary>"dotnet (program) (arguments)", without what is set for the load generator alone.</summary>
    public static ProcessStartInfo Command(string program, IEnumerable<string> arguments)
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

        start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS");
        start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT");

        // Limits that the bench will not meet, for callers that have none of their own: set, so they are counted.
        start.Environment["COUNTINGHOUSE_RateLimits__AddressPerMinute"] = CallersLimit;
        start.Environment["COUNTINGHOUSE_RateLimits__KeyPerMinute"] = CallersLimit;
        start.Environment["COUNTINGHOUSE_RateLimits__KeyPerDay"] = CallersLimit;
        return start;
    }

    /// <summary>Starts "dotnet (program) (arguments)" and waits until it answers at the path.</summary>
    public static async Task<ServerProcess> Start(
        string program, int port, string readyPath, Func<int, IEnumerable<string>> arguments)
    {
        var start = Command(program, arguments(port));
        var begun = Stopwatch.GetTimestamp();
        var server = new ServerProcess(Process.Start(start)!, port);
        Started.Add(server._process);
        server.Listen();
        await server.WaitUntilReady(readyPath);
        server.ReadyAfter = Stopwatch.GetElapsedTime(begun);
        return server;
    }

    /// <summary>Ends all that still run, when the bench itself is told to end.</summary>
    public static void EndAll()
    {
        foreach (var process in Started.Where(process => !process.HasExited))
        {
            process.Kill();
        }
    }

    /// <summary>A port that nobody listens on just now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Resident memory in bytes.</summary>
    public long Memory()
    {
        _process.Refresh();
        return _process.HasExited ? 0 : _process.WorkingSet64;
    }

    public TimeSpan ProcessorTime()
    {
        _process.Refresh();
        return _process.HasExited ? TimeSpan.Zero : _process.TotalProcessorTime;
    }

    /// <summary>Ends it as a power cut would: nothing is finished, nothing is written.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var terminate = Process.Start("kill", _process.Id.ToString(CultureInfo.InvariantCulture));
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                await Kill();
            }
        }

    }

    private void Listen()
    {
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        // What is told as information, such as which node runs which job, is no fault.
        if (line is { Length: > 0 }
            && !line.StartsWith("Countinghouse answers", StringComparison.Ordinal)
            && !line.StartsWith("info:", StringComparison.Ordinal))
        {
            _said.Enqueue(line);
        }
    }

    private async Task WaitUntilReady(string path)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var begun = Stopwatch.GetTimestamp();
        while (!_process.HasExited && Stopwatch.GetElapsedTime(begun) < StartTimeout)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{Port}{path}"));
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(20);
        }

        var said = string.Join('\n', NewLines());
        await DisposeAsync();
        throw new BenchException($"A server did not start: {said}");
    }
}
