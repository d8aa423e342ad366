// Kestrel with nothing behind it: the ceiling that every figure of the bench is set beside.
using System.Buffers;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
var app = builder.Build();
app.MapGet("/plaintext", () => "Hello, World!");

// Reads a batch of events to its end, counts them, answers as the product does, and stores nothing.
app.MapPost("/drop", async (HttpRequest request) =>
{
    while (true)
    {
        var read = await request.BodyReader.ReadAsync();
        if (!read.IsCompleted)
        {
            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            continue;
        }

        var body = read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray();
        var events = body.Count("\"event_id\""u8);
        request.BodyReader.AdvanceTo(read.Buffer.End);
        return TypedResults.Ok(new Dropped(true, events, 0, []));
    }
});
await app.RunAsync();

/// <summary>The members of the product's answer.</summary>
internal sealed record Dropped(bool Success, int Accepted, int Duplicates, string[] Rejected);
