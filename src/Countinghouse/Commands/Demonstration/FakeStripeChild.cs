using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using Countinghouse.Payouts;

namespace Countinghouse.Commands.Demonstration;

/// <summary>
/// The fake Stripe in a process of its own, through which a demo pays. It ends with this process, however that ends,
/// because its standard input does.
/// </summary>
internal sealed class FakeStripeChild : IAsyncDisposable
{
    private const string Folder = "fake-stripe";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<Uri?> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _folder;
    private readonly bool _isNew;
    private readonly string _webhookSecret = $"whsec_{RandomNumberGenerator.GetHexString(32, lowercase: true)}";
    private Process? _process;

    private FakeStripeChild(string folder)
    {
        _folder = folder;
        _isNew = !Directory.Exists(folder);
    }

    /// <summary>Where it answers; null until it does.</summary>
    public Uri? Url { get; private set; }

    /// <summary>Why it does not answer; null while it does, or may still.</summary>
    public string? Complaint { get; private set; }

    /// <summary>What makes a server pay through it.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Settings =>
    [
        new($"{PayoutOptions.Section}:{nameof(PayoutOptions.StripeSecretKey)}", "sk_test_demo"),
        new($"{PayoutOptions.Section}:{nameof(PayoutOptions.StripeWebhookSecret)}", _webhookSecret),
        new($"{PayoutOptions.Section}:{nameof(PayoutOptions.StripeUrl)}", Url!.ToString()),
    ];

    /// <summary>Starts it on a free port and does not wait for it.</summary>
    public static FakeStripeChild Start(ServerSettings settings)
    {
        var child = new FakeStripeChild(Path.Combine(settings.DataDirectory, Folder));
        try
        {
            child.Run(Addresses.ForNeighbors(settings.Urls));
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            child.Complaint = error.Message;
            child._answered.TrySetResult(null);
        }

        return child;
    }

    /// <summary>Waits until it answers; false, and <see cref="Complaint"/> says why, when it will not.</summary>
    public async Task<bool> IsReady(CancellationToken cancellation)
    {
        try
        {
            Url = await _answered.Task.WaitAsync(Patience, cancellation);
            if (Url is null && _process is { } ended)
            {
                // What it said on its way out has been read when this is over.
                await ended.WaitForExitAsync(cancellation).WaitAsync(StopTimeout, cancellation);
            }

            Complaint = Url is null ? Complaint ?? "it ended at once" : null;
        }
        catch (TimeoutException)
        {
            Complaint ??= $"it did not answer within {Patience.TotalSeconds} seconds";
        }

        return Url is not null;
    }

    /// <summary>Removes its books, if this start has made them; only for a demo that was not finished.</summary>
    public void DeleteNewBooks()
    {
        if (_isNew && Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        using (process)
        {
            using var patience = new CancellationTokenSource(StopTimeout);
            try
            {
                process.StandardInput.Close();
                await process.WaitForExitAsync(patience.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or IOException)
            {
                process.Kill();
            }
        }
    }

    private void Run(Uri? server)
    {
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("This program has no path.");
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            start.ArgumentList.Add(typeof(FakeStripeChild).Assembly.Location);
        }

        // Where nobody can know yet where the server will answer, there are no webhooks; payouts do not need them.
        string[] webhooks = server is null
            ? []
            :
            [
                "--webhook-url", new Uri(server, WebhookEndpoints.StripePath).ToString(),
                "--webhook-secret", _webhookSecret,
            ];
        string[] arguments =
            ["fake-stripe", "--until-stdin-closes", "--urls", "http://127.0.0.1:0", "--data", _folder, .. webhooks];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Complaint ??= line.Data;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Whatever else it writes is read too, so that it never waits for a reader.</summary>
    private void Read(string? line)
    {
        if (line is null)
        {
            _answered.TrySetResult(null);
        }
        else if (line.StartsWith(FakeStripeCommand.ReadyLine, StringComparison.Ordinal))
        {
            _answered.TrySetResult(new Uri(line[FakeStripeCommand.ReadyLine.Length..]));
        }
    }
}
