using System.Buffers;
using System.Text.Json;

namespace Countinghouse.Commands.Importing;

/// <summary>A log with a JSON object a line; blank lines are passed over, members it has no use for too.</summary>
internal sealed class NdjsonLog : ILogReader
{
    public const int LineBytesMax = 64 * 1024;

    private static readonly JsonReaderOptions Shallow = new() { MaxDepth = 16 };

    private readonly Stream _stream;
    private readonly EventDraft _draft;
    private readonly byte[] _buffer = new byte[4 * LineBytesMax];
    private int _from;
    private int _to;
    private bool _isAtEnd;

    /// <param name="stream">What the file holds; disposed of with this.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <param name="draft">Holds a line's members to the rules.</param>
    public NdjsonLog(Stream stream, string name, EventDraft draft)
    {
        (_stream, _draft) = (stream, draft);
        Fill();
        if (_buffer.AsSpan(_from.._to).StartsWith("\uFEFF"u8))
        {
            _from += 3;
        }

        var first = _buffer.AsSpan(_from.._to).TrimStart(" \t\r\n"u8);
        if (!first.IsEmpty && first[0] != '{')
        {
            throw new CommandException($"'{name}' is not NDJSON: it does not begin with a JSON object.");
        }
    }

    public long Position { get; private set; }

    public bool Read(out LogLine line)
    {
        while (TakeLine(out var content, out var isTooLong))
        {
            if (isTooLong)
            {
                line = new LogLine(Position, default, LogLine.Malformed, $"is longer than {LineBytesMax} bytes");
                return true;
            }

            content = content.Trim(" \t\r"u8);
            if (!content.IsEmpty)
            {
                line = Parse(content);
                return true;
            }
        }

        line = default;
        return false;
    }

    public bool Skip() => TakeLine(out _, out _);

    public void Dispose() => _stream.Dispose();

    private LogLine Parse(ReadOnlySpan<byte> content)
    {
        _draft.Begin();
        try
        {
            var json = new Utf8JsonReader(content, Shallow);
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject)
            {
                return new LogLine(Position, default, LogLine.Malformed, "is not a JSON object");
            }

            TakeMembers(ref json, isClient: false);
            json.Read();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is text that is not valid Unicode. Neither message is passed on: it could quote the line.
            return new LogLine(Position, default, LogLine.Malformed, "is not valid JSON");
        }

        return _draft.TryFinish(Position, content, out var sent)
            ? new LogLine(Position, sent, null, "")
            : new LogLine(Position, default, LogLine.Invalid, _draft.Fault!);
    }

    private void TakeMembers(ref Utf8JsonReader json, bool isClient)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (!isClient && json.ValueTextEquals("client"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.StartObject)
                {
                    TakeMembers(ref json, isClient: true);
                }
                else if (json.TokenType != JsonTokenType.Null)
                {
                    _draft.Refuse("client must be an object");
                    json.Skip();
                }

                continue;
            }

            var member = MemberOf(json, isClient);
            json.Read();
            Take(ref json, member);
        }
    }

    private void Take(ref Utf8JsonReader json, Member member)
    {
        if (member == Member.None)
        {
            json.Skip();
        }
        else if (json.TokenType == JsonTokenType.Null)
        {
            _draft.SetNone(member);
        }
        else if (json.TokenType != JsonTokenType.String)
        {
            _draft.Refuse($"{EventDraft.NameOf(member)} must be a string");
            json.Skip();
        }
        else if (!json.ValueIsEscaped)
        {
            _draft.Set(member, json.ValueSpan);
        }
        else
        {
            var text = ArrayPool<byte>.Shared.Rent(json.ValueSpan.Length);
            _draft.Set(member, text.AsSpan(0, json.CopyString(text)));
            ArrayPool<byte>.Shared.Return(text);
        }
    }

    private static Member MemberOf(in Utf8JsonReader json, bool isClient)
    {
        if (json.ValueTextEquals("ip"u8))
        {
            return Member.Address;
        }

        if (json.ValueTextEquals("user_agent"u8))
        {
            return Member.Agent;
        }

        if (!isClient)
        {
            foreach (var (name, member) in Names)
            {
                if (json.ValueTextEquals(name))
                {
                    return member;
                }
            }
        }

        return Member.None;
    }

    private static readonly (byte[] Name, Member Member)[] Names =
        [.. EventDraft.Members.Select(pair => (System.Text.Encoding.UTF8.GetBytes(pair.Key), pair.Value))];

    /// <summary>The next line without its end; good until the next call.</summary>
    private bool TakeLine(out ReadOnlySpan<byte> line, out bool isTooLong)
    {
        isTooLong = false;
        while (true)
        {
            var rest = _buffer.AsSpan(_from.._to);
            var end = rest.IndexOf((byte)'\n');
            if (end >= 0)
            {
                line = rest[..end];
                _from += end + 1;
                isTooLong |= end > LineBytesMax;
                Position++;
                return true;
            }

            if (_isAtEnd)
            {
                line = rest;
                _from = _to;
                isTooLong |= rest.Length > LineBytesMax;
                Position += rest.IsEmpty && !isTooLong ? 0 : 1;
                return !rest.IsEmpty || isTooLong;
            }

            if (rest.Length > LineBytesMax)
            {
                // Only that it is too long is remembered of it.
                isTooLong = true;
                _from = _to;
            }

            Fill();
        }
    }

    private void Fill()
    {
        _buffer.AsSpan(_from.._to).CopyTo(_buffer);
        (_from, _to) = (0, _to - _from);
        while (_to < LineBytesMax && !_isAtEnd)
        {
            var read = _stream.Read(_buffer.AsSpan(_to));
            _to += read;
            _isAtEnd = read == 0;
        }

        if (!_isAtEnd && _to < _buffer.Length)
        {
            var more = _stream.Read(_buffer.AsSpan(_to));
            _to += more;
            _isAtEnd = more == 0;
        }
    }
}
