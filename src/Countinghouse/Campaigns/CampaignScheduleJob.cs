using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Campaigns;

/// <summary>
/// Completes campaigns whose end date has passed, once a minute. Charging stops at midnight without it: the flush looks
/// at the dates. One node does it; two at once would do no harm, because the condition is in the statement.
/// </summary>
public sealed partial class CampaignScheduleJob(
    Database database,
    OrganizationVersions versions,
    AuditTrail trail,
    JobTurns turns,
    TimeProvider clock,
    ILogger<CampaignScheduleJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private const string OrganizationsWithEnded =
        "SELECT DISTINCT org_id FROM campaign WHERE status IN ('active', 'paused') AND end_day < @today";

    private const string Ended = """
        SELECT campaign_id, status FROM campaign
        WHERE org_id = @org AND status IN ('active', 'paused') AND end_day < @today ORDER BY campaign_id
        """;

    private const string Complete = """
        UPDATE campaign
        SET status = 'completed', completed_reason = 'end_date', completed_at = @now, version = version + 1
        WHERE org_id = @org AND status IN ('active', 'paused') AND end_day < @today
        """;

    /// <summary>Does what is due now; how many campaigns were completed.</summary>
    public async Task<int> CompleteEnded(CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var today = UtcDay.Of(now);
        var due = await database.Read(
            c => c.Query(OrganizationsWithEnded, row => row.Id<OrganizationId>(0), cancellation, ("today", today)),
            cancellation);
        var completed = 0;
        foreach (var organization in due)
        {
            completed += await database.Write(
                connection => CompleteEnded(connection, organization, now, cancellation), cancellation);
            versions.Changed(organization);
        }

        return completed;
    }

    /// <summary>Under the head lock, which every other change of a campaign takes too.</summary>
    private async Task<int> CompleteEnded(
        DbConnection connection, OrganizationId organization, DateTimeOffset now, CancellationToken cancellation)
    {
        var (today, at) = (UtcDay.Of(now), Instant.Of(now));
        await connection.Execute(OrganizationVersions.Raise, cancellation, ("org", organization));
        var ended = await connection.Query(
            Ended,
            row => (Campaign: row.Id<CampaignId>(0), Status: CampaignWords.Status(row.GetString(1))),
            cancellation,
            ("org", organization),
            ("today", today));
        var completed = await connection.Execute(
            Complete, cancellation, ("org", organization), ("today", today), ("now", at));
        await trail.Record(
            connection,
            organization,
            ended.Select(one => new AuditChange(
                "campaign.complete",
                CampaignStore.SubjectOf(one.Campaign),
                new
                {
                    one.Status,
                    CompletedReason = (CompletedReason?)null,
                    CompletedAt = (Instant?)null,
                },
                new
                {
                    Status = CampaignStatusEnum.Completed,
                    CompletedReason = (CompletedReason?)CompletedReason.EndDate,
                    CompletedAt = (Instant?)at,
                })),
            cancellation);
        return completed;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        turns.Run("campaigns", CompleteEachMinute, stoppingToken);

    private async Task CompleteEachMinute(CancellationToken myTurn)
    {
        Acting.Begin("job:campaigns");
        while (!myTurn.IsCancellationRequested)
        {
            try
            {
                await CompleteEnded(myTurn);
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogPostponed(error.Message);
            }

            await Task.Delay(Pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
