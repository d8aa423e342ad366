using System.Numerics;

namespace Countinghouse.Load;

/// <summary>Random numbers at a nanosecond each: the xoroshiro generator, seeded, not secret.</summary>
internal struct Chance(ulong seed)
{
    private ulong _first = unchecked((seed + 1) * 0x9E37_79B9_7F4A_7C15);
    private ulong _second = unchecked((seed + 1) * 0xD1B5_4A32_D192_ED03);

    public ulong Next()
    {
        unchecked
        {
            var (first, second) = (_first, _second);
            second ^= first;
            _first = BitOperations.RotateLeft(first, 24) ^ second ^ (second << 16);
            _second = BitOperations.RotateLeft(second, 37);
            return (first + _second) * 0x9E37_79B9_7F4A_7C15;
        }
    }

    /// <summary>A number from 0 to one below the limit.</summary>
    public int Below(int limit) => (int)Math.BigMul(Next(), (ulong)limit, out _);
}
