using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countinghouse.Load;

/// <summary>What the server answered, as far as the load needs to know.</summary>
internal readonly record struct Reply(int Status, int Accepted, int Duplicates);

/// <summary>One keep-alive connection of HTTP/1.1: sends prepared bytes and reads the figures of the answer.</summary>
internal sealed class LoadConnection(int port) : IDisposable
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private Socket? _socket;
    private int _length;

    public async ValueTask<Reply> Exchange(ReadOnlyMemory<byte> request)
    {
        if (_socket is null)
        {
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        }

        for (var sent = 0; sent < request.Length;)
        {
            sent += await _socket.SendAsync(request[sent..], SocketFlags.None);
        }

        _length = 0;
        int end;
        do
        {
            if (_length == _buffer.Length)
            {
                throw new IOException($"An answer of more than {_buffer.Length} bytes.");
            }

            var read = await _socket.ReceiveAsync(_buffer.AsMemory(_length), SocketFlags.None);
            if (read == 0)
            {
                throw new IOException("The server closed the connection.");
            }

            _length += read;
            end = FindEnd(_buffer.AsSpan(0, _length));
        }
        while (end < 0);

        return Read(_buffer.AsSpan(0, end));
    }

    /// <summary>The answer that was read last, for people.</summary>
    public string LastAnswer() => Encoding.UTF8.GetString(_buffer.AsSpan(0, Math.Min(_length, 2000)));

    /// <summary>The next exchange begins with a new connection.</summary>
    public void Drop()
    {
        _socket?.Dispose();
        _socket = null;
    }

    public void Dispose() => Drop();

    private static int FindEnd(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return -1;
        }

        var length = answer[..head].IndexOf("Content-Length: "u8);
        if (length >= 0)
        {
            var end = head + 4 + Number(answer[(length + 16)..]);
            return end <= answer.Length ? end : -1;
        }

        // Chunked, and nothing follows: the load never sends before it has the answer.
        return answer.EndsWith("\r\n0\r\n\r\n"u8) ? answer.Length : -1;
    }

    private static Reply Read(ReadOnlySpan<byte> answer) => new(
        Number(answer["HTTP/1.1 ".Length..]), Member(answer, "\"accepted\":"u8), Member(answer, "\"duplicates\":"u8));

    private static int Member(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> name)
    {
        var at = answer.IndexOf(name);
        return at < 0 ? 0 : Number(answer[(at + name.Length)..]);
    }

    private static int Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int number, out _) ? number : -1;
}
