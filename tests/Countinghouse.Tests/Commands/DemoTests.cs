using Countinghouse.Commands.Demonstration;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Countinghouse.Commands;

/// <summary>The demo is made by the product, so its figures must hold like any other.</summary>
public abstract class DemoContract(Engine engine)
{
    [Fact]
    public async Task Its_figures_reconcile_from_the_events_to_the_cents()
    {
        await using var test = await TestDatabase.Create(engine);
        var end = new DateTimeOffset(2026, 8, 7, 9, 30, 0, TimeSpan.Zero);
        var clock = new DemoClock(UtcDay.Of(end).AddDays(-70).Start());
        await using var product = await Workplace.Open(test.Settings, CancellationToken.None, clock);

        var demo = await new DemoBuilder(product, clock, scale: 1)
            .Build(end, "http://127.0.0.1:8000", _ => { }, CancellationToken.None);

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

    private static async Task<long> Number(Database database, string sql) =>
        await database.Read(c => c.Number(sql, default, ("none", Guid.Empty)), default) ?? 0;
}

public sealed class SqliteDemo() : DemoContract(Engine.Sqlite);

public sealed class PostgresDemo() : DemoContract(Engine.Postgres);
