using System.Diagnostics;
using Countinghouse.Commands;
using Countinghouse.Proof;

namespace Countinghouse.Support;

/// <summary>How a run of the program ended.</summary>
public sealed record Ended(int Code, string Output, string Error)
{
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>
/// The program as its users have it: a process with arguments, streams, signals and an exit code. It sees none of the
/// environment's own COUNTINGHOUSE_ settings and begins in a folder of its own.
/// </summary>
public sealed class TestProgram : IAsyncDisposable
{
    /// <summary>What is reported of a process that SIGKILL ended.</summary>
    private const int Killed = 137;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly string Assembly = Find();

    private readonly Process _process;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-program-");
    private readonly Task<string> _error;

    private TestProgram(
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment,
        bool hasInput = false,
        string? assembly = null)
    {
        var start = new ProcessStartInfo("dotnet", [assembly ?? Assembly, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = hasInput,
            WorkingDirectory = _folder.FullName,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("COUNTINGHOUSE_")).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Where a server answers, once it is ready.</summary>
    public Uri Origin { get; private set; } = new("http://127.0.0.1:0");

    /// <summary>The files the program left in the folder it began in.</summary>
    public IEnumerable<string> FilesLeft => _folder.EnumerateFileSystemInfos().Select(file => file.Name);

    /// <summary>The options that name a database.</summary>
    public static string[] On(TestDatabase database) => database.Settings.Postgres is { } postgres
        ? ["--postgres", postgres]
        : ["--data", database.Settings.DataDirectory];

    /// <summary>Runs it to its end.</summary>
    public static Task<Ended> Run(params string[] arguments) => Run(null, arguments);

    public static async Task<Ended> Run(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        await using var program = new TestProgram(arguments, environment);
        return await program.End();
    }

    /// <summary>
    /// Runs it to a failpoint, where it dies as by kill -9: at the first pass, or the one named as in "point:3".
    /// </summary>
    public static async Task RunInto(string failpoint, params string[] arguments)
    {
        var environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_FAILPOINT"] = failpoint.Contains(':') ? failpoint : failpoint + ":1",
        };
        await using var program = new TestProgram(arguments, environment, assembly: ProofNode.Assembly);
        var ended = await program.End();
        Assert.True(ended.Code == Killed, $"{failpoint} was not reached: {ended.Code} {ended.Error}");
    }

    /// <summary>Starts it and does not wait for anything.</summary>
    public static TestProgram Start(params string[] arguments) => new(arguments, null);

    /// <summary>Starts a server on a free port and waits until it says that it answers.</summary>
    public static Task<TestProgram> Serve(params string[] arguments) => UntilReady(
        new TestProgram(["--urls", "http://127.0.0.1:0", "--no-demo", .. arguments], null),
        "Countinghouse answers on ");

    /// <summary>The same with an environment.</summary>
    public static Task<TestProgram> Serve(
        IReadOnlyDictionary<string, string> environment, params string[] arguments) => UntilReady(
        new TestProgram(["--urls", "http://127.0.0.1:0", "--no-demo", .. arguments], environment),
        "Countinghouse answers on ");

    /// <summary>Starts a server with its demo, which may take a while to be made.</summary>
    public static Task<TestProgram> ServeDemo(params string[] arguments) =>
        UntilReady(new TestProgram(arguments, null), "Countinghouse answers on ");

    /// <summary>Reads on to the line that begins so, and returns what follows.</summary>
    public async Task<string> Read(string beginning)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line[beginning.Length..];
            }
        }

        throw new InvalidOperationException($"It never said '{beginning}'.");
    }

    /// <summary>Starts a fake Stripe on a free port; it ends with these tests, however they end.</summary>
    public static Task<TestProgram> FakeStripe(params string[] arguments) => UntilReady(
        new TestProgram(
            ["fake-stripe", "--urls", "http://127.0.0.1:0", "--until-stdin-closes", .. arguments],
            environment: null,
            hasInput: true),
        "Fake Stripe answers on ");

    /// <summary>Nothing more comes on its standard input.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Sends a signal, such as TERM or INT.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>Waits until it has ended by itself.</summary>
    public async Task<Ended> End()
    {
        using var patience = new CancellationTokenSource(Patience);
        var output = await _process.StandardOutput.ReadToEndAsync(patience.Token);
        await _process.WaitForExitAsync(patience.Token);
        return new Ended(_process.ExitCode, output, await _error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task<TestProgram> UntilReady(TestProgram program, string ready)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (await program._process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith(ready, StringComparison.Ordinal))
            {
                program.Origin = new Uri(line[ready.Length..]);
                return program;
            }
        }

        throw new InvalidOperationException("The server ended before it was ready: " + (await program.End()).Error);
    }

    /// <summary>The product's own output, beside that of the tests: bin/Countinghouse.Tests/release.</summary>
    private static string Find()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var path = Path.Combine(
            own.Parent!.Parent!.FullName, "Countinghouse", own.Name, typeof(Server).Assembly.GetName().Name + ".dll");
        return File.Exists(path) ? path : throw new InvalidOperationException($"There is no program at {path}.");
    }
}
