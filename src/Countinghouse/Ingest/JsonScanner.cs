using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Unicode;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// Walks over JSON as nearly every sender writes it, without escapes. Each step answers false where the text is
/// anything else, valid or not; the walk is over then, and a general reader has to read the text anew.
/// </summary>
internal ref struct JsonScanner(ReadOnlySpan<byte> utf8)
{
    private const int DashedIdChars = 36;

    /// <summary>Characters that a text has only escaped, and those that end or escape.</summary>
    private static readonly SearchValues<byte> TextEnds = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Select(code => (byte)code), (byte)'"', (byte)'\\']);

    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r\n"u8);

    private ReadOnlySpan<byte> _rest = utf8;

    /// <summary>True when only blanks are left.</summary>
    public bool IsAtEnd()
    {
        PassBlanks();
        return _rest.IsEmpty;
    }

    /// <summary>Takes a bracket, brace, comma or colon, with the blanks before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Take(byte character)
    {
        PassBlanks();
        if (_rest.IsEmpty || _rest[0] != character)
        {
            return false;
        }

        _rest = _rest[1..];
        return true;
    }

    /// <summary>The first letter of the text that comes next; 0 when none comes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte FirstLetter()
    {
        PassBlanks();
        return _rest.Length > 1 && _rest[0] == '"' ? _rest[1] : (byte)0;
    }

    /// <summary>
    /// Takes a word where <see cref="FirstLetter"/> or <see cref="TakeName"/> has passed the blanks: a literal, or a
    /// whole text with its quotation marks.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TakeWord(ReadOnlySpan<byte> word)
    {
        if (!_rest.StartsWith(word))
        {
            return false;
        }

        _rest = _rest[word.Length..];
        return true;
    }

    /// <summary>Takes a member's name (with its quotation marks), the colon and the blanks before the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TakeName(ReadOnlySpan<byte> quoted)
    {
        if (!TakeWord(quoted) || !Take((byte)':'))
        {
            return false;
        }

        PassBlanks();
        return true;
    }

    /// <summary>Takes an id in either form.</summary>
    public bool TakeId(out Guid id)
    {
        // Neither form has a character that could end or escape a text, so nothing needs to be searched for.
        var length = EndsAfter(ShortUuid.LengthChars) ? ShortUuid.LengthChars : DashedIdChars;
        if (!EndsAfter(length) || _rest[0] != '"' || !ShortUuid.TryParse(_rest.Slice(1, length), out id))
        {
            id = default;
            return false;
        }

        _rest = _rest[(length + 2)..];
        return true;
    }

    /// <summary>Takes an id that is often the same as the one before.</summary>
    public bool TakeId(ref LastId last)
    {
        if (last.Quoted.Length > 0 && TakeWord(last.Quoted))
        {
            return true;
        }

        var from = _rest;
        if (!TakeId(out last.Value))
        {
            return false;
        }

        last.Quoted = from[..(from.Length - _rest.Length)];
        return true;
    }

    /// <summary>Takes a time.</summary>
    public bool TakeTime(out Instant time)
    {
        time = default;
        if (_rest.IsEmpty || _rest[0] != '"')
        {
            return false;
        }

        // What is a time has no character that could escape anything.
        var length = _rest[1..Math.Min(_rest.Length, Instant.LengthCharsMax + 2)].IndexOf((byte)'"');
        if (length < 0 || !Instant.TryParse(_rest.Slice(1, length), out time))
        {
            return false;
        }

        _rest = _rest[(length + 2)..];
        return true;
    }

    /// <summary>Takes a text of at most so many bytes; it is valid Unicode without control characters.</summary>
    public bool TakeText(int bytesMax, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (_rest.IsEmpty || _rest[0] != '"')
        {
            return false;
        }

        var length = _rest[1..Math.Min(_rest.Length, bytesMax + 2)].IndexOfAny(TextEnds);
        if (length < 0 || _rest[length + 1] != '"')
        {
            return false;
        }

        text = _rest.Slice(1, length);
        _rest = _rest[(length + 2)..];
        return Utf8.IsValid(text);
    }

    private readonly bool EndsAfter(int characters) => _rest.Length > characters + 1 && _rest[characters + 1] == '"';

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PassBlanks()
    {
        if (!_rest.IsEmpty && _rest[0] <= ' ')
        {
            var blanks = _rest.IndexOfAnyExcept(Blanks);
            _rest = blanks < 0 ? default : _rest[blanks..];
        }
    }

    /// <summary>The id that was read last, and how it was written, quotation marks included.</summary>
    public ref struct LastId
    {
        public ReadOnlySpan<byte> Quoted;
        public Guid Value;
    }
}
