using System.CommandLine;
using Countinghouse.FakeStripe;

namespace Countinghouse.Commands;

/// <summary>"fake-stripe": a stand-in for Stripe's API, so that payouts can be tried without money.</summary>
internal static class FakeStripeCommand
{
    /// <summary>What it prints once it answers, before its addresses; whoever started it may wait for that.</summary>
    internal const string ReadyLine = "Fake Stripe answers on ";

    private const int BufferBytes = 1024;

    /// <summary>How long requests under way may take to finish once the fake is asked to stop.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2);

    private static readonly Option<string> Urls = new("--urls")
    {
        Description = "Addresses to answer on, separated by semicolons; port 0 takes a free one",
        HelpName = "URLS",
        DefaultValueFactory = _ => FakeStripeOptions.DefaultUrl,
        Validators =
        {
            result =>
            {
                if (result.GetValueOrDefault<string>() is { } urls
                    && Addresses.Complaint(urls, speaksHttps: false) is { } complaint)
                {
                    result.AddError(complaint);
                }
            },
        },
    };

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Folder of the fake's own books",
        HelpName = "DIR",
        DefaultValueFactory = _ => FakeStripeOptions.DefaultDataDirectory,
    };

    private static readonly Option<Uri?> WebhookUrl = new("--webhook-url")
    {
        Description = "Post webhooks to this address; needs --webhook-secret",
        HelpName = "URL",
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            {
                return url;
            }

            result.AddError("--webhook-url must be an address that begins with http:// or https://.");
            return null;
        },
    };

    private static readonly Option<string?> WebhookSecret = new("--webhook-secret")
    {
        Description = "Sign webhooks with this secret",
        HelpName = "SECRET",
    };

    private static readonly Option<string?> SecretKey = new("--secret-key")
    {
        Description = "Accept this key alone; without it, any that begins with sk_",
        HelpName = "KEY",
    };

    private static readonly Option<bool> UntilStdinCloses = new("--until-stdin-closes")
    {
        Description = "End when standard input does: whoever started the fake does not leave it behind",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "fake-stripe",
            "Play the part of Stripe's API for transfers to connected accounts, so that payouts can be tried without "
                + "money. What really moved is at /_/truth; POST /_/faults switches failures on.",
            """
            countinghouse fake-stripe
            countinghouse fake-stripe --webhook-url http://127.0.0.1:8000/stripe --webhook-secret whsec_test
            curl -d '{"rates":{"drop_after":0.1}}' http://127.0.0.1:8900/_/faults
            curl http://127.0.0.1:8900/_/truth
            """)
        {
            Urls, Data, WebhookUrl, WebhookSecret, SecretKey, UntilStdinCloses,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetResult(WebhookUrl) is null) != (result.GetResult(WebhookSecret) is null))
            {
                result.AddError("--webhook-url and --webhook-secret go together.");
            }
        });
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var options = new FakeStripeOptions
        {
            Urls = line.GetRequiredValue(Urls),
            DataDirectory = line.GetRequiredValue(Data),
            WebhookUrl = line.GetValue(WebhookUrl),
            WebhookSecret = line.GetValue(WebhookSecret),
            SecretKey = line.GetValue(SecretKey),
        };
        try
        {
            if (line.GetValue(UntilStdinCloses))
            {
                // A thread of its own: reading a terminal or a pipe holds one until there is something.
                new Thread(() => EndWithInput(ends)) { IsBackground = true }.Start();
            }

            await Serve(options, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // Stopped before it was ready: that is what was asked for.
        }

        return 0;
    }

    private static async Task Serve(FakeStripeOptions options, CancellationToken cancellation)
    {
        await using var app = FakeStripeServer.Build(options, builder =>
        {
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);

            // What keeps it from starting is told in one line at the end; these would add stack traces.
            builder.Logging
                .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
                .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        });
        Addresses.RefuseTaken(options.Urls);
        ServerSettings.MakeDataDirectory(options.DataDirectory);
        app.Services.GetRequiredService<FakeBank>();
        await app.StartAsync(cancellation);
        await Console.Out.WriteLineAsync(ReadyLine + string.Join(" and ", app.Urls));
        await app.WaitForShutdownAsync(cancellation);
    }

    /// <summary>Nothing is sent there; it ends with whoever holds the other end, however that ended.</summary>
    private static void EndWithInput(CancellationTokenSource ends)
    {
        using var input = Console.OpenStandardInput();
        var buffer = new byte[BufferBytes];
        while (input.Read(buffer) > 0)
        {
        }

        try
        {
            ends.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It had ended for another reason.
        }
    }
}
