using System.Buffers;
using Countinghouse.Http;

namespace Countinghouse.Ingest;

/// <summary>
/// The events of a request: the good ones in a rented array, the faults of bad ones by their place. Whoever holds it
/// last gives the array back, once; when it may still be in use elsewhere (a write that failed half-way) it is left to
/// the garbage collector instead.
/// </summary>
/// <param name="capacity">How many good events there can be.</param>
public sealed class ReadBatch(int capacity)
{
    private static readonly Dictionary<int, IReadOnlyList<FieldError>> NoFaults = [];

    private readonly SentEvent[] _rented = ArrayPool<SentEvent>.Shared.Rent(capacity);
    private Dictionary<int, IReadOnlyList<FieldError>> _faults = NoFaults;
    private int _count;

    /// <summary>True: one bad item refuses all.</summary>
    public bool Atomic { get; set; }

    /// <summary>The good events in their order.</summary>
    public ArraySegment<SentEvent> Events => new(_rented, 0, _count);

    /// <summary>What is wrong with the other items, by their place in the request, in its order.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<FieldError>> Faults => _faults;

    /// <summary>How many items the request had, good or bad.</summary>
    public int ItemCount => _count + _faults.Count;

    public bool IsFull => _count == capacity;

    /// <summary>Adds an event, which the caller fills in.</summary>
    public ref SentEvent Next() => ref _rented[_count++];

    /// <summary>Adds an item that is no event.</summary>
    public void AddFaults(int index, IReadOnlyList<FieldError> errors)
    {
        if (_faults == NoFaults)
        {
            _faults = [];
        }

        _faults.Add(index, errors);
    }

    /// <summary>Gives the array back; the events must not be used afterwards.</summary>
    public void Return() => ArrayPool<SentEvent>.Shared.Return(_rented);
}
