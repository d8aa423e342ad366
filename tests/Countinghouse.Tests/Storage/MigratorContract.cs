using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Credentials;
using Countinghouse.Organizations;
using Countinghouse.Support;
using Microsoft.Extensions.Options;

namespace Countinghouse.Storage;

public abstract class MigratorContract(Engine engine)
{
    private static readonly TestClock Clock = new();

    [Fact]
    public async Task Every_version_migrates_on_with_its_rows()
    {
        foreach (var step in Migrator.Known)
        {
            Assert.True(TestRows.OfVersion.TryGetValue(step.Number, out var rows), $"{step.Name} has no rows.");
            await using var empty = await TestDatabase.Create(engine, migrate: false);
            await new Migrator(empty.Database, Clock).Migrate(CancellationToken.None, step.Number);
            await Insert(empty.Database, rows);
            var before = await Counts(empty.Database);

            await new Migrator(empty.Database, Clock).Migrate(CancellationToken.None);

            var after = await Counts(empty.Database);
            var names = step.Number == 1 ? TestRows.Renamed : new Dictionary<string, string>();
            Assert.All(before, table => Assert.Equal(
                table.Value, after.GetValueOrDefault(names.GetValueOrDefault(table.Key, table.Key))));
            await AssertReadable(empty.Database);
        }
    }

    [Fact]
    public async Task Every_table_of_a_version_has_rows_to_migrate()
    {
        foreach (var step in Migrator.Known)
        {
            await using var empty = await TestDatabase.Create(engine, migrate: false);
            await new Migrator(empty.Database, Clock).Migrate(CancellationToken.None, step.Number);

            // What only waits for the program to pack it has its rows in version 1.
            var tables = (await empty.Database.Tables()).Except(["schema_migration"]);
            var kept = step.Number == 1 ? [] : new[] { "ad_event", "ingest_batch_v1" };

            Assert.Empty(tables.Except(TestRows.OfVersion[step.Number].Select(row => row.Table)).Except(kept));
        }
    }

    [Fact]
    public async Task Migrating_again_does_nothing()
    {
        await using var migrated = await TestDatabase.Create(engine);

        Assert.Equal(0, await new Migrator(migrated.Database, Clock).Migrate(CancellationToken.None));
    }

    [Fact]
    public async Task Nodes_that_start_at_once_apply_each_step_once()
    {
        await using var empty = await TestDatabase.Create(engine, migrate: false);
        await using var second = empty.OpenAgain();
        await using var third = empty.OpenAgain();
        var nodes = new[] { empty.Database, second, third };

        var applied = await Task.WhenAll(nodes.Select(
            node => Task.Run(() => new Migrator(node, Clock).Migrate(CancellationToken.None))));

        Assert.Equal(Migrator.Known.Count, applied.Sum());
        Assert.Single(applied, steps => steps > 0);
        var recorded = await empty.Database.Read(
            c => c.Number("SELECT COUNT(*) FROM schema_migration", CancellationToken.None), CancellationToken.None);
        Assert.Equal(Migrator.Known.Count, recorded);
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_alone()
    {
        await using var newer = await TestDatabase.Create(engine);
        await newer.Database.Write(
            c => c.Execute(
                "INSERT INTO schema_migration (number, name, applied_at) VALUES (9999, 'later', 0)",
                CancellationToken.None),
            CancellationToken.None);
        var before = await newer.Database.Contents();

        var error = await Assert.ThrowsAsync<SchemaTooNewException>(
            () => new Migrator(newer.Database, Clock).Migrate(CancellationToken.None));

        Assert.Contains("9999", error.Message);
        Assert.Equal(before, await newer.Database.Contents());
    }

    [Fact]
    public void Steps_are_numbered_without_a_gap() =>
        Assert.Equal(Enumerable.Range(1, Migrator.Known.Count), Migrator.Known.Select(step => step.Number));

    private static Task Insert(Database database, IReadOnlyList<TestRow> rows) => database.Write(
        async connection =>
        {
            foreach (var row in rows)
            {
                await row.Insert(connection);
            }
        },
        CancellationToken.None);

    private static async Task<Dictionary<string, string>> Counts(Database database) =>
        (await database.Contents("schema_migration"))
            .ToDictionary(table => table.Key, table => table.Value.Split(' ')[0]);

    /// <summary>The stores of today understand what was written then.</summary>
    private static async Task AssertReadable(Database database)
    {
        var organization = await new OrganizationStore(database, new OrganizationVersions(database, Clock), Clock)
            .Find(TestRows.Advertiser, CancellationToken.None);
        using var cache = new CredentialCache(
            new CredentialStore(database, Options.Create(new AccessOptions())), Clock);
        var keys = await new ApiKeyStore(database, new AuditTrail(database, Clock), cache, Clock)
            .List(TestRows.Advertiser, CancellationToken.None);

        Assert.Equal("Advertiser", organization!.Name);
        Assert.Equal("Ä", organization.Metadata["ref"]);
        Assert.Equal((KeyKind.Csb, Role.Manager, 5), Assert.Single(keys, key => key.IsActive) switch
        {
            var key => (key.Kind, key.Role, key.RateLimitPerDay),
        });
    }
}

public sealed class SqliteMigrator() : MigratorContract(Engine.Sqlite);

public sealed class PostgresMigrator() : MigratorContract(Engine.Postgres);
