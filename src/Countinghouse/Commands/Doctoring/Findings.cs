using System.Text.Json.Serialization;

namespace Countinghouse.Commands.Doctoring;

/// <summary>How good or bad a finding is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Level>))]
internal enum Level
{
    [JsonStringEnumMemberName("ok")]
    Ok = 1,

    /// <summary>Worth knowing; the program works.</summary>
    [JsonStringEnumMemberName("note")]
    Note = 2,

    /// <summary>Something does not work, or will not, or is not safe.</summary>
    [JsonStringEnumMemberName("wrong")]
    Wrong = 3,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Level">How good or bad it is.</param>
/// <param name="Subject">What was looked at, in a word or two.</param>
/// <param name="Text">How it is.</param>
/// <param name="Advice">What to do about it; null when nothing is to do.</param>
internal sealed record Finding(Level Level, string Subject, string Text, string? Advice);

/// <summary>What was found, in the order in which it was looked at.</summary>
internal sealed class Findings
{
    private readonly List<Finding> _all = [];

    public IReadOnlyList<Finding> All => _all;

    public void Ok(string subject, string text) => _all.Add(new Finding(Level.Ok, subject, text, null));

    public void Note(string subject, string text, string? advice = null) =>
        _all.Add(new Finding(Level.Note, subject, text, advice));

    public void Wrong(string subject, string text, string advice) =>
        _all.Add(new Finding(Level.Wrong, subject, text, advice));

    /// <summary>Fine, or else wrong.</summary>
    public void Expect(bool isFine, string subject, string text, string advice)
    {
        if (isFine)
        {
            Ok(subject, text);
        }
        else
        {
            Wrong(subject, text, advice);
        }
    }

    /// <summary>Fine, or else worth knowing.</summary>
    public void Prefer(bool isFine, string subject, string text, string advice)
    {
        if (isFine)
        {
            Ok(subject, text);
        }
        else
        {
            Note(subject, text, advice);
        }
    }
}
