using System.Data.Common;
using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Npgsql;

namespace Countinghouse.Commands.Doctoring;

/// <summary>Looks at a PostgreSQL server: whether it keeps what it is given, and has room for the nodes.</summary>
internal sealed class PostgresChecks(string connectionString, int nodes, TimeProvider clock, Findings findings)
{
    private const int VersionMin = 150_000;

    /// <summary>Transactions after which PostgreSQL stops; a warning comes long before.</summary>
    private const long TransactionAgeMax = 1_500_000_000;

    private static readonly TimeSpan SkewNoted = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SkewMax = TimeSpan.FromSeconds(30);

    private const string Settings = """
        SELECT name, setting FROM pg_settings
        WHERE name IN ('server_version', 'server_version_num', 'synchronous_commit', 'fsync', 'full_page_writes',
                       'max_connections', 'superuser_reserved_connections', 'reserved_connections',
                       'default_transaction_read_only', 'archive_mode', 'statement_timeout', 'wal_level')
        """;

    private const string Place = """
        SELECT pg_encoding_to_char(d.encoding), d.datcollate, current_schema(),
               CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END,
               CAST(EXTRACT(epoch FROM clock_timestamp()) * 1000000 AS bigint),
               CASE WHEN current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE')
                    THEN 1 ELSE 0 END,
               CAST(age(d.datfrozenxid) AS bigint), current_database()
        FROM pg_database d WHERE d.datname = current_database()
        """;

    /// <summary>Only an owner, or a member of the owning role, can change a table, which migrations do.</summary>
    private const string ForeignTables = """
        SELECT COUNT(*) FROM pg_tables
        WHERE schemaname = current_schema() AND NOT pg_has_role(tableowner, 'USAGE')
        """;

    private const string Migrating = """
        SELECT COUNT(*) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND CAST(classid AS bigint) = @key / 4294967296 AND CAST(objid AS bigint) = @key % 4294967296
        """;

    private const string Standbys = "SELECT COUNT(*) FROM pg_stat_replication";

    private const string IdleSlots = "SELECT COUNT(*) FROM pg_replication_slots WHERE NOT active";

    private const string ArchiveFails = """
        SELECT CASE WHEN last_failed_time > COALESCE(last_archived_time, '-infinity') THEN 1 ELSE 0 END
        FROM pg_stat_archiver
        """;

    private const string Citus = "SELECT extversion FROM pg_extension WHERE extname = 'citus'";

    public async Task Run(DbConnection connection, CancellationToken cancellation)
    {
        var settings = (await connection.Query(Settings, row => (row.GetString(0), row.GetString(1)), cancellation))
            .ToDictionary();
        var version = int.Parse(settings["server_version_num"], CultureInfo.InvariantCulture);
        findings.Expect(
            version >= VersionMin, "server", $"PostgreSQL {settings["server_version"]}", "use version 15 or newer");
        await LookAtPlace(connection, cancellation);
        Keeps(settings);
        Connections(settings);
        findings.Expect(
            await connection.Number(ForeignTables, cancellation) == 0,
            "owner",
            "the tables belong to whoever connects",
            "connect as their owner, or ALTER TABLE ... OWNER TO it: else migrations fail");
        findings.Prefer(
            await connection.Number(Migrating, cancellation, ("key", Migrator.AdvisoryLock)) == 0,
            "migration",
            "none under way",
            "another process is migrating this database; wait for it");
        await Copies(connection, settings, cancellation);
        var citus = await connection.First(Citus, row => row.GetString(0), cancellation);
        findings.Ok("citus", citus is null ? "not installed; not needed on one server" : $"version {citus}");
    }

