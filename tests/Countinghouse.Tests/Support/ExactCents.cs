using System.Numerics;

namespace Countinghouse.Support;

/// <summary>
/// A pool of micros with its cents and fee, in integers that have no end and by the definition of division: a rest is
/// never negative. What the tests believe of rounding; nothing of the product has a part in it.
/// </summary>
internal readonly record struct ExactCents(BigInteger Pool, BigInteger Gross, BigInteger Fee)
{
    public BigInteger Share => Gross - Fee;

    public static ExactCents operator +(ExactCents left, ExactCents right) =>
        new(left.Pool + right.Pool, left.Gross + right.Gross, left.Fee + right.Fee);

    public static ExactCents operator -(ExactCents left, ExactCents right) =>
        new(left.Pool - right.Pool, left.Gross - right.Gross, left.Fee - right.Fee);

    public static ExactCents Of(BigInteger pool, int ppm)
    {
        var gross = Floor(pool, 10_000);
        return new ExactCents(pool, gross, Floor(gross * ppm, 1_000_000));
    }

    private static BigInteger Floor(BigInteger value, int divisor)
    {
        var rest = ((value % divisor) + divisor) % divisor;
        return (value - rest) / divisor;
    }
}
