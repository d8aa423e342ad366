namespace Countinghouse.Proof;

/// <summary>Clients that send events for as long as an experiment does what it does to the nodes.</summary>
internal sealed class ProofLoad : IAsyncDisposable
{
    private const int Chunk = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Task _work;
    private int _sent;
    private bool _isDone;

    public ProofLoad(ProofWorld world, ProofPlan plan, Guid[] campaigns) =>
        _work = Task.Run(async () =>
        {
            while (!Volatile.Read(ref _isDone))
            {
                var more = KillExperiments.Events(plan, campaigns, Chunk);
                Sends.AddRange(more);
                await world.Clients.Run(plan.WithRepetitions(more, Chunk / 2), Patience);
                Interlocked.Add(ref _sent, Chunk);
            }
        });

    /// <summary>What was sent, each once; to be read after the end.</summary>
    public List<Send> Sends { get; } = [];

    /// <summary>How many requests were answered.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>Waits until so many have been answered.</summary>
    public async Task Until(int sends)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (Sent < sends && !_work.IsCompleted)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    public Task Stop()
    {
        Volatile.Write(ref _isDone, true);
        return _work;
    }

    public async ValueTask DisposeAsync() => await Stop();
}
