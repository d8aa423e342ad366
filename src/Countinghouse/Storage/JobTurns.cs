using System.Buffers.Binary;
using System.Collections.Concurrent;
using Countinghouse.Primitives;

namespace Countinghouse.Storage;

/// <summary>
/// Whose turn a job is: of all nodes on a PostgreSQL database one runs it, and another takes over within seconds of its
/// death (<see cref="NodeSession"/> holds the locks). On SQLite there is one process, and it is always its turn.
/// It spares work and crowding, and no more: a node that was cut off may still be finishing its last step when the next
/// one begins, so every job must come out right when two nodes do it at once.
/// </summary>
public sealed class JobTurns
{
    private readonly ConcurrentQueue<Turn> _turns = new();
    private volatile bool _areAllGiven;

    /// <summary>Called when somebody wants a turn.</summary>
    internal Action Wanted { get; set; } = () => { };

    /// <summary>The jobs that this node wants and does not have.</summary>
    internal IReadOnlyList<Turn> Waiting => [.. _turns.Where(turn => !turn.IsHeld)];

    /// <summary>
    /// Does the work while it is this node's turn, and again when the turn was lost and has come back. Returns when
    /// the work ends by itself or the server stops.
    /// </summary>
    /// <param name="job">The same on every node: nodes agree by it.</param>
    /// <param name="work">Goes on until its token is cancelled: the turn is over, or the server stops.</param>
    /// <param name="stopping">The server stops.</param>
    public async Task Run(string job, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        var turn = new Turn(job);
        _turns.Enqueue(turn);
        var everywhere = false;
        Faults.Break("jobs_everywhere", ref everywhere, true);
        if (everywhere || _areAllGiven)
        {
            turn.Give();
        }

        Wanted();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var over = await turn.Given.WaitAsync(stopping);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, over);
                await work(either.Token);
                if (!over.IsCancellationRequested)
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                // The turn is over, or the server stops.
            }
        }
    }

    /// <summary>There is nobody else.</summary>
    internal void GiveAll()
    {
        _areAllGiven = true;
        foreach (var turn in _turns)
        {
            turn.Give();
        }
    }

    /// <summary>The session that held them is gone.</summary>
    internal void LoseAll()
    {
        foreach (var turn in _turns)
        {
            turn.Lose();
        }
    }

    /// <summary>One job on this node.</summary>
#pragma warning disable CA1001 // What a token source without a timer holds is memory alone.
    internal sealed class Turn(string job)
#pragma warning restore CA1001
    {
        private readonly Lock _changing = new();
        private TaskCompletionSource<CancellationToken> _given = New();
        private CancellationTokenSource? _over;

        public string Job => job;

        /// <summary>
        /// What nodes lock; it follows from the name, frozen, because nodes of two versions meet there.
        /// </summary>
        public long Key { get; } =
            BinaryPrimitives.ReadInt64BigEndian(NamedId.Create("job/" + job).ToByteArray(bigEndian: true));

        public bool IsHeld => Volatile.Read(ref _over) is not null;

        /// <summary>Ends when the turn comes; its token is cancelled when it is over.</summary>
        public Task<CancellationToken> Given
        {
            get
            {
                lock (_changing)
                {
                    return _given.Task;
                }
            }
        }

        public void Give()
        {
            lock (_changing)
            {
                if (_over is null)
                {
                    _over = new CancellationTokenSource();
                    _given.SetResult(_over.Token);
                }
            }
        }

        public void Lose()
        {
            CancellationTokenSource? over;
            lock (_changing)
            {
                over = _over;
                if (over is not null)
                {
                    (_over, _given) = (null, New());
                }
            }

            // Not disposed of: the work may still link to its token. Not on this thread: whoever is called back may
            // take its time.
            _ = over?.CancelAsync();
        }

        private static TaskCompletionSource<CancellationToken> New() =>
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
