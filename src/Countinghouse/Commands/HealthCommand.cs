using System.CommandLine;
using Countinghouse.Http;

namespace Countinghouse.Commands;

/// <summary>"health": asks a running server whether it can do its work; for containers, which have no curl.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Option<Uri?> Url = new("--url")
    {
        Description = "Where the server answers; else the first address of the settings, as seen from this machine",
        HelpName = "URL",
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            {
                return url;
            }

            result.AddError("--url must be an address that begins with http:// or https://.");
            return null;
        },
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "health",
            "Ask a running server whether it is ready. Prints its answer; ends with 0 when it is, else with 1.",
            """
            countinghouse health
            countinghouse health --url https://ads.example.com
            """)
        {
            Url,
        };
        command.Options.Add(DatabaseOptions.Urls);
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var settings = DatabaseOptions.Read(line);
        var origin = line.GetValue(Url)
            ?? (Addresses.Complaint(settings.Urls) is null ? Addresses.ForNeighbors(settings.Urls) : null)
            ?? throw new CommandException(
                "Where the server answers cannot be told from its address; name it with --url.");
        var address = new Uri(origin, Health.ReadyPath);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
        try
        {
            using var answer = await client.GetAsync(address, cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                throw new CommandException($"Not ready: {address} answers {(int)answer.StatusCode}.");
            }
        }
        catch (Exception error) when (error is HttpRequestException
            || (error is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new CommandException($"Not ready: {address} does not answer ({error.Message.TrimEnd('.')}).");
        }

        await Console.Out.WriteLineAsync("ready");
        return 0;
    }
}
