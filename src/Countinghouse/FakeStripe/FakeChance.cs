namespace Countinghouse.FakeStripe;

/// <summary>
/// Chance that can be gone on with: the n-th draw is a function of the seed and n (SplitMix64), so that a restart
/// needs two numbers and no time.
/// </summary>
internal static class FakeChance
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>Different numbers under one seed give different bits.</summary>
    public static ulong Bits(long seed, long number)
    {
        unchecked
        {
            var bits = (ulong)seed + (((ulong)number + 1) * Golden);
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            return bits ^ (bits >> 31);
        }
    }

    /// <summary>From 0 up to, never reaching, 1.</summary>
    public static double Fraction(long seed, long number) => (Bits(seed, number) >> 11) * (1.0 / (1L << 53));
}
