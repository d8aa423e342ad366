using System.Data.Common;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Retention;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands.Doctoring;

/// <summary>Looks at what lies in the database: its schema, its journal, and when that was last verified.</summary>
internal sealed class BookChecks(IServiceProvider services, Engine engine, Findings findings)
{
    private static readonly TimeSpan VerifiedWithin = TimeSpan.FromHours(48);

    /// <summary>A batch of later: the clock of the node that wrote it was ahead, or this one is behind.</summary>
    private static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(1);

    private const string HistoryOnPostgres = """
        SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_migration'
        """;

    private const string HistoryOnSqlite = """
        SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'
        """;

    private const string NewestStep = "SELECT COALESCE(MAX(number), 0) FROM schema_migration";

    /// <summary>By each head's own number: a look-up each, however long the journal is.</summary>
    private const string Journal = """
        SELECT COUNT(*), CAST(COALESCE(SUM(h.batch_no), 0) AS bigint), MAX(b.committed_at),
               COALESCE(SUM(CASE WHEN b.hash <> h.hash THEN 1 ELSE 0 END), 0)
        FROM ingest_head h LEFT JOIN ingest_batch b ON b.org_id = h.org_id AND b.batch_no = h.batch_no
        WHERE h.batch_no > 0
        """;

    private const string OthersUsed = "SELECT COUNT(*) FROM (SELECT 1 FROM ingest_batch_other LIMIT 1) AS one";

    public async Task Run(DbConnection connection, DateTimeOffset now, CancellationToken cancellation)
    {
        var hasHistory = await connection.Number(
            engine == Engine.Postgres ? HistoryOnPostgres : HistoryOnSqlite, cancellation) > 0;
        var newest = hasHistory ? await connection.Number(NewestStep, cancellation) ?? 0 : 0;
        var known = Migrator.Known[^1].Number;
        if (newest < known)
        {
            findings.Note(
                "schema",
                newest == 0 ? "the database is empty" : $"version {newest}, this program's is {known}",
                "\"serve\" brings it up to date; what else lies in it is looked at after that");
            return;
        }

        findings.Expect(
            newest == known,
            "schema",
            $"version {newest}, this program's is {known}",
            "run a program at least as new as the one that made it");
        if (newest == known)
        {
            await LookAtJournal(connection, now, cancellation);
            await LookAtMonths(connection, now, cancellation);
            await LookAtVerification(now, cancellation);
        }
    }

    private async Task LookAtJournal(DbConnection connection, DateTimeOffset now, CancellationToken cancellation)
    {
        var journal = await connection.First(
            Journal,
            row => new
            {
                Advertisers = row.GetInt64(0),
                Batches = row.GetInt64(1),
                Last = row.NumberOrNull(2),
                Broken = row.GetInt64(3),
            },
            cancellation);
        var last = journal!.Last is { } micros ? new Instant(micros) : (Instant?)null;
        findings.Expect(
            journal.Broken == 0,
            "journal",
            $"{journal.Batches} batches of {journal.Advertisers} advertisers"
                + (last is null ? "" : $", the last at {last}"),
            $"{journal.Broken} heads do not fit their last batch: run \"countinghouse verify\", and restore a backup");
        if (last is { } time)
        {
            findings.Expect(
                time.Micros <= Instant.Of(now + AheadMax).Micros,
                "journal's clock",
                "the last batch is not from the future",
                $"it is of {time}: set the clocks of all nodes by NTP");
        }

        var behind = await services.GetRequiredService<Rollups>().CountBehind(cancellation);
        findings.Prefer(
            behind == 0,
            "rollups",
            $"{behind} batches behind the journal",
            "a running server catches up within seconds; reports are right meanwhile");
    }

    private async Task LookAtMonths(DbConnection connection, DateTimeOffset now, CancellationToken cancellation)
    {
        if (engine == Engine.Sqlite)
        {
            return;
        }

        var names = await services.GetRequiredService<JournalMonths>().Names(cancellation);
        var next = UtcDay.Of(now).Period.Next;
        findings.Expect(
            names.Contains(JournalMonths.NameOf(next)),
            "months",
            $"{names.Count - 1} months of the journal have a partition; the next is {next}",
            "start a server of this version: it makes the coming months");
        var hasOthers = await connection.Number(OthersUsed, cancellation) > 0;
        findings.Prefer(
            !hasOthers,
            "other months",
            hasOthers ? "some batches lie in no month's partition" : "every batch lies in its month's partition",
            "they are from before there were months, or of a wrong clock; they stay, and do no harm");
    }

    private async Task LookAtVerification(DateTimeOffset now, CancellationToken cancellation)
    {
        var last = await services.GetRequiredService<VerificationStore>().Last(cancellation);
        if (last is null)
        {
            findings.Note("verification", "there has been none", "run \"countinghouse verify\"");
            return;
        }

        var text = $"{last.State.ToString().ToLowerInvariant()}, begun {last.StartedAt}";
        if (last.State == VerificationState.Different)
        {
            findings.Wrong(
                "verification",
                $"{text}: {last.DifferenceCount} differences",
                "see docs/operating.md on verifying; no month is closed until one is clean");
            return;
        }

        var isOff = services.GetRequiredService<IOptions<IngestOptions>>().Value.VerifyAtHourUtc < 0;
        findings.Prefer(
            isOff || last.StartedAt.Micros >= Instant.Of(now - VerifiedWithin).Micros,
            "verification",
            text,
            "none for two days: is a server running at the hour of Ingest:VerifyAtHourUtc?");
    }
}
