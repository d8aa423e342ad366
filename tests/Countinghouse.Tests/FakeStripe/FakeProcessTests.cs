using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Countinghouse.Support;

namespace Countinghouse.FakeStripe;

/// <summary>The program over HTTP, as a client of Stripe's would meet it.</summary>
public sealed class FakeProcessTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-fake-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task What_moved_unanswered_is_there_after_a_kill()
    {
        string id;
        await using (var fake = await Start())
        {
            using var client = Client(fake);
            using var set = await Control(client, "faults", """{"next":["drop_after"]}""");
            Assert.Equal(HttpStatusCode.OK, set.StatusCode);
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => Pay(client, "k"));
            fake.Signal("KILL");
            await fake.End();
        }

        await using (var fake = await Start())
        {
            using var client = Client(fake);
            using var again = await Pay(client, "k");
            id = (await Json(again)).GetProperty("id").GetString()!;
            var truth = await client.GetFromJsonAsync<JsonElement>("/_/truth");
            var only = Assert.Single(truth.GetProperty("transfers").EnumerateArray());

            Assert.Equal("true", again.Headers.GetValues("Idempotent-Replayed").Single());
            Assert.Equal((id, "k", 1250), (
                only.GetProperty("id").GetString(),
                only.GetProperty("idempotency_key").GetString(),
                only.GetProperty("amount").GetInt64()));
            Assert.Equal(1, truth.GetProperty("faults").GetProperty("drop_after").GetInt64());
            Assert.Equal(2, truth.GetProperty("requests").GetProperty("create_transfer").GetInt64());
        }
    }

    [Fact]
    public async Task Bad_requests_are_refused_in_stripes_words_and_the_fake_goes_on()
    {
        await using var fake = await Start();
        using var client = Client(fake);
        using var stranger = new HttpClient { BaseAddress = fake.Origin };
        async Task<string> Refused(HttpClient by, HttpContent content, string path = "/v1/transfers")
        {
            using var answer = await by.PostAsync(path, content);
            var error = (await Json(answer)).GetProperty("error");
            Assert.NotEmpty(error.GetProperty("message").GetString()!);
            return $"{(int)answer.StatusCode} {error.GetProperty("type").GetString()}";
        }

        var form = "application/x-www-form-urlencoded";
        Assert.Equal("401 invalid_request_error", await Refused(stranger, new StringContent("", null, form)));
        Assert.Equal("400 invalid_request_error", await Refused(client, new StringContent("a=%zz", null, form)));
        Assert.Equal("400 invalid_request_error", await Refused(client, new StringContent("{}", null, "text/json")));
        var huge = new string('a', 300_000);
        Assert.Equal("413 invalid_request_error", await Refused(client, new StringContent(huge, null, form)));
        Assert.Equal("400 invalid_request_error", await Refused(client, new ByteArrayContent([0xff]), "/_/faults"));
        Assert.Equal("400 invalid_request_error", await Refused(client, new StringContent("{\"x\":1}"), "/_/faults"));
        Assert.Equal(
            "400 invalid_request_error",
            await Refused(client, new StringContent("{\"available_cents\":-1}"), "/_/balance"));
        Assert.Equal("404 invalid_request_error", await Refused(client, new StringContent(""), "/_/nothing"));
        client.DefaultRequestHeaders.Remove("Stripe-Version");
        Assert.Equal("400 invalid_request_error", await Refused(client, new FormUrlEncodedContent(FakeWorld.Order())));

        using var health = await stranger.GetAsync("/_/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task Switches_and_the_balance_are_set_over_http()
    {
        await using var fake = await Start();
        using var client = Client(fake);
        using var faults = await Control(client, "faults", """{"seed":4,"next":["rate_limit","slow"]}""");
        using var balance = await Control(client, "balance", """{"available_cents":2000}""");

        using var limited = await Pay(client, "a");
        using var hasty = Client(fake);
        hasty.Timeout = TimeSpan.FromSeconds(1);
        await Assert.ThrowsAsync<TaskCanceledException>(() => Pay(hasty, "b"));

        var funds = await client.GetFromJsonAsync<JsonElement>("/v1/balance");
        var now = await client.GetFromJsonAsync<JsonElement>("/_/faults");
        Assert.Equal("1", limited.Headers.GetValues("Retry-After").Single());
        Assert.Equal(750, funds.GetProperty("available")[0].GetProperty("amount").GetInt64());
        Assert.Equal((4, 0), (now.GetProperty("seed").GetInt64(), now.GetProperty("next").GetArrayLength()));
    }

    [Fact]
    public async Task Webhooks_are_posted_until_they_are_taken()
    {
        using var listener = new HttpListener();
        var port = FreePort();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var heard = new BlockingCollection<(string Signature, byte[] Body)>();
        var receiving = Receive(listener, heard);
        await using var fake = await Start(
            "--webhook-url", $"http://127.0.0.1:{port}/hook", "--webhook-secret", "whsec_1", "--secret-key", "sk_mine");
        using var client = Client(fake, "sk_mine");
        using var wrong = Client(fake, "sk_other");

        using var refused = await Pay(wrong, "a");
        using var paid = await Pay(client, "a");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            Assert.True(heard.TryTake(out var webhook, TimeSpan.FromSeconds(30)), $"Attempt {attempt} never came.");
            var seconds = long.Parse(webhook.Signature.Split(',')[0]["t=".Length..]);
            Assert.Equal(
                FakeSignature.Make("whsec_1", webhook.Body, DateTimeOffset.FromUnixTimeSeconds(seconds)),
                webhook.Signature);
            Assert.Contains("transfer.created", Encoding.UTF8.GetString(webhook.Body));
        }

        listener.Stop();
        await receiving;
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("input")]
    public async Task It_ends_cleanly_when_asked_and_when_nobody_is_left_to_ask(string how)
    {
        await using var fake = await Start();
        if (how == "input")
        {
            fake.CloseInput();
        }
        else
        {
            fake.Signal(how);
        }

        var ended = await fake.End();

        Assert.Equal((0, "", ""), (ended.Code, ended.Output, ended.Error));
    }

    [Fact]
    public async Task A_taken_port_is_one_line()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var ended = await TestProgram.Run(
            "fake-stripe", "--urls", $"http://127.0.0.1:{port}", "--data", Path.Combine(_folder.FullName, "data"));

        Assert.Equal(1, ended.Code);
        Assert.StartsWith($"Port {port} is already taken;", Assert.Single(ended.ErrorLines));
        Assert.Empty(_folder.EnumerateFileSystemInfos());
    }

    [Fact]
    public async Task A_file_that_is_no_bank_is_one_line()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "fake-stripe.db"), new string('x', 5000));

        var ended = await TestProgram.Run(
            "fake-stripe", "--urls", "http://127.0.0.1:0", "--data", _folder.FullName);

        Assert.Equal(1, ended.Code);
        Assert.Contains("not a database", Assert.Single(ended.ErrorLines));
    }

    private static HttpClient Client(TestProgram fake, string key = "sk_test_1")
    {
        var client = new HttpClient { BaseAddress = fake.Origin };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        client.DefaultRequestHeaders.Add("Stripe-Version", "2025-06-30.basil");
        return client;
    }

    private static async Task<HttpResponseMessage> Pay(HttpClient client, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/transfers")
        {
            Content = new FormUrlEncodedContent(FakeWorld.Order()),
        };
        request.Headers.Add("Idempotency-Key", key);
        return await client.SendAsync(request);
    }

    private static Task<HttpResponseMessage> Control(HttpClient client, string what, string json) =>
        client.PostAsync("/_/" + what, new StringContent(json, Encoding.UTF8, "application/json"));

    private static async Task<JsonElement> Json(HttpResponseMessage answer) =>
        await answer.Content.ReadFromJsonAsync<JsonElement>();

    private Task<TestProgram> Start(params string[] arguments) =>
        TestProgram.FakeStripe(["--data", _folder.FullName, .. arguments]);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Refuses the first webhook and takes the others.</summary>
    private static async Task Receive(HttpListener listener, BlockingCollection<(string, byte[])> heard)
    {
        try
        {
            for (var number = 0; ; number++)
            {
                var context = await listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                context.Response.StatusCode = number == 0 ? 500 : 204;
                context.Response.Close();
                heard.Add((context.Request.Headers["Stripe-Signature"]!, body.ToArray()));
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
        {
            // The test has stopped it.
        }
    }
}
