using FsCheck;
using FsCheck.Fluent;

namespace Countinghouse.Support;

/// <summary>
/// Holds a property for many generated values. The seed is fixed, so that a failure comes back on the next run; it is
/// printed with the smallest value that fails.
/// </summary>
public static class Properties
{
    private const ulong Seed = 20_260_815;
    private const ulong Gamma = 9_007_199_254_740_993;
    private const int Cases = 2_000;

    /// <summary>Whole numbers: small ones, those at the edges of 64 bits, and any.</summary>
    public static Gen<long> Longs { get; } = Gen.OneOf(
        Gen.Choose(-1_000_000, 1_000_000).Select(number => (long)number),
        Gen.Elements(0, 1, -1, long.MaxValue, long.MinValue, long.MaxValue - 1, long.MinValue + 1),
        Gen.Choose(0, ushort.MaxValue).ArrayOf(4).Select(parts =>
            unchecked((long)parts.Aggregate(0UL, (sum, part) => (sum << 16) | (uint)part))));

    /// <summary>Counts and amounts as they occur: never negative.</summary>
    public static Gen<long> Counts { get; } = Longs.Select(number => number & long.MaxValue);

    public static void Hold<T>(Gen<T> values, Action<T> property) => Prop.ForAll(values.ToArbitrary(), property)
        .Check(Config.QuickThrowOnFailure.WithMaxTest(Cases).WithReplay(Seed, Gamma));

    /// <summary>Text of the given characters, up to a length.</summary>
    public static Gen<string> Text(string characters, int lengthMax) =>
        Gen.Choose(0, lengthMax).SelectMany(length =>
            Gen.Elements(characters.ToCharArray()).ArrayOf(length).Select(text => new string(text)));
}
