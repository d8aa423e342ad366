using System.Buffers.Binary;

namespace Countinghouse.Proof;

/// <summary>Who sends what, and what is sent again: all from one seed, but for the present inside ids.</summary>
internal sealed class ProofPlan(int seed, int nodes)
{
    private readonly Random _random = new(seed);

    public Random Random => _random;

    /// <summary>The present inside ids; the nodes' clocks may be elsewhere.</summary>
    public TimeSpan Clock { get; set; }

    public DateTime Now => TimeProvider.System.GetUtcNow().UtcDateTime + Clock;

    /// <summary>An event id: mostly a UUIDv7 of the present, sometimes without a time in it.</summary>
    public Guid NewId()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        var isDated = _random.Next(4) > 0;
        if (isDated)
        {
            BinaryPrimitives.WriteInt64BigEndian(
                bytes, (new DateTimeOffset(Now).ToUnixTimeMilliseconds() << 16) | (long)_random.Next(1 << 16));
        }

        bytes[6] = (byte)((bytes[6] & 0x0F) | (isDated ? 0x70 : 0x40));
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    public T Pick<T>(IReadOnlyList<T> choices) => choices[_random.Next(choices.Count)];

    public Send Click(Guid campaign, Guid? offer = null) =>
        new([new SentEvent(NewId(), true, campaign, offer)], Node());

    public Send Impressions(int count, Func<Guid> campaign) => new(
        [.. Enumerable.Range(0, count).Select(_ => new SentEvent(NewId(), false, campaign()))], Node());

    public int Node() => _random.Next(nodes);

    /// <summary>
    /// Adds that every tenth request is sent again: some at once and to another node, most long after, when its ids
    /// have left the memory.
    /// </summary>
    public List<Send> WithRepetitions(IReadOnlyList<Send> sends, int lag)
    {
        var late = new Dictionary<int, List<Send>>();
        var plan = new List<Send>();
        for (var number = 0; number < sends.Count; number++)
        {
            plan.Add(sends[number]);
            var chance = _random.Next(100);
            var again = sends[number] with { Node = sends[number].Node + 1 };
            if (chance < 3)
            {
                plan.Add(again);
            }
            else if (chance < 10)
            {
                var when = Math.Min(number + lag, sends.Count - 1);
                (late.TryGetValue(when, out var there) ? there : late[when] = []).Add(again);
            }

            plan.AddRange(late.GetValueOrDefault(number, []));
        }

        return plan;
    }
}
