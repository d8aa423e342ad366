using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Countinghouse.Commands;
using Countinghouse.Support;

namespace Countinghouse.Proof;

/// <summary>
/// A node: the program's FAULTS flavour as a process on one port, started again whenever it ends, as a supervisor
/// would. Each life has an environment of its own, so that it can be told where to die.
/// </summary>
internal sealed class ProofNode : IAsyncDisposable
{
    /// <summary>What a server says once it answers; the fake of Stripe says it in its own name.</summary>
    private const string Ready = " answers on ";
    private const int SlotBytes = 64;
    private const int NameBytes = 56;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-node-");
    private readonly Func<int, IEnumerable<string>> _arguments;
    private readonly Func<int, IEnumerable<(string Name, string Value)>> _environment;
    private readonly ConcurrentQueue<string> _words = new();
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _isReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;
    private Task _lives = Task.CompletedTask;

    private ProofNode(
        Func<int, IEnumerable<string>> arguments,
        Func<int, IEnumerable<(string Name, string Value)>> environment,
        TimeSpan clock,
        string program)
    {
        Program = program;
        _arguments = arguments;
        _environment = environment;
        File.WriteAllBytes(FaultsFile, new byte[128 * SlotBytes]);
        File.WriteAllBytes(ClockFile, BitConverter.GetBytes(clock.Ticks));
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Origin = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
    }

    public Uri Origin { get; }

    /// <summary>What it runs.</summary>
    public string Program { get; }

    /// <summary>How often it was started.</summary>
    public int Lives { get; private set; }

    /// <summary>Whether it answers, or at least did until a moment ago.</summary>
    public bool IsReady => Volatile.Read(ref _isReady).Task.IsCompleted;

    /// <summary>What it wrote to its streams, for a test that fails.</summary>
    public string Words => string.Join('\n', _words.TakeLast(30).Select(line => line[..Math.Min(line.Length, 300)]));

    private string FaultsFile => Path.Combine(_folder.FullName, "faults");

    private string ClockFile => Path.Combine(_folder.FullName, "clock");

    /// <summary>The product that was built with -p:Faults=true: bin/Countinghouse/faults.</summary>
    public static string Assembly { get; } = Path.Combine(
        Repository.Root, "artifacts", "bin", "Countinghouse", "faults",
        typeof(Server).Assembly.GetName().Name + ".dll");

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="database">What it serves from.</param>
    /// <param name="environment">Variables of its n-th life, from 0.</param>
    /// <param name="clock">How far its clock is from the machine's.</param>
    /// <param name="program">Another build than this repository's.</param>
    public static Task<ProofNode> Start(
        ProofDatabase database,
        Func<int, IEnumerable<(string Name, string Value)>> environment,
        TimeSpan clock = default,
        string? program = null) => Start(_ => ["--no-demo", .. database.Options], environment, clock, program);

    /// <summary>The fake of Stripe, with a folder of its own, as a process of the same flavour.</summary>
    /// <param name="options">Of its n-th life, from 0.</param>
    public static Task<ProofNode> StartFake(Func<int, IEnumerable<string>> options) =>
        Start(life => ["fake-stripe", .. options(life)], _ => [], default);

    public async Task UntilReady()
    {
        var ready = Volatile.Read(ref _isReady).Task;
        if (await Task.WhenAny(ready, _lives, Task.Delay(Patience)) != ready)
        {
            throw new InvalidOperationException("The node did not start: " + Words);
        }
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process?.Kill();

    /// <summary>kill -9; returns when it is dead, and its next life about to begin.</summary>
    public async Task KillAndWait()
    {
        var lives = Lives;
        while (Lives == lives)
        {
            Kill();
            await Task.Delay(5);
        }
    }

    /// <summary>SIGTERM; returns when it has ended in good order, and its next life is about to begin.</summary>
    public async Task StopAndStart()
    {
        var lives = Lives;
        using (var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        using var patience = new CancellationTokenSource(Patience);
        while (Lives == lives)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>SIGTERM, and then it stays down until it is disposed of.</summary>
    public async Task Stop()
    {
        await _stopping.CancelAsync();
        if (_process is { HasExited: false } process)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await kill.WaitForExitAsync();
        }

        await _lives.WaitAsync(Patience);
    }

    /// <summary>Moves its clock by so much from the machine's.</summary>
    public void MoveClock(TimeSpan offset)
    {
        using var file = new FileStream(ClockFile, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Write(BitConverter.GetBytes(offset.Ticks));
    }

    /// <summary>How often each point was passed, killed at, and what the metrics counted, over all its lives.</summary>
    public Dictionary<string, long> Counts()
    {
        var slots = new byte[128 * SlotBytes];
        using (var file = new FileStream(FaultsFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            file.ReadExactly(slots);
        }

        var counts = new Dictionary<string, long>();
        for (var at = 0; slots[at] != 0; at += SlotBytes)
        {
            var name = Encoding.ASCII.GetString(slots, at, NameBytes).TrimEnd('\0');
            counts[name] = BitConverter.ToInt64(slots, at + NameBytes);
        }

        return counts;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Kill();
        await _lives.WaitAsync(Patience);
        _stopping.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>A process of the program, with this node's clock and faults.</summary>
    public Process Run(IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.FullName,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("COUNTINGHOUSE_")).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["COUNTINGHOUSE_FAULTS_FILE"] = FaultsFile;
        start.Environment["COUNTINGHOUSE_CLOCK_FILE"] = ClockFile;
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach (var (name, value) in environment)
        {
            start.Environment["COUNTINGHOUSE_" + name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs a command to its end, which must be a good one; the last line of what it printed.</summary>
    public async Task<string> Command(params string[] arguments)
    {
        using var process = Run(arguments, []);
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output.TrimEnd().Split('\n')[^1]
            : throw new InvalidOperationException(
                $"{arguments[0]} ended with {process.ExitCode}: {output}{await error}");
    }

    private static async Task<ProofNode> Start(
        Func<int, IEnumerable<string>> arguments,
        Func<int, IEnumerable<(string Name, string Value)>> environment,
        TimeSpan clock,
        string? program = null)
    {
        var node = new ProofNode(arguments, environment, clock, program ?? Assembly);
        node._lives = node.Live();
        await node.UntilReady();
        return node;
    }

    private async Task Live()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var life = Lives++;
            using var process = Run(
                [.. _arguments(life), "--urls", Origin.ToString().TrimEnd('/')], _environment(life));
            _process = process;
            var error = Read(process.StandardError);
            var output = Read(process.StandardOutput);
            await process.WaitForExitAsync();
            if (!_stopping.IsCancellationRequested && _isReady.Task.IsCompleted)
            {
                _isReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            await Task.WhenAll(error, output);
            _words.Enqueue($"-- life {Lives} ended with {process.ExitCode}");
            _process = null;
        }
    }

    private async Task Read(StreamReader stream)
    {
        while (await stream.ReadLineAsync() is { } line)
        {
            if (line.Contains(Ready, StringComparison.Ordinal))
            {
                _isReady.TrySetResult();
            }
            else if (_words.Count < 2_000)
            {
                _words.Enqueue(line);
            }
        }
    }
}
