using System.Buffers;

namespace Countinghouse.Http;

/// <summary>Gives each request an id: the caller's own if it is fit to be printed, else one made here.</summary>
public static class RequestIds
{
    public const string Header = "X-Request-Id";
    public const int LengthMax = 64;

    private static readonly Func<ILogger, string, IDisposable?> InRequest =
        LoggerMessage.DefineScope<string>("RequestId:{RequestId}");

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Takes over or makes the id, before anything else sees the request.</summary>
    public static void UseRequestIds(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(RequestIds).FullName!);
        app.Use((context, next) => Name(context, next, log));
    }

    private static async Task Name(HttpContext context, RequestDelegate next, ILogger log)
    {
        var sent = context.Request.Headers[Header];
        if (sent is [{ Length: >= 1 and <= LengthMax } id] && !id.AsSpan().ContainsAnyExcept(Allowed))
        {
            context.TraceIdentifier = id;
        }
        else
        {
            // Kestrel's own is "connection:number"; the colon is not allowed in ours.
            context.TraceIdentifier = context.TraceIdentifier.Replace(':', '-');
        }

        context.Response.OnStarting(
            static state =>
            {
                var http = (HttpContext)state;
                http.Response.Headers[Header] = http.TraceIdentifier;
                return Task.CompletedTask;
            },
            context);

        // The framework's own scope has the id as it was before.
        using (InRequest(log, context.TraceIdentifier))
        {
            await next(context);
        }
    }
}
