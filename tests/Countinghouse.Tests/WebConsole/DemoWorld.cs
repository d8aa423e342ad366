using System.Text.Json;
using Countinghouse.Support;

namespace Countinghouse.WebConsole;

/// <summary>The demo as ./run serves it, once for all tests of pages.</summary>
public sealed class DemoWorld : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-console-");
    private TestProgram? _server;

    public Uri Origin => _server!.Origin;

    public JsonElement Demo { get; private set; }

    public string Password => Demo.GetProperty("people").GetProperty("password").GetString()!;

    public async Task InitializeAsync()
    {
        _server = await TestProgram.ServeDemo("--urls", "http://127.0.0.1:0", "--data", _folder.FullName);
        Demo = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "demo.json")))
            .RootElement.Clone();
    }

    public async Task DisposeAsync()
    {
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
        _folder.Delete(recursive: true);
    }

    /// <summary>The mail address of one of the demo's people.</summary>
    public string Address(string who) => Demo.GetProperty("people").GetProperty(who).GetString()!;

    public string Organization(string who) => Demo.GetProperty(who).GetProperty("organization_id").GetString()!;

    /// <summary>Puts the demo's ids into an address.</summary>
    public string Fill(string address) => address
        .Replace("{advertiser}", Organization("advertiser"), StringComparison.Ordinal)
        .Replace("{retailer}", Organization("retailer"), StringComparison.Ordinal)
        .Replace("{operator}", Organization("operator"), StringComparison.Ordinal)
        .Replace(
            "{campaign}",
            Demo.GetProperty("advertiser").GetProperty("campaigns").EnumerateArray()
                .First(one => one.GetProperty("status").GetString() == "active").GetProperty("campaign_id").GetString(),
            StringComparison.Ordinal)
        .Replace(
            "{share}",
            Demo.GetProperty("retailer").GetProperty("revenue_shares")[0].GetString(),
            StringComparison.Ordinal);
}
