using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>A span of times inside UUIDv7 ids, in milliseconds, both ends in it.</summary>
public readonly record struct IdSpan(long Oldest, long Newest)
{
    /// <summary>The span that has no time.</summary>
    public static IdSpan None { get; } = new(long.MaxValue, long.MinValue);

    public bool Has(long milliseconds) => Oldest <= milliseconds && milliseconds <= Newest;

    public IdSpan With(IdSpan other) => new(Math.Min(Oldest, other.Oldest), Math.Max(Newest, other.Newest));
}

/// <summary>
/// What a set of ids says of its own times, so that most sets need not be asked for an id: those of other times cannot
/// have it. Times that were ahead of their receipt are kept apart, or one would stretch the span of all.
/// </summary>
/// <param name="undated">Ids that are no UUIDv7.</param>
/// <param name="dated">Times that were believable at their receipt.</param>
/// <param name="ahead">Times that were ahead of it.</param>
public sealed class IdTimes(int undated, IdSpan dated, IdSpan ahead)
{
    public IdTimes()
        : this(0, IdSpan.None, IdSpan.None)
    {
    }

    public int Undated { get; private set; } = undated;

    public IdSpan Dated { get; private set; } = dated;

    public IdSpan Ahead { get; private set; } = ahead;

    /// <summary>Takes in an id with this time; null: it has none.</summary>
    public void Add(long? milliseconds, Instant received)
    {
        if (milliseconds is not { } time)
        {
            Undated++;
        }
        else if (IngestRules.IsAhead(time, received))
        {
            Ahead = Ahead.With(new IdSpan(time, time));
        }
        else
        {
            Dated = Dated.With(new IdSpan(time, time));
        }
    }

    public void Add(IdTimes other)
    {
        Undated += other.Undated;
        Dated = Dated.With(other.Dated);
        Ahead = Ahead.With(other.Ahead);
    }

    /// <summary>Could an id with this time be among them? Null: it has none.</summary>
    public bool MayHave(long? milliseconds) =>
        milliseconds is { } time ? Dated.Has(time) || Ahead.Has(time) : Undated > 0;
}
