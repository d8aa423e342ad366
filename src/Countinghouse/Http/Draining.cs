using Microsoft.Extensions.Options;

namespace Countinghouse.Http;

/// <summary>
/// The beginning of the end: asked to stop, the server says that it is not ready, goes on answering for as long as
/// <see cref="HttpOptions.DrainSeconds"/> says, and only then takes no more requests and finishes those under way.
/// </summary>
public sealed class Draining(IHostApplicationLifetime lifetime, IOptions<HttpOptions> options, TimeProvider clock)
    : IHostedLifecycleService
{
    public bool HasBegun => lifetime.ApplicationStopping.IsCancellationRequested;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The host awaits it before it stops anything, the web server too.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken) =>
        await Task.Delay(TimeSpan.FromSeconds(options.Value.DrainSeconds), clock, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
