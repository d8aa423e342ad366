using System.Buffers;

namespace Countinghouse.Http;

/// <summary>Gives each request an id: the caller's own if it is fit to be printed, else one made here.</summary>
public static class RequestIds
{
    public const string Header = "X-Request-Id";
    public const int LengthMax = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Takes over or makes the id, before anything else sees the request.</summary>
    public static Task Middleware(HttpContext context, RequestDelegate next)
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
        return next(context);
    }
}
