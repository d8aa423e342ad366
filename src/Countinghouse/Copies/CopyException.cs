namespace Countinghouse.Copies;

/// <summary>A copy cannot be made, read or put in place; the message is all that the user needs.</summary>
public sealed class CopyException(string message) : Exception(message);
