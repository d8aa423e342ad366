// Kestrel with nothing behind it: the ceiling that every figure of the bench is set beside.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
var app = builder.Build();
app.MapGet("/plaintext", () => "Hello, World!");
await app.RunAsync();
