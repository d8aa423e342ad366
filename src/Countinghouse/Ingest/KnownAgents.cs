using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.Ingest;

/// <summary>An agent and what never changes about it under one version of the lists.</summary>
internal sealed class KnownAgent
{
    private static long _lastId;

    private readonly byte[] _text;

    public KnownAgent(ReadOnlySpan<byte> text, TrafficListSnapshot lists)
    {
        _text = text.ToArray();
        Lists = lists;
        Verdict = Judge(text, lists);
        Digest = SHA256.HashData(text);
    }

    /// <summary>Never given twice in a process, so that equal ids are equal agents.</summary>
    public long Id { get; } = Interlocked.Increment(ref _lastId);

    public TrafficListSnapshot Lists { get; }

    public EventReason Verdict { get; }

    public byte[] Digest { get; }

    public bool Is(ReadOnlySpan<byte> text) => text.SequenceEqual(_text);

    private static EventReason Judge(ReadOnlySpan<byte> text, TrafficListSnapshot lists)
    {
        var characters = ArrayPool<char>.Shared.Rent(text.Length);
        var length = Encoding.UTF8.GetChars(text, characters);
        var verdict = lists.JudgeAgent(characters.AsSpan(0, length));

        // An agent is not left lying about for whoever rents the array next.
        ArrayPool<char>.Shared.Return(characters, clearArray: true);
        return verdict;
    }
}

/// <summary>
/// The last 4,096 agents, more or less: browsers of one kind and version share one, so a few hundred make nearly all
/// traffic. Fixed places of four, found by a hash with a secret start: nobody can make look-ups slow or memory grow by
/// inventing agents. Read without locks from any number of threads; found without allocating.
/// </summary>
internal sealed class KnownAgents
{
    public const int AgentsMax = Sets * Ways;

    /// <summary>A longer one is judged each time and not remembered; browsers' have some 120 bytes.</summary>
    public const int AgentBytesMax = 1_024;

    private const int Sets = 1_024;
    private const int Ways = 4;

    private readonly KnownAgent?[] _agents = new KnownAgent?[AgentsMax];
    private readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;
    private int _next;

    public KnownAgent Find(ReadOnlySpan<byte> text, TrafficListSnapshot lists)
    {
        if (text.Length > AgentBytesMax)
        {
            return new KnownAgent(text, lists);
        }

        var set = (int)(Hash(text) % Sets) * Ways;
        var place = -1;
        for (var way = 0; way < Ways; way++)
        {
            var known = Volatile.Read(ref _agents[set + way]);
            if (known is null)
            {
                place = place < 0 ? way : place;
            }
            else if (known.Is(text))
            {
                if (ReferenceEquals(known.Lists, lists))
                {
                    return known;
                }

                place = way;
                break;
            }
        }

        var learned = new KnownAgent(text, lists);
        place = place >= 0 ? place : (int)((uint)Interlocked.Increment(ref _next) % Ways);
        Volatile.Write(ref _agents[set + place], learned);
        return learned;
    }

    private ulong Hash(ReadOnlySpan<byte> text)
    {
        unchecked
        {
            var hash = _seed ^ ((ulong)text.Length * 0x9E37_79B9_7F4A_7C15);
            while (text.Length >= 16)
            {
                hash = Mix(Read(text) ^ hash, Read(text[8..]) ^ 0xA076_1D64_78BD_642F);
                text = text[16..];
            }

            Span<byte> rest = stackalloc byte[16];
            rest.Clear();
            text.CopyTo(rest);
            hash = Mix(Read(rest) ^ hash, Read(rest[8..]) ^ 0xE703_7ED1_A0B4_28DB);
            return Mix(hash, _seed);
        }
    }

    private static ulong Read(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<ulong>(bytes);

    private static ulong Mix(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out var low);
        return high ^ low;
    }
}
