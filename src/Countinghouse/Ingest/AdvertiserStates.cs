using System.Data.Common;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>
/// Brings an advertiser's state up to its head: from nothing after a start, by the batches of other nodes after that.
/// Called under the head lock (or in a snapshot, for reading), so "up to the head" means all there is.
/// </summary>
public sealed class AdvertiserStates(
    CampaignSnapshots snapshots,
    EventReader events,
    IdRunStore runs,
    SystemSecrets secrets,
    IOptions<IngestOptions> options,
    IOptions<WindowOptions> windows)
{
    private const long MicrosPerSecond = 1_000_000;

    private const string Budgets = """
        SELECT campaign_id, budget_micro, spent_micro - credited_micro, daily_cap_micro,
               CASE WHEN day = @day THEN day_spent_micro ELSE 0 END
        FROM campaign_budget WHERE org_id = @org
        """;

    private const string Head = """
        SELECT batch_no, hash, config_version, fenced_through, day FROM ingest_head WHERE org_id = @org
        """;

    private const string LastReceived = """
        SELECT committed_at FROM ingest_batch WHERE org_id = @org AND batch_no = @batch
        """;

    private IdHash? _hash;

    /// <summary>How ids are spread, here and in stored runs; after <see cref="Prepare"/>.</summary>
    internal IdHash Hash => _hash ?? throw new InvalidOperationException("The secret of ids is not loaded yet.");

    /// <summary>Loads what is the same for all advertisers, once; not inside a transaction.</summary>
    public async ValueTask Prepare(CancellationToken cancellation)
    {
        if (_hash is null)
        {
            var secret = await secrets.GetOrCreate("id_runs", cancellation);
            _hash = new IdHash(BitConverter.ToUInt64(secret, 0), BitConverter.ToUInt64(secret, 8));
        }
    }

    /// <summary>An advertiser's head, locked as <paramref name="locking"/> says; null when there is none.</summary>
    internal static Task<IngestHead?> ReadHead(
        DbConnection connection, OrganizationId advertiser, string locking, CancellationToken cancellation) =>
        connection.First(
            Head + locking,
            row => new IngestHead(
                row.GetInt64(0), row.Bytes(1), row.GetInt64(2), Period.FromNumber(row.GetInt32(3)), row.GetInt32(4)),
            cancellation,
            ("org", advertiser));

    /// <summary>The state at the head; the one that was given, moved on, or a new one when there was none.</summary>
    internal async Task<AdvertiserState> BringUp(
        DbConnection connection,
        OrganizationId advertiser,
        AdvertiserState? state,
        IngestHead head,
        CancellationToken cancellation)
    {
        state ??= await Load(connection, advertiser, head, cancellation);
        if (state.BatchNo > head.BatchNo)
        {
            throw new InvalidDataException($"The journal of {advertiser} has lost batches: was a backup restored?");
        }

        if (state.BatchNo < head.BatchNo)
        {
            await events.ForEach(
                connection, advertiser, state.BatchNo, head.BatchNo, state.Apply, cancellation);
        }

        if (!state.Hash.AsSpan().SequenceEqual(head.Hash))
        {
            throw new InvalidDataException($"The journal of {advertiser} does not end in the hash of its head.");
        }

        if (state.ConfigVersion != head.ConfigVersion || state.Day != head.Day)
        {
            await ReadTerms(connection, state, head, cancellation);
        }

        return state;
    }

    /// <summary>Reads terms and budgets as they are at the head.</summary>
    internal async Task ReadTerms(
        DbConnection connection, AdvertiserState state, IngestHead head, CancellationToken cancellation)
    {
        var budgets = await connection.Query(
            Budgets,
            row => KeyValuePair.Create(
                row.Id<CampaignId>(0),
                new BudgetState(
                    new Money(row.GetInt64(1)),
                    new Money(row.GetInt64(2)),
                    row.IsDBNull(3) ? null : new Money(row.GetInt64(3)),
                    new Money(row.GetInt64(4)))),
            cancellation,
            ("org", state.Advertiser),
            ("day", head.Day));
        state.Use(
            await snapshots.Read(connection, state.Advertiser, head.ConfigVersion, cancellation),
            new Dictionary<CampaignId, BudgetState>(budgets),
            head.Day);
    }

    /// <summary>
    /// Everything up to the last batch that is in a run or archived: placements, runs and windows. The batches after it
    /// follow like those of another node.
    /// </summary>
    private async Task<AdvertiserState> Load(
        DbConnection connection, OrganizationId advertiser, IngestHead head, CancellationToken cancellation)
    {
        var ids = new KnownIds(Hash, options.Value.HotIdsMax);
        var state = new AdvertiserState(advertiser, ids, new ClientWindows(windows.Value));
        var start = await JournalStart.Read(connection, advertiser, cancellation);
        var through = Math.Max(
            start.BatchNo,
            await EventReader.ProjectedThrough(connection, advertiser, IdRunStore.Projection, cancellation));
        ids.Use(await runs.List(connection, advertiser, cancellation), through);
        foreach (var placement in await events.Placements(connection, advertiser, cancellation))
        {
            state.AddPlacement(placement);
        }

        if (through > 0)
        {
            var last = new Instant(await connection.Number(
                LastReceived, cancellation, ("org", advertiser), ("batch", head.BatchNo)) ?? start.CommittedAt.Micros);
            state.Windows.Expire(last.Micros);
            await events.ForEachRecent(
                connection,
                advertiser,
                through,
                new Instant(last.Micros - (windows.Value.ImpressionWindowSeconds * MicrosPerSecond)),
                new Instant(last.Micros - ((long)ClientWindows.Longest.TotalSeconds * MicrosPerSecond)),
                state.ApplyToWindows,
                cancellation);
        }

        var before = await events.Find(connection, advertiser, [through], cancellation);
        state.BatchNo = through;
        state.Hash = before.Count > 0 ? before[0].Hash : start.Hash;
        state.LastReceivedAt = before.Count > 0 ? before[0].CommittedAt : start.CommittedAt;
        return state;
    }
}
