using System.Buffers;

namespace Countinghouse.Primitives;

/// <summary>
/// A mail address in lower case. Plain ASCII and nothing quoted: two spellings of one address are one, and no second
/// recipient and no header fits into it.
/// </summary>
public readonly record struct MailAddress : IWireText<MailAddress>
{
    public const int LengthCharsMax = 254;
    private const int LocalCharsMax = 64;
    private const int LabelCharsMax = 63;

    private static readonly SearchValues<char> LocalCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-");

    private static readonly SearchValues<char> LabelCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    private readonly string? _text;

    private MailAddress(string text) => _text = text;

    public static string Expected => "a mail address: name@domain, in ASCII, at most 254 characters";

    public static bool TryParse(string text, out MailAddress value)
    {
        var lower = text.ToLowerInvariant();
        value = default;
        if (lower.Length > LengthCharsMax || lower.Split('@') is not [var local, var domain]
            || !IsLocal(local) || !domain.Split('.').All(IsLabel))
        {
            return false;
        }

        value = new MailAddress(lower);
        return true;
    }

    /// <summary>An address that was stored; throws when the text is none.</summary>
    public static MailAddress FromText(string text) =>
        TryParse(text, out var value) ? value : throw new ArgumentException("Not a mail address.", nameof(text));

    public override string ToString() => _text ?? "";

    private static bool IsLocal(string text) =>
        text.Length is > 0 and <= LocalCharsMax
        && !text.AsSpan().ContainsAnyExcept(LocalCharacters)
        && text[0] != '.' && text[^1] != '.' && !text.Contains("..", StringComparison.Ordinal);

    private static bool IsLabel(string text) =>
        text.Length is > 0 and <= LabelCharsMax
        && !text.AsSpan().ContainsAnyExcept(LabelCharacters)
        && text[0] != '-' && text[^1] != '-';
}