    private async Task LookAtPlace(DbConnection connection, CancellationToken cancellation)
    {
        var asked = clock.GetUtcNow();
        var place = await connection.First(
            Place,
            row => new
            {
                Encoding = row.GetString(0),
                Collation = row.GetString(1),
                Schema = row.TextOrNull(2),
                IsStandby = Convert.ToInt64(row.GetValue(3), CultureInfo.InvariantCulture) == 1,
                Clock = row.GetInt64(4),
                MayCreate = Convert.ToInt64(row.GetValue(5), CultureInfo.InvariantCulture) == 1,
                Age = row.GetInt64(6),
                Name = row.GetString(7),
            },
            cancellation);
        findings.Expect(
            place!.Encoding == "UTF8",
            "encoding",
            $"{place.Encoding}, collation {place.Collation} (any will do)",
            "make the database anew: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0");
        findings.Expect(
            !place.IsStandby,
            "writable",
            place.IsStandby ? "this is a standby" : "this server takes writes",
            "connect to the primary (Target Session Attributes=primary with several hosts)");
        findings.Expect(
            place.MayCreate,
            "privileges",
            $"may {(place.MayCreate ? "" : "not ")}make tables in schema {place.Schema ?? "(none)"}",
            $"GRANT CREATE ON SCHEMA {place.Schema ?? "public"} to whoever connects, or let it own the database");
        findings.Expect(
            place.Age < TransactionAgeMax,
            "transaction ids",
            $"{place.Age} used since the oldest row was frozen, of 2 billion",
            "VACUUM (FREEZE) now, and find out what keeps autovacuum from it");
        Clocks(asked, new Instant(place.Clock), clock.GetUtcNow());
    }

    /// <summary>What the way there and back may have taken is no difference.</summary>
    private void Clocks(DateTimeOffset asked, Instant theirs, DateTimeOffset answered)
    {
        var skew = TimeSpan.FromMicroseconds(Math.Max(
            0, Math.Max(Instant.Of(asked).Micros - theirs.Micros, theirs.Micros - Instant.Of(answered).Micros)));
        var text = $"{skew.TotalSeconds:0.0} seconds between this machine and the server";
        if (skew > SkewMax)
        {
            findings.Wrong("clock", text, "set both clocks by NTP");
        }
        else
        {
            findings.Prefer(skew <= SkewNoted, "clock", text, "set both clocks by NTP");
        }
    }

    /// <summary>What is acknowledged must be on the disk, whatever then fails.</summary>
    private void Keeps(Dictionary<string, string> settings)
    {
        foreach (var name in new[] { "fsync", "full_page_writes" })
        {
            findings.Expect(
                settings[name] == "on", name, settings[name], "turn it on: without it a crash destroys the database");
        }

        // With "local" and "remote_write" the commit is on this server's disk too; "off" loses the last ones.
        findings.Expect(
            settings["synchronous_commit"] != "off",
            "synchronous_commit",
            settings["synchronous_commit"],
            "turn it on: acknowledged events would be lost in a crash");
        findings.Expect(
            settings["default_transaction_read_only"] == "off",
            "read only",
            settings["default_transaction_read_only"],
            "set default_transaction_read_only to off for this database and user");
        findings.Prefer(
            settings["statement_timeout"] == "0",
            "statement_timeout",
            settings["statement_timeout"] == "0" ? "none" : settings["statement_timeout"] + " ms",
            "closing a month and verifying take long; the program has time limits of its own");
    }

    private void Connections(Dictionary<string, string> settings)
    {
        var pool = new NpgsqlConnectionStringBuilder(connectionString).MaxPoolSize;
        var free = Number("max_connections") - Number("superuser_reserved_connections")
            - Number("reserved_connections");
        findings.Expect(
            (long)pool * nodes <= free,
            "connections",
            $"{free} for everybody; {nodes} x Maximum Pool Size {pool} wanted",
            $"raise max_connections, or set Maximum Pool Size to at most {Math.Max(1, free / nodes)}");

        int Number(string name) =>
            settings.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
    }

    private async Task Copies(
        DbConnection connection, Dictionary<string, string> settings, CancellationToken cancellation)
    {
        var standbys = await connection.Number(Standbys, cancellation) ?? 0;
        var archives = settings["archive_mode"] != "off";
        findings.Prefer(
            archives || standbys > 0,
            "copies",
            $"{standbys} standby servers, archiving {settings["archive_mode"]}",
            "a lost disk loses all since the last dump: archive the write-ahead log, or run a standby");
        if (archives)
        {
            findings.Expect(
                await connection.Number(ArchiveFails, cancellation) == 0,
                "archiving",
                "the last attempt",
                "archive_command fails: see the server's log and pg_stat_archiver");
        }

        findings.Prefer(
            await connection.Number(IdleSlots, cancellation) == 0,
            "replication slots",
            "none is idle",
            "an idle slot keeps the write-ahead log for ever: see pg_replication_slots");
    }
}
