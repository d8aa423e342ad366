using System.Buffers.Binary;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>Pure decisions about events: facts in, decision out, no I/O and no clock.</summary>
public static class IngestRules
{
    public const int RememberedDays = 35;
    public const int AheadMinutes = 5;

    private const long MicrosPerMilli = 1_000;
    private const long MicrosPerMinute = 60_000_000;
    private const long MicrosPerDay = 24 * 60 * MicrosPerMinute;

    /// <summary>The reasons' numbers say which kind of traffic they find.</summary>
    public static Validity ValidityOf(EventReason reason) => (int)reason switch
    {
        >= 1 and < 64 => Validity.General,
        >= 64 and < 128 => Validity.Sophisticated,
        _ => Validity.Valid,
    };

    public static bool IsRunning(CampaignTerms terms, UtcDay today) =>
        terms.Status == CampaignStatusEnum.Active && today >= terms.StartDate && !(terms.EndDate < today);

    /// <summary>The time inside a UUIDv7 in milliseconds since 1970; null for other ids.</summary>
    public static long? MillisecondsOf(EventId id)
    {
        if (id.Value.Version != 7)
        {
            return null;
        }

        // The framework's own layout, which costs a copy: 32 bits, then 16, both little-endian.
        Span<byte> bytes = stackalloc byte[16];
        id.Value.TryWriteBytes(bytes);
        return ((long)BinaryPrimitives.ReadUInt32LittleEndian(bytes) << 16)
            | BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
    }

    /// <summary>
    /// True when the id says that it is older than ids are remembered, so nobody could tell a repetition.
    /// </summary>
    public static bool IsExpired(long? idMilliseconds, Instant now) =>
        idMilliseconds * MicrosPerMilli < now.Micros - (RememberedDays * MicrosPerDay);

    /// <summary>
    /// True when the time inside an id is too far ahead to be believed: nobody may skip a check by inventing dates.
    /// </summary>
    public static bool IsAhead(long idMilliseconds, Instant received) =>
        idMilliseconds * MicrosPerMilli > received.Micros + (AheadMinutes * MicrosPerMinute);

    /// <summary>True when a stated time is neither too long ago nor in the future.</summary>
    public static bool IsInRange(Instant stated, Instant now) =>
        stated.Micros >= now.Micros - (RememberedDays * MicrosPerDay)
        && stated.Micros <= now.Micros + (AheadMinutes * MicrosPerMinute);

    /// <summary>
    /// The time of a flush: the clock's, but not before the batch that it follows, as long as the two are as near as
    /// clocks of nodes are. A clock that was wrong by more does not hold up all that come after it.
    /// </summary>
    public static Instant TimeOfFlush(Instant clock, Instant last) =>
        last > clock && last.Micros - clock.Micros <= AheadMinutes * MicrosPerMinute ? last : clock;
}

/// <summary>
/// Finds the billing hour (yyyymmddhh, UTC) of moments; those in the same hour as the one before cost nothing.
/// </summary>
public struct HourFinder
{
    private const long MicrosPerHour = 3_600_000_000;

    private long _start;
    private int _hour;

    public int Of(Instant moment)
    {
        if (_hour == 0 || moment.Micros < _start || moment.Micros >= _start + MicrosPerHour)
        {
            var time = moment.ToTime();
            _hour = UtcDay.Of(time).FirstHour + time.Hour;
            _start = moment.Micros - (((moment.Micros % MicrosPerHour) + MicrosPerHour) % MicrosPerHour);
        }

        return _hour;
    }
}
