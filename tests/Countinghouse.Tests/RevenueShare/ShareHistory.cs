using System.Numerics;
using Countinghouse.Adjustments;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>
/// Some months of some retailers from one seed: prices, rates, corrections in time and late, each decided by the
/// product's rules and, beside them, worked out in integers that have no end. The months are closed in
/// order, with what the tables would have handed on.
/// </summary>
internal sealed class ShareHistory
{
    private const int Whole = 1_000_000;

    private readonly Random _random;
    private readonly Period[] _months;
    private readonly Shop[] _shops;

    /// <summary>False: more is given back than was charged, so that pools fall far below zero.</summary>
    private readonly bool _isBounded;

    private BigInteger _received;
    private BigInteger _handedOn;

    public ShareHistory(int seed)
    {
        _random = new Random(seed);
        _isBounded = _random.Next(3) > 0;
        _months = new Period[_random.Next(2, 8)];
        _months[0] = Period.FromNumber((_random.Next(2024, 2031) * 100) + _random.Next(1, 13));
        for (var month = 1; month < _months.Length; month++)
        {
            _months[month] = _months[month - 1].Next;
        }

        _shops = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => new Shop(_random, _months.Length))];
    }

    /// <summary>How often what histories are about came about.</summary>
    public enum Met
    {
        NegativePool, NegativeRecord, LateCorrection, OwnCorrection, Refused, NoRecord, NothingAtAll, RecordOfNothing,
    }

    public int[] Count { get; } = new int[Enum.GetValues<Met>().Length];

    /// <summary>What does not hold first; null when everything does.</summary>
    public string? Run()
    {
        for (var month = 0; month < _months.Length; month++)
        {
            foreach (var shop in _shops)
            {
                for (var left = _random.Next(4); left > 0; left--)
                {
                    if (Correct(shop, month) is { } wrong)
                    {
                        return $"{_months[month]}, correction: {wrong}";
                    }
                }

                if (Close(shop, month) is { } fault)
                {
                    return $"{_months[month]}, close: {fault}";
                }
            }

            // What ties it: charges less credits are the retailers' gross and what is carried, of all together.
            var carried = _shops.Aggregate(BigInteger.Zero, (sum, shop) => sum + shop.Carry.Micros);
            if (_received != _handedOn + carried)
            {
                return $"{_months[month]}: {_received} received, {_handedOn} handed on, {carried} carried";
            }
        }

        return null;
    }

    /// <summary>Asks for a correction while the month is the first open one.</summary>
    private string? Correct(Shop shop, int open)
    {
        var origin = _random.Next(Math.Min(open + 2, _months.Length));
        var (charged, adjusted) = (shop.Charged[origin], shop.Adjusted[origin]);
        var left = (BigInteger)charged + adjusted;
        long amount;
        switch (_random.Next(3))
        {
            case 0 when left > 0:
                var ppm = _random.Next(4) == 0 ? Whole : _random.Next(Whole + 1);
                amount = AdjustmentRules.Credit(new Money((long)left), new FeeRate(ppm)).Micros;
                if (amount != -(left * ppm / Whole))
                {
                    return $"{ppm} millionths of {left} are given back as {amount}";
                }

                break;
            case 1 when charged > 0:
                amount = -_random.NextInt64(1, charged + 1);
                break;
            default:
                amount = _random.NextInt64(-1L << _random.Next(1, 40), 1L << _random.Next(1, 30));
                break;
        }

        var isWithin = AdjustmentRules.IsWithin(new Money(charged), new Money(adjusted + amount));
        if (isWithin != (left + amount >= 0 && left + amount <= charged))
        {
            return $"{amount} after {adjusted} of {charged} is {(isWithin ? "allowed" : "refused")}";
        }

        if (amount == 0 || (_isBounded && !isWithin))
        {
            Count[(int)Met.Refused]++;
            return null;
        }

        shop.Adjusted[origin] += amount;
        return Book(shop, open, origin, amount);
    }

    /// <summary>The month that takes it in: its own while that is open, else the first open one.</summary>
    private string? Book(Shop shop, int open, int origin, long amount)
    {
        var day = _months[origin].FirstDay.AddDays(_random.Next(28));
        var hour = day.FirstHour + _random.Next(24);
        var now = _months[open].FirstDay.Start().AddHours(_random.Next(34 * 24));
        var booking = AdjustmentRules.Book(hour, _months[open].Previous, now);
        var applied = Math.Max(origin, open);
        var monthNow = (now.Year * 100) + now.Month;
        var right = origin >= open ? hour
            : monthNow == _months[open].Number ? (((monthNow * 100) + now.Day) * 100) + now.Hour
            : _months[open].LastDay.LastHour;
        if (booking.Applied != _months[applied] || booking.Hour != right)
        {
            return $"{hour} at {now:s} is booked as {booking}, should be {_months[applied]} and {right}";
        }

        shop.Corrections.Add((origin, applied, amount));
        return null;
    }

    private string? Close(Shop shop, int month)
    {
        var taken = shop.Corrections.Where(one => one.Applied == month).GroupBy(one => one.Origin)
            .OrderBy(same => same.Key)
            .Select(same => (Origin: same.Key, Amount: same.Sum(one => one.Amount)))
            .ToList();
        if (shop.Charged[month] == 0 && taken.Count == 0)
        {
            Count[(int)Met.NothingAtAll]++;
            return null;
        }

        var carryIn = shop.Carry;
        var made = RevenueShareRules.Calculate(
            _months[month],
            new Money(shop.Charged[month]),
            carryIn,
            new FeeRate(shop.Ppm[month]),
            taken.ConvertAll(one => new Correction(
                _months[one.Origin],
                new Money(one.Amount),
                new FeeRate(shop.Ppm[one.Origin]),
                Before(shop, _months[one.Origin], shop.Ppm[one.Origin]))));
        shop.Rows.AddRange(made.Parts);
        shop.Carry = made.CarryOut;
        var received = taken.Aggregate((BigInteger)shop.Charged[month], (sum, one) => sum + one.Amount);
        _received += received;
        _handedOn += (BigInteger)made.Gross.Value * 10_000;
        Note(made, taken, month);
        return Compare(made, Right(shop, month, taken, received + carryIn.Micros), shop.Ppm)
            ?? Conserves(shop, made, received, carryIn)
            ?? (made.MakesRecord == (made.Gross.Value != 0 || taken.Count > 0) ? null : $"no record of {made}");
    }

    /// <summary>What the month must come to: late months first, each whole; what they leave is the month's.</summary>
    private static List<(int Origin, ExactCents Part)> Right(
        Shop shop, int month, List<(int Origin, long Amount)> taken, BigInteger pool)
    {
        var parts = new List<(int, ExactCents)>();
        foreach (var (origin, amount) in taken.Where(one => one.Origin < month))
        {
            var now = ExactCents.Of(shop.Booked[origin].Pool + amount, shop.Ppm[origin]);
            parts.Add((origin, now - shop.Booked[origin]));
            pool -= (now - shop.Booked[origin]).Gross * 10_000;
            shop.Booked[origin] = now;
        }

        shop.Booked[month] = ExactCents.Of(pool, shop.Ppm[month]);
        parts.Insert(0, (month, shop.Booked[month]));
        return parts;
    }

    private string? Compare(Calculation made, List<(int Origin, ExactCents Part)> right, int[] ppm)
    {
        var sum = right.Aggregate(default(ExactCents), (all, one) => all + one.Part);
        var isRight = made.Parts.Count == right.Count && made.Gross.Value == sum.Gross && made.Fee.Value == sum.Fee
            && made.Share.Value == sum.Share;
        for (var at = 0; isRight && at < right.Count; at++)
        {
            var (there, (origin, part)) = (made.Parts[at], right[at]);
            isRight = there.Origin == _months[origin] && there.Rate.Ppm == ppm[origin]
                && there.Pool.Micros == part.Pool && there.Gross.Value == part.Gross && there.Fee.Value == part.Fee
                && there.Share.Value == part.Share;
        }

        return isRight ? null : $"{made}\nhas parts {string.Join(", ", made.Parts)}\nright: {string.Join(", ", right)}";
    }

    /// <summary>The identities of money and revenue share, held without the model above.</summary>
    private static string? Conserves(Shop shop, Calculation made, BigInteger received, Money carryIn)
    {
        var holds = received + carryIn.Micros == ((BigInteger)made.Gross.Value * 10_000) + made.CarryOut.Micros
            && received == (BigInteger)made.EventGross.Micros + made.Adjustments.Micros && made.CarryIn == carryIn
            && made.CarryOut.Micros is >= 0 and <= 9_999
            && made.Fee.Value + made.Share.Value == made.Gross.Value
            && made.Parts.Sum(part => part.Gross.Value) == made.Gross.Value
            && made.Parts.Sum(part => part.Fee.Value) == made.Fee.Value
            && made.Parts.All(part => part.Fee.Value + part.Share.Value == part.Gross.Value);
        foreach (var part in made.Parts)
        {
            // Over all records, a month is its whole cents by its own rate.
            var all = Before(shop, part.Origin, part.Rate.Ppm);
            var rest = (BigInteger)all.Pool.Micros - ((BigInteger)all.Gross.Value * 10_000);
            var feeRest = ((BigInteger)all.Gross.Value * part.Rate.Ppm) - ((BigInteger)all.Fee.Value * Whole);
            holds = holds && rest >= 0 && rest < 10_000 && feeRest >= 0 && feeRest < Whole
                && all.Fee.Value + all.Share.Value == all.Gross.Value;
        }

        return holds ? null : $"something is lost or made: {made}";
    }

    private static SharePart Before(Shop shop, Period origin, int ppm)
    {
        var (pool, gross, fee, share) = (0L, 0L, 0L, 0L);
        foreach (var part in shop.Rows.Where(part => part.Origin == origin))
        {
            pool += part.Pool.Micros;
            gross += part.Gross.Value;
            fee += part.Fee.Value;
            share += part.Share.Value;
        }

        return new SharePart(
            origin, new Money(pool), new Cents(gross), new Cents(fee), new Cents(share), new FeeRate(ppm));
    }

    private void Note(Calculation made, List<(int Origin, long Amount)> taken, int month)
    {
        Count[(int)Met.NegativePool] += made.Parts[0].Pool.Micros < 0 ? 1 : 0;
        Count[(int)Met.NegativeRecord] += made.Gross.Value < 0 ? 1 : 0;
        Count[(int)Met.LateCorrection] += taken.Count(one => one.Origin < month);
        Count[(int)Met.OwnCorrection] += taken.Count(one => one.Origin == month);
        Count[(int)Met.NoRecord] += made.MakesRecord ? 0 : 1;
        Count[(int)Met.RecordOfNothing] += made.MakesRecord && made.Gross.Value == 0 ? 1 : 0;
    }

    /// <summary>A retailer: what it was sold for, what the tables have of it, and what they should have.</summary>
    private sealed class Shop
    {
        public Shop(Random random, int months)
        {
            (Ppm, Charged, Adjusted) = (new int[months], new long[months], new long[months]);
            Booked = new ExactCents[months];
            for (var month = 0; month < months; month++)
            {
                Ppm[month] = month > 0 && random.Next(3) > 0 ? Ppm[month - 1]
                    : random.Next(4) == 0 ? random.Next(2) * Whole : random.Next(Whole + 1);

                // Clicks at any price, and impressions at a thousandth of a bid that is a multiple of a thousand.
                for (var campaigns = random.Next(4); campaigns > 0; campaigns--)
                {
                    var price = random.NextInt64(1, 1L << random.Next(1, 24));
                    Charged[month] += random.Next(1, 1 << random.Next(1, 12)) * price;
                }
            }
        }

        public int[] Ppm { get; }

        public long[] Charged { get; }

        /// <summary>By the month that they are about.</summary>
        public long[] Adjusted { get; }

        public List<(int Origin, int Applied, long Amount)> Corrections { get; } = [];

        public List<SharePart> Rows { get; } = [];

        public Money Carry { get; set; }

        public ExactCents[] Booked { get; }
    }
}
