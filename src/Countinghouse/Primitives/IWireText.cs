namespace Countinghouse.Primitives;

/// <summary>
/// A value with exactly one text form in requests, answers, the command line and files. Reading and printing it are
/// the same everywhere because they are written once, here on the type.
/// </summary>
public interface IWireText<TSelf>
    where TSelf : struct, IWireText<TSelf>
{
    /// <summary>What a caller should have sent, as the end of the sentence "must be ...".</summary>
    static abstract string Expected { get; }

    /// <summary>Reads the text form; false when the text is anything else.</summary>
    static abstract bool TryParse(string text, out TSelf value);
}
