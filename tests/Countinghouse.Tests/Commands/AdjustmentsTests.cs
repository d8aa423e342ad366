using System.Globalization;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

/// <summary>Corrections at the terminal: the API's rules, in the API's words, seen by a server beside it.</summary>
public abstract class AdjustmentsCommandContract(Engine engine) : IAsyncLifetime
{
    private const string Nobody = "CXvDk7dyZhWZ7U5u4E3S9F";

    private TransferWorld _world = null!;
    private string _campaign = "";
    private string _event = "";

    private string Today => UtcDay.Of(_world.Now).ToString();

    public async Task InitializeAsync()
    {
        _world = await TransferWorld.Create(engine);
        _campaign = await _world.Market.NewCampaign(bid: "0.50");
        _event = ShortUuid.Format(Guid.Parse(_world.Market.NewEventId()));
        await _world.Market.Click(_campaign, _event, _world.Market.Offers[0]);
        await _world.Market.Click(_campaign, offer: _world.Market.Offers[1]);
        await _world.Market.Click(_campaign);
    }

    public async Task DisposeAsync()
    {
        var verified = await _world.Server.Get<Verifier>().Verify(null, _ => { }, default);
        await _world.DisposeAsync();
        Assert.Empty(verified.Differences);
    }

    [Fact]
    public async Task An_event_some_days_and_an_amount_are_given_back_and_listed()
    {
        Assert.Equal("1\t-0.50\t-500000", await Done("event", _event, "--reason", "A test"));
        string[] days = ["--start-date", Today, "--end-date", Today, "--fraction", "0.25", "--reason", "Closed"];
        Assert.Equal("2\t-0.25\t-250000", await Done("days", [.. days, "--dry-run"]));
        Assert.Equal(1, await _world.Number("SELECT COUNT(*) FROM adjustment"));
        Assert.Equal("2\t-0.25\t-250000", await Done("days", days));
        Assert.Equal("1\t-0.10\t-100000", await Done(
            "amount", "--amount", "-0.10", "--date", Today, "--reason", "Good\twill"));
        Assert.Equal("1\t0.02\t20000", await Done(
            "amount", "--amount", "0.02", "--date", Today, "--reason", "Too much"));

        Assert.Equal("0.67", (await _world.Summary(_campaign)).GetProperty("spend").GetString());
        Assert.Equal(
            5, await _world.Number("SELECT COUNT(*) FROM adjustment WHERE actor = 'command:adjustments'"));
        var rows = await List(_campaign);
        Assert.Equal(6, rows.Length);
        Assert.Equal(
            ["AMOUNT", Today, Today[..7], "0.02", "20000", "", "", "", "", "Too much"], rows[1].Split('\t')[1..11]);
        Assert.Equal("Good will", rows[2].Split('\t')[10]);
        Assert.Equal(
            [
                "EVENT", Today, Today[..7], "-0.50", "-500000", _world.Market.Offers[0],
                _world.Market.Retailer.ToString(), _event, "A test",
            ],
            rows[5].Split('\t').Where((_, column) => column is >= 1 and <= 10 and not 7));
    }

    [Fact]
    public async Task What_the_API_refuses_is_refused_in_its_words_and_changes_nothing()
    {
        var tomorrow = UtcDay.Of(_world.Now).AddDays(1).ToString();
        var far = UtcDay.Of(_world.Now).AddDays(92).ToString();
        await Refused("no campaign " + Nobody, ["list", Nobody]);
        await Refused("no campaign " + Nobody, ["event", Nobody, _event, "--reason", "A test"]);
        foreach (var reason in new[] { " ", new string('x', 501) })
        {
            await Refused("reason must be 1 to 500 characters", ["event", _campaign, _event, "--reason", reason]);
        }

        await Refused(
            "event_id names nothing that the campaign was charged for",
            ["event", _campaign, Nobody, "--reason", "A test"]);
        await Refused("end_date must not be before start_date", Days(tomorrow, Today, "1"));
        await Refused("end_date must be at most 92 days", Days(Today, far, "1"));
        await Refused("fraction must be more than zero", Days(Today, Today, "0"));
        await Refused("start_date names nothing", Days(tomorrow, tomorrow, "1"));
        await Refused("amount must not be zero", Amount("0.00"));
        await Refused("give back at most what was charged there", Amount("-0.51"));
        await Refused("take back at most what was given", Amount("0.01"));
        await Refused("location_id names nothing", [.. Amount("-0.10"), "--location", Nobody]);
        Assert.Equal(0, await _world.Number("SELECT COUNT(*) FROM adjustment"));

        await Done("event", _event, "--reason", "A test");
        await Refused("was given back before", ["event", _campaign, _event, "--reason", "Again"]);
        Assert.Equal(1, await _world.Number("SELECT COUNT(*) FROM adjustment"));
    }

    /// <summary>More than a page of them.</summary>
    [Fact]
    public async Task The_list_has_all_of_them()
    {
        var key = await _world.Server.NewKey(await _world.Server.NewOrganization("Platform", isOperator: true));
        for (var number = 1; number <= 103; number++)
        {
            var answer = await _world.Server.Send(
                HttpMethod.Post,
                $"campaigns/{_campaign}/adjustments/amounts",
                key,
                new { amount = number % 2 == 1 ? "-0.01" : "0.01", date = Today, reason = $"Number {number}" });
            Assert.True(answer.Status == 200, answer.Text);
        }

        Assert.Equal(
            Enumerable.Range(1, 103).Select(number => string.Create(CultureInfo.InvariantCulture, $"Number {number}"))
                .Order(),
            (await List(_campaign)).Skip(1).Select(row => row.Split('\t')[10]).Order());
    }

    private string[] Days(string start, string end, string fraction) =>
    [
        "days", _campaign, "--start-date", start, "--end-date", end, "--fraction", fraction, "--reason", "A test",
    ];

    private string[] Amount(string amount) =>
        ["amount", _campaign, "--amount", amount, "--date", Today, "--reason", "A test"];

    private async Task<string[]> List(string campaign)
    {
        var ended = await TestProgram.Run(["adjustments", "list", campaign, .. _world.On]);
        Assert.True(ended.Code == 0, ended.Error);
        return ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>The row under the heads.</summary>
    private async Task<string> Done(string what, params string[] arguments)
    {
        var ended = await TestProgram.Run(["adjustments", what, _campaign, .. arguments, .. _world.On]);
        Assert.True(ended.Code == 0, ended.Error);
        var lines = ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("count\tamount\tamount_micros", lines[0]);
        Assert.Single(ended.ErrorLines);
        return Assert.Single(lines[1..]);
    }

    private async Task Refused(string because, string[] arguments)
    {
        var ended = await TestProgram.Run(["adjustments", .. arguments, .. _world.On]);
        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(because, Assert.Single(ended.ErrorLines));
    }
}

public sealed class SqliteAdjustmentsCommand() : AdjustmentsCommandContract(Engine.Sqlite);

public sealed class PostgresAdjustmentsCommand() : AdjustmentsCommandContract(Engine.Postgres);
