#if FAULTS
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using System.Text;

namespace Countinghouse.Storage;

/// <summary>
/// The environment that drives faults:
/// COUNTINGHOUSE_FAILPOINT=after_insert:37 dies at the 37th pass of this process;
/// COUNTINGHOUSE_LOST_COMMITS=5 loses the answer of every fifth commit of a flush;
/// COUNTINGHOUSE_SABOTAGE=no_tail,no_lock breaks the program;
/// COUNTINGHOUSE_FAULTS_FILE=path receives how often each point was passed and what the metrics counted. It is mapped
/// memory of 64-byte slots (56 of name, 8 of count), so that it survives kill -9;
/// COUNTINGHOUSE_CLOCK_FILE=path of eight bytes: ticks to add to the clock.
/// </summary>
public static partial class Faults
{
    private const int SlotBytes = 64;
    private const int NameBytes = 56;

    private static readonly object Gate = new();
    private static readonly System.Collections.Concurrent.ConcurrentQueue<Action> Kept = new();
    private static readonly Dictionary<string, int> Slots = [];
    private static readonly Dictionary<string, long> Passes = [];
    private static readonly string[] Sabotages = Variable("SABOTAGE").Split(',');
    private static readonly (string Point, long Pass) Deadly = ReadDeadly();
    private static readonly long LostCommits = Number(Variable("LOST_COMMITS"));
    private static readonly MemoryMappedViewAccessor? Record = Map(Variable("FAULTS_FILE"));
    private static readonly MeterListener Metrics = Listen();

    static partial void OnHit(string point)
    {
        lock (Gate)
        {
            var pass = Passes[point] = Passes.GetValueOrDefault(point) + 1;
            Add("pass " + point, 1);
            if (point == Deadly.Point && pass == Deadly.Pass)
            {
                // An answer that was given too early gets time to reach its client.
                Task.Delay(Sabotages.Contains("ack_before_commit") ? 200 : 0).Wait();
                Add("kill " + point, 1);
                Process.GetCurrentProcess().Kill();
                new ManualResetEvent(false).WaitOne();
            }

            if (point == "after_commit" && LostCommits > 0 && pass % LostCommits == 0)
            {
                Add("lost commit", 1);
                throw new Npgsql.NpgsqlException("The test has lost the answer of this commit.");
            }
        }
    }

    static partial void IsBroken(string sabotage, ref bool isBroken)
    {
        isBroken = Sabotages.Contains(sabotage);
        if (isBroken)
        {
            lock (Gate)
            {
                Add("sabotage " + sabotage, 1);
            }
        }
    }

    static partial void OnLate(Action wrong) => Kept.Enqueue(wrong);

    static partial void OnRunLate()
    {
        while (Kept.TryDequeue(out var wrong))
        {
            wrong();
        }
    }

    static partial void OnMove(ref TimeProvider clock)
    {
        if (Map(Variable("CLOCK_FILE")) is { } offset)
        {
            clock = new MovedClock(offset);
        }
    }

    private static void Add(string name, long count)
    {
        if (Record is null)
        {
            return;
        }

        if (!Slots.TryGetValue(name, out var slot))
        {
            Slots.Add(name, slot = FindSlot(Encoding.ASCII.GetBytes(name.PadRight(NameBytes, '\0'))));
        }

        Record.Write((slot * SlotBytes) + NameBytes, Record.ReadInt64((slot * SlotBytes) + NameBytes) + count);
    }

    /// <summary>The name's own slot of an earlier life of this node, else the first that is free.</summary>
    private static int FindSlot(byte[] name)
    {
        var there = new byte[NameBytes];
        for (var slot = 0; ; slot++)
        {
            Record!.ReadArray(slot * SlotBytes, there, 0, NameBytes);
            if (there[0] == 0)
            {
                Record.WriteArray(slot * SlotBytes, name, 0, NameBytes);
                return slot;
            }

            if (there.AsSpan().SequenceEqual(name))
            {
                return slot;
            }
        }
    }

    private static MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name.StartsWith("Countinghouse", StringComparison.Ordinal))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) =>
        {
            var name = tags.Length > 0 ? $"{instrument.Name} {tags[0].Value}" : instrument.Name;
            lock (Gate)
            {
                Add(name, count);
            }
        });
        listener.Start();
        return listener;
    }

    private static string Variable(string name) => Environment.GetEnvironmentVariable("COUNTINGHOUSE_" + name) ?? "";

    private static long Number(string text) => text.Length == 0 ? 0 : long.Parse(text, CultureInfo.InvariantCulture);

    private static (string, long) ReadDeadly() =>
        Variable("FAILPOINT").Split(':') is [var point, var pass] ? (point, Number(pass)) : ("", 0);

    private static MemoryMappedViewAccessor? Map(string path) => path.Length == 0
        ? null
        : MemoryMappedFile.CreateFromFile(path, FileMode.Open).CreateViewAccessor();

    private sealed class MovedClock(MemoryMappedViewAccessor offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(offset.ReadInt64(0));
    }
}
#endif
