using Countinghouse.Ingest;

namespace Countinghouse.Commands.Importing;

/// <summary>A line of a log: an event, or what is wrong with it.</summary>
/// <param name="Number">Its number in the file, from 1.</param>
/// <param name="Event">Only when nothing is wrong.</param>
/// <param name="Code">Null when nothing is wrong.</param>
/// <param name="Reason">What is wrong, for people.</param>
internal readonly record struct LogLine(long Number, SentEvent Event, string? Code, string Reason)
{
    /// <summary>It cannot be read at all.</summary>
    public const string Malformed = "malformed";

    /// <summary>It can be read, but a member is not as it must be.</summary>
    public const string Invalid = "invalid";
}

/// <summary>
/// Reads a log from its beginning to its end. Throws <see cref="CommandException"/> when the file is no such log at
/// all, <see cref="InvalidDataException"/> when it cannot be read on.
/// </summary>
internal interface ILogReader : IDisposable
{
    /// <summary>Lines (NDJSON) or records (CSV) read so far; so many are passed over to go on there.</summary>
    long Position { get; }

    /// <summary>False at the end.</summary>
    bool Read(out LogLine line);

    /// <summary>Passes over the next one without looking; false at the end.</summary>
    bool Skip();
}
