using System.Text.Json;
using Countinghouse.Support;

namespace Countinghouse.FakeStripe;

/// <summary>A bank in memory, or in a file, at a clock that the test moves.</summary>
public sealed class FakeWorld : IDisposable
{
    public const string Retailer = "acct_1Retailer";

    private readonly string _path;

    public FakeWorld(string path = ":memory:")
    {
        _path = path;
        Bank = FakeBank.Open(path, Clock);
    }

    public TestClock Clock { get; } = new();

    public FakeBank Bank { get; private set; }

    public static Dictionary<string, string> Order(
        long cents = 1250, string destination = Retailer, string? group = null)
    {
        var form = new Dictionary<string, string>
        {
            ["amount"] = $"{cents}",
            ["currency"] = "usd",
            ["destination"] = destination,
            ["metadata[payout]"] = "7",
        };
        if (group is not null)
        {
            form["transfer_group"] = group;
        }

        return form;
    }

    /// <summary>The next transfer meets this.</summary>
    public void Next(params FakeFault[] faults) => Bank.SetFaults(Bank.Faults with { Next = faults });

    public FakeAnswer Pay(string? key = null, long cents = 1250, string? group = null, string destination = Retailer) =>
        Post("/v1/transfers", Order(cents, destination, group), key);

    public FakeAnswer Post(string path, Dictionary<string, string> form, string? key = null) =>
        Bank.Handle(new FakeRequest("POST", path, new Dictionary<string, string>(), form, key, IsAuthorized: true));

    public FakeAnswer Get(string path, params (string Name, string Value)[] query) => Bank.Handle(new FakeRequest(
        "GET",
        path,
        query.ToDictionary(one => one.Name, one => one.Value),
        new Dictionary<string, string>(),
        null,
        IsAuthorized: true));

    /// <summary>The ids of a page of transfers.</summary>
    public string[] List(params (string Name, string Value)[] query) =>
        [.. Json(Get("/v1/transfers", query)).GetProperty("data").EnumerateArray()
            .Select(one => one.GetProperty("id").GetString()!)];

    public long Fired(FakeFault fault) => Bank.Truth().Faults.GetValueOrDefault(fault);

    public void Pass(TimeSpan time) => Clock.Now += time;

    /// <summary>As after a kill: nothing of the old process is left but its file.</summary>
    public void Reopen()
    {
        Bank.Dispose();
        Bank = FakeBank.Open(_path, Clock);
    }

    public void Dispose() => Bank.Dispose();

    public static JsonElement Json(FakeAnswer answer)
    {
        Assert.Equal(FakeDelivery.Normal, answer.Delivery);
        using var document = JsonDocument.Parse(answer.Json);
        return document.RootElement.Clone();
    }

    public static string IdOf(FakeAnswer answer)
    {
        Assert.Equal(200, answer.Status);
        return Json(answer).GetProperty("id").GetString()!;
    }

    /// <summary>"400 invalid_request_error parameter_missing amount", with a dash for what is not there.</summary>
    public static string Refusal(FakeAnswer answer)
    {
        var error = Json(answer).GetProperty("error");
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        return string.Join(' ', new[] { "type", "code", "param" }
            .Select(name => error.TryGetProperty(name, out var value) ? value.GetString()! : "-")
            .Prepend($"{answer.Status}"));
    }

    /// <summary>All that must survive a restart, as text.</summary>
    public static string Text(FakeTruth truth) => string.Join('\n', truth.Transfers
        .Select(transfer => transfer.ToString())
        .Append($"{truth.AvailableCents} {truth.PendingEffects}")
        .Concat(truth.Requests.OrderBy(one => one.Key).Select(one => one.ToString()))
        .Concat(truth.Faults.OrderBy(one => one.Key).Select(one => one.ToString())));
}
