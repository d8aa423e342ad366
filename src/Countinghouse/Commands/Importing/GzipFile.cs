using System.IO.Compression;
using System.Security.Cryptography;

namespace Countinghouse.Commands.Importing;

/// <summary>
/// What a gzip file holds, and nothing less: <see cref="GZipStream"/> takes a file that was cut off for one that ends
/// there. So a member of our own, with a secret in it, is read after the file's: when the secret does not come last,
/// the file is not whole, and that is an <see cref="InvalidDataException"/>.
/// </summary>
internal sealed class GzipFile : ForwardStream
{
    private const int SecretBytes = 16;

    private readonly Stream _content;
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(SecretBytes);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _from;
    private int _to;
    private bool _isAtEnd;

    public GzipFile(Stream file)
    {
        var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(_secret);
        }

        member.Position = 0;
        _content = new GZipStream(new Joined(file, member), CompressionMode.Decompress);
    }

    public override int Read(Span<byte> buffer)
    {
        // The last bytes are held back: they may be the secret.
        while (!_isAtEnd && _to - _from <= SecretBytes)
        {
            _buffer.AsSpan(_from.._to).CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
            var read = _content.Read(_buffer.AsSpan(_to));
            _to += read;
            _isAtEnd = read == 0;
        }

        if (_isAtEnd && !_buffer.AsSpan(_from.._to).EndsWith(_secret))
        {
            throw new InvalidDataException("The file is cut off.");
        }

        var count = Math.Min(buffer.Length, _to - _from - SecretBytes);
        _buffer.AsSpan(_from, count).CopyTo(buffer);
        _from += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        _content.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>One stream after the other.</summary>
    private sealed class Joined(Stream first, Stream second) : ForwardStream
    {
        public override int Read(Span<byte> buffer) =>
            first.Read(buffer) is var read && read > 0 ? read : second.Read(buffer);

        protected override void Dispose(bool disposing)
        {
            first.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A stream that is read from its beginning to its end, and can do nothing else.</summary>
internal abstract class ForwardStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
