using System.Text.Json;
using Countinghouse.Payouts;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

/// <summary>Payouts at the terminal: the API's rules, in the API's words, beside a server.</summary>
public abstract class PayoutsCommandContract(Engine engine) : IAsyncLifetime
{
    private const string Nobody = "CXvDk7dyZhWZ7U5u4E3S9F";

    private static readonly string Actor = $"command:payouts/{Environment.UserName}";

    private PayoutWorld _world = null!;
    private Dictionary<string, string> _environment = [];

    private string Shop { get; } = PayoutWorld.Id("shop").ToString();

    private string Store { get; } = PayoutWorld.Id("store").ToString();

    public async Task InitializeAsync() => _world = await PayoutWorld.Open(
        engine, new() { ["shop"] = 12_345, ["store"] = 6_000, ["held"] = 9_000 });

    public async Task DisposeAsync()
    {
        await _world.ExpectCleanBooks();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task A_run_is_previewed_here_confirmed_by_another_and_paid_by_the_bank()
    {
        var held = PayoutWorld.Id("held").ToString();
        Assert.Equal(
            $"{held}\tstripe\tacct_1held\tA question", (await Table("hold", held, "--reason", "A question"))[1]);
        Assert.Equal(
            $"{Store}\tmanual\tDE89 3704\t",
            (await Table("account", Store, "--provider", "manual", "--destination", "DE89 3704"))[1]);

        var (run, fingerprint, rows) = await Preview();
        Assert.Equal(
            new[]
            {
                $"{Shop}\tPLANNED\t123.45\tstripe\tacct_1shop\t1",
                $"{Store}\tPLANNED\t60.00\tmanual\tDE89 3704\t1",
                $"{held}\tON_HOLD\t90.00\tstripe\tacct_1held\t1",
            }.Order(),
            rows.Order());
        await Refused("may not confirm it", "confirm", run, "--fingerprint", fingerprint);
        Assert.Single(await Table("list"));
        var confirmed = await _world.Post(200, $"payout-runs/{run}/confirm", _world.Second, new { fingerprint });
        Assert.Equal(Actor, confirmed.GetProperty("created_by").GetString());
        Assert.Equal(1, (await Table("list", "--state", "READY")).Length - 1);
        Assert.Equal(1, (await Table("list", "--state", "SENDING")).Length - 1);
        Assert.Contains($"fingerprint\t{fingerprint}", await Table("plan", run));
        await _world.Work();

        var payout = Assert.Single((await Table("list", "--organization", Store, "--state", "SENDING"))[1..]);
        var id = payout.Split('\t')[0];
        Assert.Equal(
            ["payout_id,organization_id,destination,amount,currency", $"{id},{Store},DE89 3704,60.00,USD"],
            (await Table("bank-file", run)).Select(line => line.TrimEnd('\r')));
        var paid = (await Table("paid", id, "--reference", "2026-08 17"))[1].Split('\t');
        Assert.Equal(("SUCCEEDED", "2026-08 17"), (paid[3], paid[8]));
        await Refused("The payout is SUCCEEDED", "paid", id, "--reference", "2026-08 18");
        await Refused("The payout is SUCCEEDED", "failed", id, "--reason", "No");
        await Refused("The payout is SUCCEEDED", "retry", id);
        Assert.Single(await Table("bank-file", run));

        var shown = await Table("show", await PayoutOf(Shop));
        Assert.Equal(6, shown.Length);
        Assert.Equal("SUCCEEDED", shown[1].Split('\t')[3]);
        Assert.Equal(_world.Bank.Truth().Transfers.Single().Id, shown[1].Split('\t')[8]);
        Assert.Equal([PayoutWorld.Month, "123.45"], shown[3].Split('\t')[1..]);
        Assert.Equal(["1", "OK", "1"], shown[5].Split('\t')[..3]);
        Assert.Equal($"{held}\tstripe\tacct_1held\t", (await Table("release", held))[1]);
    }

    [Fact]
    public async Task One_person_previews_confirms_and_sends_where_the_settings_say_so()
    {
        var folder = Directory.CreateTempSubdirectory("countinghouse-fake-");
        await using var fake = await TestProgram.FakeStripe("--data", folder.FullName);
        _environment = new Dictionary<string, string>
        {
            ["COUNTINGHOUSE_Payouts__SecondPerson"] = "false",
            ["COUNTINGHOUSE_Payouts__StripeSecretKey"] = "sk_test_1",
            ["COUNTINGHOUSE_Payouts__StripeUrl"] = fake.Origin.ToString(),
        };
        Assert.Equal(
            $"{Shop}\tstripe\tacct_1other\t",
            (await Table("account", Shop, "--provider", "stripe", "--destination", "acct_1other"))[1]);
        await Refused(
            "names no account", "account", Shop, "--provider", "stripe", "--destination", "acct_1missing");

        var (run, fingerprint, rows) = await Preview("--organization", Shop);
        Assert.Single(rows);
        var sent = (await Table("confirm", run, "--fingerprint", fingerprint, "--send"))[1].Split('\t');

        using var client = new HttpClient();
        var truth = JsonDocument.Parse(await client.GetStringAsync(new Uri(fake.Origin, "/_/truth"))).RootElement;
        var moved = Assert.Single(truth.GetProperty("transfers").EnumerateArray());
        Assert.Equal(["SUCCEEDED", "123.45", "0.00", "stripe", "acct_1other"], sent[3..8]);
        Assert.Equal(moved.GetProperty("id").GetString(), sent[8]);
        Assert.Equal("PAID", await _world.StatusOf("shop"));
        Assert.Equal(["1", "1", "0", ""], (await Table("reconcile"))[1].Split('\t')[2..]);
        Assert.Single(await Table("differences"));

        fake.CloseInput();
        await fake.End();
        var failed = await Run("reconcile");
        Assert.Equal(1, failed.Code);
        Assert.Contains("stripe could not be asked for its transfers.", failed.ErrorLines);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_the_API_refuses_is_refused_in_its_words_and_changes_nothing()
    {
        var (run, fingerprint, _) = await Preview();
        foreach (var what in new[] { "cancel", "bank-file" })
        {
            await Refused($"no payout run {Nobody}", what, Nobody);
        }

        await Refused($"no payout run {Nobody}", "confirm", Nobody, "--fingerprint", fingerprint);
        await Refused("fingerprint must be 64", "confirm", run, "--fingerprint", "x");
        await Refused("not this run's", "confirm", run, "--fingerprint", new string('0', 64));
        await Refused($"no payout {Nobody}", "show", Nobody);
        await Refused($"no payout {Nobody}", "retry", Nobody);
        await Refused($"no organization {Nobody}", "preview", "--organization", Nobody);
        await Refused($"no organization {Nobody}", "list", "--organization", Nobody);
        await Refused($"no organization {Nobody}", "release", Nobody);
        await Refused("reason must be 1 to 1000", "hold", Shop, "--reason", " ");
        await Refused("reason must be 1 to 1000", "stop", "--reason", "");
        await Refused("Stripe is not set up", "account", Shop, "--provider", "stripe", "--destination", "acct_1");
        await Refused("destination must be", "account", Shop, "--provider", "manual", "--destination", "two\nlines");
        Assert.Single(await Table("list"));
        Assert.Equal(0, (await Run("cancel", run)).Code);
        await Refused("The run is CANCELLED", "cancel", run);
        await Refused("The run is CANCELLED", "confirm", run, "--fingerprint", fingerprint);
    }

    [Fact]
    public async Task All_payouts_are_stopped_and_go_on()
    {
        Assert.Contains(Actor + ": Twice?", Assert.Single((await Run("stop", "--reason", "Twice?")).ErrorLines));
        Assert.True((await _world.Server.GetJson("payout-state", _world.Operator)).GetProperty("is_stopped")
            .GetBoolean());
        Assert.Equal("Payouts go on.", Assert.Single((await Run("resume")).ErrorLines));
        Assert.Equal("Payouts were not stopped.", Assert.Single((await Run("resume")).ErrorLines));
    }

    private async Task<(string Run, string Fingerprint, string[] Rows)> Preview(params string[] arguments)
    {
        var lines = await Table(["preview", .. arguments]);
        Assert.Equal("run_id", lines[0].Split('\t')[0]);
        Assert.Equal("fingerprint", lines[1].Split('\t')[0]);
        return (lines[0].Split('\t')[1], lines[1].Split('\t')[1], lines[3..]);
    }

    private async Task<string> PayoutOf(string retailer) =>
        Assert.Single((await Table("list", "--organization", retailer))[1..]).Split('\t')[0];

    private Task<Ended> Run(params string[] arguments) =>
        TestProgram.Run(_environment, ["payouts", .. arguments, .. TestProgram.On(_world.Server.Storage)]);

    /// <summary>What it writes, without empty lines.</summary>
    private async Task<string[]> Table(params string[] arguments)
    {
        var ended = await Run(arguments);
        Assert.True(ended.Code == 0, ended.Error);
        return ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private async Task Refused(string because, params string[] arguments)
    {
        var ended = await Run(arguments);
        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(because, Assert.Single(ended.ErrorLines));
    }
}

public sealed class SqlitePayoutsCommand() : PayoutsCommandContract(Engine.Sqlite);

public sealed class PostgresPayoutsCommand() : PayoutsCommandContract(Engine.Postgres);
