using System.Numerics;

namespace Countinghouse.Load;

/// <summary>
/// Counts durations in microseconds: exact up to 128, then in 64 steps for each doubling, so within 1.6 %.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int Steps = 64;

    private readonly long[] _counts = new long[Steps * 32];
    private long _total;

    public void Add(long micros)
    {
        _counts[IndexOf(Math.Clamp(micros, 0, int.MaxValue))]++;
        _total++;
    }

    public void Add(LatencyHistogram other)
    {
        for (var index = 0; index < _counts.Length; index++)
        {
            _counts[index] += other._counts[index];
        }

        _total += other._total;
    }

    /// <summary>The duration within which so many thousandths of all requests were answered.</summary>
    public double Milliseconds(int perMille)
    {
        var wanted = ((_total * perMille) + 999) / 1000;
        long seen = 0;
        for (var index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= wanted && seen > 0)
            {
                return MicrosOf(index) / 1000.0;
            }
        }

        return 0;
    }

    private static int IndexOf(long micros)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)micros | 1) - 6);
        return (shift * Steps) + (int)(micros >> shift);
    }

    /// <summary>The upper end of a step.</summary>
    private static long MicrosOf(int index)
    {
        var shift = Math.Max(0, (index / Steps) - 1);
        var step = index - (shift * Steps);
        return (((long)step + 1) << shift) - 1;
    }
}
