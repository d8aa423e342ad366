using Countinghouse.Commands;

var app = Server.Build(new ServerSettings());
await app.RunAsync();
