using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Storage;

/// <summary>What the database itself refuses, whatever the code above it believes.</summary>
public abstract class ConstraintsContract(DatabaseFixture fixture) : IAsyncLifetime
{
    private static readonly string[] Emptied =
        ["campaign_budget", "ingest_batch", "revenue_share", "campaign", "organization"];

    public Task InitializeAsync() => fixture.Database.Write(
        async connection =>
        {
            foreach (var row in TestRows.Ground)
            {
                await row.Insert(connection);
            }
        },
        CancellationToken.None);

    public Task DisposeAsync() => fixture.Database.Write(
        async connection =>
        {
            foreach (var table in Emptied)
            {
                await connection.Execute($"DELETE FROM {table}", CancellationToken.None);
            }
        },
        CancellationToken.None);

    [Fact]
    public async Task A_budget_spent_to_the_last_micro_is_kept()
    {
        await Keep(TestRows.Budget.With(("spent_micro", 1_000_000L)));
    }

    [Fact]
    public async Task Credits_make_room_in_a_budget()
    {
        await Keep(TestRows.Budget.With(("spent_micro", 1_200_000L), ("credited_micro", 200_000L)));
    }

    [Fact]
    public async Task A_budget_is_never_overspent()
    {
        await Refuse(TestRows.Budget.With(("spent_micro", 1_000_001L)));
        await Refuse(TestRows.Budget.With(("spent_micro", 1_200_000L), ("credited_micro", 199_999L)));
        await Refuse(TestRows.Budget.With(("budget_micro", 399_999L)));
    }

    [Fact]
    public async Task A_charge_past_the_budget_is_refused_when_it_is_added()
    {
        await Keep(TestRows.Budget);

        await RefuseStatement("UPDATE campaign_budget SET spent_micro = spent_micro + 600001");
        await RefuseStatement("UPDATE campaign_budget SET credited_micro = 400001");
        await RefuseStatement("UPDATE campaign_budget SET budget_micro = 399999");
        await fixture.Database.Write(
            c => c.Execute("UPDATE campaign_budget SET spent_micro = spent_micro + 600000", CancellationToken.None),
            CancellationToken.None);
    }

    [Theory]
    [InlineData("budget_micro", -1L)]
    [InlineData("spent_micro", -1L)]
    [InlineData("credited_micro", -1L)]
    [InlineData("credited_micro", 400_001L)]
    [InlineData("daily_cap_micro", 0L)]
    [InlineData("day_spent_micro", -1L)]
    [InlineData("budget_micro", null)]
    [InlineData("spent_micro", null)]
    public Task A_budget_of_no_sense_is_refused(string column, object? value) =>
        Refuse(TestRows.Budget.With((column, value)));

    [Fact]
    public Task A_budget_belongs_to_a_campaign() =>
        Refuse(TestRows.Budget.With(("campaign_id", new CampaignId(Guid.Empty))));

    [Fact]
    public Task A_record_adds_up_to_the_cent() => Keep(TestRows.RevenueShare);

    [Theory]
    [InlineData("fee_cents", 16L)]
    [InlineData("share_cents", 84L)]
    [InlineData("gross_cents", 101L)]
    [InlineData("event_gross_micro", 1_005_001L)]
    [InlineData("adjustment_micro", 1L)]
    [InlineData("carry_in_micro", 1L)]
    [InlineData("carry_in_micro", -1L)]
    [InlineData("carry_out_micro", 4_999L)]
    [InlineData("carry_out_micro", 10_000L)]
    [InlineData("fee_ppm", 1_000_001)]
    [InlineData("fee_ppm", -1)]
    [InlineData("status", "LOST")]
    [InlineData("status", "PAID")]
    [InlineData("paid_at", 1L)]
    public Task A_record_that_does_not_add_up_is_refused(string column, object value) =>
        Refuse(TestRows.RevenueShare.With((column, value)));

    [Fact]
    public async Task A_paid_record_names_its_payout_and_its_time()
    {
        var paid = TestRows.RevenueShare.With(("status", "PAID"));
        var payout = NamedId.Create("test/payout");

        await Refuse(paid.With(("paid_at", TestRows.Noon)));
        await Refuse(paid.With(("payout_id", payout)));
        await Keep(paid.With(("paid_at", TestRows.Noon), ("payout_id", payout)));
    }

    [Fact]
    public async Task A_retailer_has_one_record_for_a_month()
    {
        await Keep(TestRows.RevenueShare);

        await Refuse(TestRows.RevenueShare.With(("share_id", new ShareId(NamedId.Create("test/other share")))));
    }

    [Fact]
    public async Task A_flush_is_stored_once()
    {
        await Keep(TestRows.Batch);

        await Refuse(TestRows.Batch.With(("batch_no", 2L)));
        await Refuse(TestRows.Batch.With(("flush_id", NamedId.Create("other flush"))));
    }

    [Fact]
    public Task A_batch_may_be_free() => Keep(TestRows.Batch.With(("charge_micro", 0L)));

    [Theory]
    [InlineData("charge_micro", -1L)]
    [InlineData("event_count", 0)]
    [InlineData("valid_count", 3)]
    [InlineData("click_count", 3)]
    [InlineData("last_hour", 2026081511)]
    [InlineData("payload", null)]
    public Task A_batch_that_contradicts_itself_is_refused(string column, object? value) =>
        Refuse(TestRows.Batch.With((column, value)));

    [Theory]
    [InlineData("campaign_budget", "spent_micro")]
    [InlineData("campaign_budget", "budget_micro")]
    [InlineData("revenue_share", "gross_cents")]
    [InlineData("revenue_share", "event_gross_micro")]
    public async Task Money_is_whole_also_where_the_engine_has_no_types(string table, string column)
    {
        var row = table == "campaign_budget" ? TestRows.Budget : TestRows.RevenueShare;
        await Keep(row);

        // PostgreSQL rounds a fraction to its bigint; SQLite would store it. Text is text on both.
        await RefuseStatement($"UPDATE {table} SET {column} = 'much'");
        if (fixture.Engine == Engine.Sqlite)
        {
            await RefuseStatement($"UPDATE {table} SET {column} = {column} - 0.5");
        }
    }

    private Task Keep(TestRow row) => fixture.Database.Write(row.Insert, CancellationToken.None);

    private async Task Refuse(TestRow row)
    {
        var error = await Assert.ThrowsAnyAsync<DbException>(() => Keep(row));
        Assert.False(Database.IsUnavailable(error), error.Message);
    }

    private Task RefuseStatement(string statement) => Assert.ThrowsAnyAsync<DbException>(() => fixture.Database.Write(
        c => c.Execute(statement, CancellationToken.None), CancellationToken.None));
}

public sealed class SqliteConstraints(SqliteSchema fixture)
    : ConstraintsContract(fixture), IClassFixture<SqliteSchema>;

public sealed class PostgresConstraints(PostgresSchema fixture)
    : ConstraintsContract(fixture), IClassFixture<PostgresSchema>;
