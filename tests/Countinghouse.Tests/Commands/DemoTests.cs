using System.Text.Json;
using Countinghouse.Commands.Demonstration;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Countinghouse.Commands;

/// <summary>The demo is made by the product, so its figures must hold like any other.</summary>
public abstract class DemoContract(Engine engine)
{
    private static readonly DateTimeOffset End = new(2026, 8, 7, 9, 30, 0, TimeSpan.Zero);

    [Fact]
    public async Task Its_figures_reconcile_from_the_events_to_the_cents()
    {
        await using var test = await TestDatabase.Create(engine);
        var clock = new DemoClock(UtcDay.Of(End).AddDays(-70).Start());
        await using var product = await Workplace.Open(test.Settings, CancellationToken.None, clock);

        var demo = await new DemoBuilder(product, clock, scale: 1)
            .Build(End, "http://127.0.0.1:8000", _ => { }, pay: null, CancellationToken.None);

        var database = test.Database;
        Assert.Equal(3, demo.Retailer.RevenueShares.Count);
        await product.GetRequiredService<Rollups>().CatchUpAll(CancellationToken.None);
        var charges = await Number(database, "SELECT SUM(charge_micro) FROM ingest_batch");
        Assert.True(charges > 0);
        Assert.Equal(charges, await Number(database, "SELECT SUM(charge_micro) FROM stat_hourly"));
        Assert.Equal(charges, await Number(database, "SELECT SUM(charge_micro) FROM campaign_total"));
        Assert.Equal(charges, await Number(database, "SELECT SUM(spent_micro) FROM campaign_budget"));

        // May, June and July are closed: what retailers' offers were charged is their gross and what is carried.
        var earned = await Number(
            database,
            "SELECT SUM(charge_micro) FROM stat_hourly WHERE offer_id <> @none AND hour < 2026080100");
        var gross = await Number(database, "SELECT SUM(gross_cents) * 10000 FROM revenue_share");
        var carried = await Number(database, "SELECT SUM(carry_micro) FROM revenue_share_carry WHERE period = 202607");
        Assert.Equal(earned, gross + carried);
        Assert.Equal(0, await Number(
            database, "SELECT COUNT(*) FROM revenue_share WHERE fee_cents + share_cents <> gross_cents"));
        Assert.Equal(
            await Number(database, "SELECT SUM(event_gross_micro) FROM revenue_share"),
            await Number(database, "SELECT SUM(amount_micro) FROM revenue_share_line"));
    }

    [Fact]
    public async Task What_it_has_paid_is_what_the_fake_Stripe_has_moved()
    {
        var folder = Directory.CreateTempSubdirectory("countinghouse-demo-");
        await using var fake = await TestProgram.FakeStripe("--data", folder.FullName);
        await using var test = await TestDatabase.Create(engine);
        var clock = new DemoClock(UtcDay.Of(End).AddDays(-70).Start());
        await using var product = await Workplace.Open(test.Settings, CancellationToken.None, clock);
        await using var paying = await Workplace.Open(
            test.Settings,
            CancellationToken.None,
            clock,
            DemoPayouts.With(
            [
                new("Payouts:StripeSecretKey", "sk_test_1"), new("Payouts:StripeUrl", fake.Origin.ToString()),
            ]));

        var demo = await new DemoBuilder(product, clock, scale: 1).Build(
            End,
            "http://127.0.0.1:8000",
            _ => { },
            retailers => DemoPayouts.Pay(paying, retailers, CancellationToken.None),
            CancellationToken.None);

        Assert.NotEqual(demo.Operator.ApiKey, demo.SecondOperator!.ApiKey);
        var shares = await product.GetRequiredService<RevenueShareStore>()
            .List(demo.Retailer.OrganizationId, new Page(1, 100), CancellationToken.None);
        Assert.Equal(["Calculated", "Approved", "Paid"], shares.Data.Select(share => share.Status.ToString()));
        var moved = (await Truth(fake.Origin)).ToDictionary(one => one.Id, one => one.Cents);
        Assert.Contains(shares.Data[2].StripeTransferId!, moved);
        Assert.Equal(moved.Values.Sum(), await Number(
            test.Database, "SELECT SUM(share_cents) FROM revenue_share WHERE status = 'PAID'"));
        Assert.Equal(moved.Count, await Number(
            test.Database, "SELECT COUNT(DISTINCT stripe_transfer_id) FROM revenue_share WHERE status = 'PAID'"));
        folder.Delete(recursive: true);
    }

    /// <summary>Every transfer that the fake has made.</summary>
    internal static async Task<List<(string Id, long Cents)>> Truth(Uri fake)
    {
        using var client = new HttpClient();
        var truth = JsonDocument.Parse(await client.GetStringAsync(new Uri(fake, "/_/truth"))).RootElement;
        return
        [
            .. truth.GetProperty("transfers").EnumerateArray().Select(one => (
                one.GetProperty("id").GetString()!, one.GetProperty("amount").GetInt64())),
        ];
    }

    private static async Task<long> Number(Database database, string sql) =>
        await database.Read(c => c.Number(sql, default, ("none", Guid.Empty)), default) ?? 0;
}

public sealed class SqliteDemo() : DemoContract(Engine.Sqlite);

public sealed class PostgresDemo() : DemoContract(Engine.Postgres);
