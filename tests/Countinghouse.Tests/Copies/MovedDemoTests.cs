using Countinghouse.Commands;
using Countinghouse.Commands.Demonstration;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Copies;

/// <summary>A database with everything in it: months closed, records approved, people, a trail of changes.</summary>
public sealed class MovedDemoTests
{
    [Fact]
    public async Task Every_report_share_and_account_of_a_demo_reads_the_same_after_the_move()
    {
        await using var source = await TestDatabase.Create(Engine.Sqlite);
        await using var target = await TestDatabase.Create(Engine.Postgres, migrate: false);
        var now = TimeProvider.System.GetUtcNow();
        var demo = await Fill(source, now);
        var before = await Ask(source, demo, now);

        var moved = await TestProgram.Run(
            "move", "--to", target.Settings.Postgres!, "--data", source.Settings.DataDirectory);

        Assert.True(moved.Code == 0, moved.Error);
        var after = await Ask(target, demo, now);
        Assert.All(before, answer => Assert.Equal(answer.Value, after[answer.Key]));
    }

    private static async Task<DemoFile> Fill(TestDatabase source, DateTimeOffset now)
    {
        var clock = new DemoClock(UtcDay.Of(now).AddDays(-70).Start());
        await using var product = await Workplace.Open(source.Settings, CancellationToken.None, clock);
        return await new DemoBuilder(product, clock, scale: 1)
            .Build(now, "http://127.0.0.1:8000", _ => { }, pay: null, CancellationToken.None);
    }

    private static async Task<Dictionary<string, string>> Ask(
        TestDatabase database, DemoFile demo, DateTimeOffset now)
    {
        await using var server = await TestServer.Start(
            database.Database.Engine, new TestClock { Now = now }, shared: database);
        var advertiser = demo.Advertiser.OrganizationId;
        var retailer = demo.Retailer.OrganizationId;
        var month = UtcDay.Of(now).Period;
        var answers = new Dictionary<string, string>();
        foreach (var (path, key) in new[]
        {
            ($"reporting/organizations/{advertiser}/campaigns/overview", demo.Advertiser.ApiKey),
            ($"reporting/organizations/{advertiser}/performance", demo.Advertiser.ApiKey),
            ($"reporting/organizations/{advertiser}/performance/series", demo.Advertiser.ApiKey),
            ($"revenue-share/{retailer}", demo.Retailer.ApiKey),
            ($"revenue-share/{retailer}/summary", demo.Retailer.ApiKey),
            ("revenue-shares", demo.Operator.ApiKey),
            ("payouts", demo.Operator.ApiKey),
            ($"ledger/trial-balance?month={month}", demo.Operator.ApiKey),
            ("audit-log", demo.Operator.ApiKey),
            ("reporting/invalid-traffic", demo.Operator.ApiKey),
        })
        {
            var answer = await server.Send(HttpMethod.Get, path, key);
            Assert.True(answer.Status == 200, $"{path}: {answer.Status} {answer.Text}");
            answers[path] = answer.Text;
        }

        return answers;
    }
}
