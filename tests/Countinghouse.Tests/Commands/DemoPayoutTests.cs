using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

/// <summary>The demo as a new user has it: a program that pays through a fake Stripe of its own.</summary>
public sealed class DemoPayoutTests : IDisposable
{
    private const string FakeLine = "Payouts go through a fake Stripe; what it really moved: ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-demo-");
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task It_pays_through_a_fake_that_ends_with_the_server_even_when_that_is_killed()
    {
        var url = $"http://127.0.0.1:{FreePort()}";
        await using var server = await TestProgram.ServeDemo("--urls", url, "--data", _folder.FullName);
        var truth = new Uri(await server.Read(FakeLine));
        var demo = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_folder.FullName, "demo.json")))
            .RootElement;
        var first = Key(demo, "operator");
        var second = Key(demo, "second_operator");
        var api = new Uri(url + "/advertising/api/v1/");
        var before = (await Transfers(truth)).Count;
        Assert.True(before > 0);
        Assert.Equal(await Transfers(truth), await PaidRecords(api, demo, first));
        await ExpectSums(api, demo, truth);

        var preview = await Post(api, "payout-runs", first, new { });
        var planned = preview.GetProperty("payout_count").GetInt32();
        Assert.True(planned > 0);
        await Post(
            api,
            $"payout-runs/{preview.GetProperty("run_id").GetString()}/confirm",
            second,
            new { fingerprint = preview.GetProperty("fingerprint").GetString() });
        await Until(async () => (await Transfers(truth)).Count == before + planned);
        await Until(async () => (await Transfers(truth)).SequenceEqual(await PaidRecords(api, demo, first)));
        await ExpectSums(api, demo, truth);
        await using (var database = Database.OpenSqlite(Path.Combine(_folder.FullName, "countinghouse.db")))
        {
            await Until(async () => await database.Read(
                c => c.Number("SELECT COUNT(*) FROM webhook_inbox", default), default) >= planned);
        }

        server.Signal("KILL");
        await server.End();
        await Until(async () => !await Answers(truth));

        await using var again = await TestProgram.ServeDemo("--urls", url, "--data", _folder.FullName);
        truth = new Uri(await again.Read(FakeLine));
        Assert.Equal(before + planned, (await Transfers(truth)).Count);
        again.Signal("TERM");
        Assert.Equal(0, (await again.End()).Code);
        Assert.False(await Answers(truth));
    }

    private static string Key(JsonElement demo, string who) =>
        demo.GetProperty(who).GetProperty("api_key").GetString()!;

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Task Until(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await holds())
        {
            await Task.Delay(200, patience.Token);
        }
    }

    /// <summary>What the retailer was paid by the reckoning of either side.</summary>
    private async Task ExpectSums(Uri api, JsonElement demo, Uri truth)
    {
        var retailer = demo.GetProperty("retailer").GetProperty("organization_id").GetString();
        var summary = await Get(api, $"revenue-share/{retailer}/summary", Key(demo, "retailer"));
        var json = JsonDocument.Parse(await _client.GetStringAsync(truth)).RootElement;
        var cents = json.GetProperty("transfers").EnumerateArray()
            .Where(one => one.GetProperty("destination").GetString() == $"acct_{retailer}")
            .Sum(one => one.GetProperty("amount").GetInt64());
        Assert.Equal($"{cents / 100}.{cents % 100:00}", summary.GetProperty("total_paid").GetString());
    }

    private async Task<List<string>> Transfers(Uri truth) =>
    [
        .. JsonDocument.Parse(await _client.GetStringAsync(truth)).RootElement.GetProperty("transfers")
            .EnumerateArray().Select(one => one.GetProperty("id").GetString()!).Order(),
    ];

    /// <summary>The transfers that payouts name.</summary>
    private async Task<List<string>> PaidRecords(Uri api, JsonElement demo, string key)
    {
        var payouts = await Get(api, "payouts?state=SUCCEEDED&page_size=100", key);
        var all = payouts.GetProperty("data").EnumerateArray()
            .Select(one => one.GetProperty("transfer_id").GetString()!).Order().ToList();
        var retailer = demo.GetProperty("retailer").GetProperty("organization_id").GetString();
        var shares = await Get(api, $"revenue-share/{retailer}", key);
        var paid = shares.GetProperty("data").EnumerateArray()
            .Where(one => one.GetProperty("status").GetString() == "PAID")
            .Select(one => one.GetProperty("stripe_transfer_id").GetString()!).ToList();
        Assert.NotEmpty(paid);
        Assert.Subset(all.ToHashSet(), paid.ToHashSet());
        return all;
    }

    private async Task<bool> Answers(Uri truth)
    {
        try
        {
            using var answer = await _client.GetAsync(truth);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private Task<JsonElement> Get(Uri api, string path, string key) => Send(HttpMethod.Get, api, path, key, null);

    private Task<JsonElement> Post(Uri api, string path, string key, object body) =>
        Send(HttpMethod.Post, api, path, key, JsonContent.Create(body));

    private async Task<JsonElement> Send(HttpMethod method, Uri api, string path, string key, HttpContent? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(api, path)) { Content = body };
        request.Headers.Add("X-API-Key", key);
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
