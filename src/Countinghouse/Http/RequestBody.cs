using System.Buffers;
using System.IO.Pipelines;

namespace Countinghouse.Http;

/// <summary>
/// A request's whole body in one piece. Its bytes are the connection's own memory or a rented copy: dispose once, and
/// use nothing of it afterwards.
/// </summary>
public readonly struct RequestBody : IDisposable
{
    private readonly PipeReader _reader;
    private readonly SequencePosition _end;
    private readonly byte[]? _rented;

    private RequestBody(PipeReader reader, in ReadOnlySequence<byte> body)
    {
        (_reader, _end) = (reader, body.End);
        if (body.IsSingleSegment)
        {
            Bytes = body.First;
            return;
        }

        var length = (int)body.Length;
        _rented = ArrayPool<byte>.Shared.Rent(length);
        body.CopyTo(_rented);
        Bytes = _rented.AsMemory(0, length);
    }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>
    /// Reads to the end. A body larger than <see cref="HttpOptions.BodyBytesMax"/> ends with the exception that is
    /// answered with 413; Kestrel throws it even before.
    /// </summary>
    public static async ValueTask<RequestBody> Read(HttpRequest request, CancellationToken cancellation)
    {
        var reader = request.BodyReader;
        while (true)
        {
            // What has come waits in the pipe, so a sender that only announces a large body takes up no memory.
            var result = await reader.ReadAsync(cancellation);
            var body = result.Buffer;
            if (body.Length > HttpOptions.BodyBytesMax)
            {
                reader.AdvanceTo(body.End);
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            }

            if (result.IsCanceled)
            {
                reader.AdvanceTo(body.End);
                throw new OperationCanceledException("The reading of the body was canceled.");
            }

            if (result.IsCompleted)
            {
                return new RequestBody(reader, body);
            }

            reader.AdvanceTo(body.Start, body.End);
        }
    }

    public void Dispose()
    {
        _reader.AdvanceTo(_end);
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
