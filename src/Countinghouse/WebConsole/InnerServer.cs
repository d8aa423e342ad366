using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.TestHost;

namespace Countinghouse.WebConsole;

/// <summary>
/// The API without a socket: a request of a page goes through the same pipeline as one from outside, so what the
/// console shows and does has met the same checks, limits and records (docs/decisions/0010-console.md).
/// </summary>
public sealed class InnerServer(IServiceProvider services) : IDisposable
{
    private readonly TestServer _server = new(services);

    /// <summary>Takes the rest of the pipeline as what answers; once, when the pipeline is built.</summary>
    public RequestDelegate Attach(RequestDelegate pipeline)
    {
        var contexts = services.GetRequiredService<IHttpContextFactory>();

        // Nothing is listened on and nothing waited for: the task is done when it comes back.
        ((IServer)_server).StartAsync(new Application(pipeline, contexts), default).GetAwaiter().GetResult();
        return pipeline;
    }

    /// <summary>Sends a request; the answer's headers are complete, its body is to be read.</summary>
    public Task<HttpContext> Send(Action<HttpContext> request, CancellationToken cancellation) =>
        _server.SendAsync(request, cancellation);

    public void Dispose() => _server.Dispose();

    private sealed class Application(RequestDelegate pipeline, IHttpContextFactory contexts)
        : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => contexts.Create(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => pipeline(context);

        public void DisposeContext(HttpContext context, Exception? exception) => contexts.Dispose(context);
    }
}
