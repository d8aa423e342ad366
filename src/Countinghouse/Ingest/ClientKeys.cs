using System.Buffers.Binary;
using System.Security.Cryptography;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// Makes the client keys of one UTC day: the first 8 bytes of an HMAC-SHA256 under the day's secret over the shortened
/// address (8 bytes) and the SHA-256 of the agent. The framework's HMAC takes 1.2 µs, so the last keys made are kept in
/// a table of fixed size, where an equal shopper is found in a twentieth of it.
/// </summary>
internal sealed class ClientKeys(UtcDay day, byte[] secret)
{
    /// <summary>Each 32 bytes; memory that no shopper falls into is never touched.</summary>
    private const int Remembered = 1 << 17;

    /// <summary>Two cache lines.</summary>
    private const int Ways = 4;

    /// <summary>More than threads usually are; two that share a place make a hash of their own now and then.</summary>
    private const int Places = 64;

    private readonly long _start = day.Start().UtcTicks;
    private readonly long _end = day.AddDays(1).Start().UtcTicks;
    private readonly IncrementalHash?[] _hashes = new IncrementalHash?[Places];
    private Slot[]? _slots;

    public UtcDay Day => day;

    public bool Covers(long utcTicks) => utcTicks >= _start && utcTicks < _end;

    /// <summary>Not 0, which is the key of an unknown client.</summary>
    public ulong Of(ulong network, KnownAgent agent)
    {
        var set = (_slots ?? CreateSlots()).AsSpan(Index(network, agent.Id), Ways);
        foreach (ref var slot in set)
        {
            var turn = Volatile.Read(ref slot.Turn);
            if ((turn & 1) == 0 && slot.Agent == agent.Id && slot.Network == network)
            {
                var known = slot.Key;
                Volatile.ReadBarrier();
                if (Volatile.Read(ref slot.Turn) == turn)
                {
                    return known;
                }
            }
        }

        var key = Make(network, agent);
        Remember(ref set[Victim(set, key)], network, agent.Id, key);
        return key;
    }

    /// <summary>A slot never used, or any: keys are random enough to choose by.</summary>
    private static int Victim(ReadOnlySpan<Slot> set, ulong key)
    {
        for (var way = 0; way < Ways; way++)
        {
            if (set[way].Turn == 0)
            {
                return way;
            }
        }

        return (int)(key % Ways);
    }

    /// <summary>The first slot of the four that an entry may be in.</summary>
    private static int Index(ulong network, long agent)
    {
        unchecked
        {
            var high = Math.BigMul(network ^ 0x9E37_79B9_7F4A_7C15, (ulong)agent ^ 0xA076_1D64_78BD_642F, out var low);
            return (int)((high ^ low) % (Remembered / Ways)) * Ways;
        }
    }

    /// <summary>
    /// An odd turn says that somebody is writing. Who reads compares the turn before and after, who cannot have the
    /// slot leaves it: no thread ever waits for another, and nobody sees half of two entries.
    /// </summary>
    private static void Remember(ref Slot slot, ulong network, long agent, ulong key)
    {
        var turn = Volatile.Read(ref slot.Turn);
        if ((turn & 1) != 0 || Interlocked.CompareExchange(ref slot.Turn, turn + 1, turn) != turn)
        {
            return;
        }

        (slot.Network, slot.Agent, slot.Key) = (network, agent, key);
        Volatile.Write(ref slot.Turn, unchecked(turn + 2));
    }

    private Slot[] CreateSlots()
    {
        Interlocked.CompareExchange(ref _slots, new Slot[Remembered], null);
        return _slots;
    }

    private ulong Make(ulong network, KnownAgent agent)
    {
        Span<byte> input = stackalloc byte[8 + SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(input, network);
        agent.Digest.CopyTo(input[8..]);

        // Taken out while in use. It is reset after each use, so one serves for the day.
        ref var place = ref _hashes[Environment.CurrentManagedThreadId % Places];
        var hash = Interlocked.Exchange(ref place, null)
            ?? IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        Span<byte> output = stackalloc byte[SHA256.HashSizeInBytes];
        hash.AppendData(input);
        hash.GetHashAndReset(output);
        Interlocked.Exchange(ref place, hash)?.Dispose();
        return Math.Max(1, BinaryPrimitives.ReadUInt64BigEndian(output));
    }

    private struct Slot
    {
        public uint Turn;
        public long Agent;
        public ulong Network;
        public ulong Key;
    }
}
