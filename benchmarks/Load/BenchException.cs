namespace Countinghouse.Load;

/// <summary>Something that keeps a figure from being printed; the message says what, to people.</summary>
internal sealed class BenchException(string message) : Exception(message);
