using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Copies;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class BackupTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-backup-");

    private string Backup => Path.Combine(_folder.FullName, "one.db");

    private string Place => Path.Combine(_folder.FullName, "restored");

    private string Restored => Path.Combine(Place, "countinghouse.db");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_backup_beside_a_server_is_restored_elsewhere_whole_and_for_its_owner_alone()
    {
        await using var world = await MoveWorld.Create();
        await using (var server = await TestProgram.Serve("--data", world.Folder))
        {
            var made = await TestProgram.Run("backup", Backup, "--data", world.Folder);
            Assert.True(made.Code == 0, made.Error);
            Assert.Equal(Backup, made.Output.Trim());
        }

        var restored = await TestProgram.Run("restore", Backup, "--data", Place);
        var verified = await TestProgram.Run("verify", "--data", Place);

        Assert.True(restored.Code == 0, restored.Error);
        Assert.Equal(0, verified.Code);
        Assert.Contains("5 events", verified.Error);
        Assert.Equal(["one.db", "one.db.json", "restored"], Names(_folder.FullName));
        Assert.Equal(["countinghouse.db"], Names(Place));
        Assert.All(
            new[] { Backup, Backup + ".json", Restored },
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task A_folder_gets_a_file_named_by_its_time_and_no_name_is_used_twice()
    {
        await using var world = await MoveWorld.Create(clicks: 0);

        var named = await TestProgram.Run("backup", _folder.FullName, "--data", world.Folder);
        var again = await TestProgram.Run("backup", named.Output.Trim(), "--data", world.Folder);

        Assert.Matches("countinghouse-[0-9]{8}T[0-9]{6}Z\\.db$", named.Output.Trim());
        Assert.Equal(1, again.Code);
        Assert.Contains("a backup replaces nothing", again.ErrorLines[^1]);
    }

    [Theory]
    [InlineData("backup_written:1")]
    [InlineData("backup_before_name:1")]
    public async Task A_backup_that_was_killed_has_no_name_and_is_in_nobodys_way(string failpoint)
    {
        await using var world = await MoveWorld.Create(clicks: 1);

        await TestProgram.RunInto(failpoint, "backup", Backup, "--data", world.Folder);
        var isThere = File.Exists(Backup);
        var made = await TestProgram.Run("backup", Backup, "--data", world.Folder);

        Assert.False(isThere);
        Assert.True(made.Code == 0, made.Error);
        Assert.Equal(["one.db", "one.db.json"], Names(_folder.FullName));
    }

    [Fact]
    public async Task What_is_there_is_kept_and_moved_aside_only_when_asked()
    {
        await using var world = await MoveWorld.Create(clicks: 2);
        await Make(world);

        var refused = await TestProgram.Run("restore", Backup, "--data", world.Folder);
        var replaced = await TestProgram.Run("restore", Backup, "--data", world.Folder, "--replace");

        Assert.Equal(1, refused.Code);
        Assert.Contains("--replace", refused.ErrorLines[^1]);
        Assert.True(replaced.Code == 0, replaced.Error);
        var names = Names(world.Folder);
        Assert.Equal("countinghouse.db", names[0]);

        // Its log, empty by then, goes with it.
        Assert.Matches("^countinghouse\\.db\\.replaced-[0-9TZ]+$", names[1]);
        Assert.All(names.Skip(1), name => Assert.StartsWith(names[1], name));
        Assert.Equal(0, (await TestProgram.Run("verify", "--data", world.Folder)).Code);
    }

    [Fact]
    public async Task A_restore_that_was_killed_between_the_two_names_leaves_both_databases()
    {
        await using var world = await MoveWorld.Create(clicks: 2);
        await Make(world);

        await TestProgram.RunInto(
            "restore_between:1", "restore", Backup, "--data", world.Folder, "--replace");
        var names = Names(world.Folder);
        var again = await TestProgram.Run("restore", Backup, "--data", world.Folder);

        Assert.Contains(names, name => name.StartsWith("countinghouse.db.replaced-"));
        Assert.Contains("countinghouse.restoring", names);
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(0, (await TestProgram.Run("verify", "--data", world.Folder)).Code);
    }

    [Fact]
    public async Task Nothing_is_restored_under_a_running_server()
    {
        await using var world = await MoveWorld.Create(clicks: 2);
        await Make(world);
        await using var server = await TestProgram.Serve("--data", world.Folder);

        var refused = await TestProgram.Run("restore", Backup, "--data", world.Folder, "--replace");

        Assert.Equal(1, refused.Code);
        Assert.Contains("stop it first", refused.ErrorLines[^1]);
        Assert.DoesNotContain(Names(world.Folder), name => name.Contains("restoring") || name.Contains("replaced"));
    }

    [Theory]
    [InlineData("flipped", "is not the file that was backed up")]
    [InlineData("cut", "is not the file that was backed up")]
    [InlineData("no manifest", "There is no")]
    [InlineData("bad manifest", "is not the manifest of a backup")]
    [InlineData("newer", "schema version 900")]
    [InlineData("figures", "nothing was put in place")]
    [InlineData("log", "exists already")]
    public async Task What_is_not_the_backup_is_not_restored(string fault, string expected)
    {
        await using var world = await MoveWorld.Create(clicks: 2);
        if (fault == "figures")
        {
            await MoveWorld.Change(world.Source, "UPDATE campaign_total SET clicks = 3");
        }

        await Make(world);
        await Spoil(fault);

        var ended = await TestProgram.Run("restore", Backup, "--data", Place);

        Assert.Equal(1, ended.Code);
        Assert.Contains(expected, ended.ErrorLines[^1]);
        Assert.DoesNotContain(Names(Place), name => name != "countinghouse.db-wal");
    }

    [Theory]
    [InlineData("nowhere/one.db", "There is no folder")]
    [InlineData("", "a backup replaces nothing")]
    public async Task A_backup_that_cannot_be_written_is_one_line(string name, string expected)
    {
        await using var world = await MoveWorld.Create(clicks: 0);
        await Make(world);

        var path = name.Length == 0 ? Backup : Path.Combine(_folder.FullName, name);
        var ended = await TestProgram.Run("backup", path, "--data", world.Folder);

        Assert.Equal(1, ended.Code);
        Assert.Contains(expected, ended.ErrorLines[^1]);
    }

    [Fact]
    public async Task On_PostgreSQL_it_says_what_to_use()
    {
        var ended = await TestProgram.Run("backup", Backup, "--postgres", "Host=db;Password=secret");

        Assert.Equal(1, ended.Code);
        Assert.Contains("pg_basebackup", Assert.Single(ended.ErrorLines));
        Assert.DoesNotContain("secret", ended.Error);
    }

    private async Task Make(MoveWorld world)
    {
        var made = await TestProgram.Run("backup", Backup, "--data", world.Folder);
        Assert.True(made.Code == 0, made.Error);
    }

    private async Task Spoil(string fault)
    {
        var manifest = Backup + ".json";
        switch (fault)
        {
            case "flipped":
                var bytes = await File.ReadAllBytesAsync(Backup);
                bytes[bytes.Length / 2] ^= 1;
                await File.WriteAllBytesAsync(Backup, bytes);
                break;
            case "cut":
                await using (var file = new FileStream(Backup, FileMode.Open))
                {
                    file.SetLength(file.Length - 4096);
                }

                break;
            case "no manifest":
                File.Delete(manifest);
                break;
            case "bad manifest":
                await File.WriteAllTextAsync(manifest, """{"format": 1, "sha256": null}""");
                break;
            case "newer":
                var text = await File.ReadAllTextAsync(manifest);
                await File.WriteAllTextAsync(
                    manifest, text.Replace($"version\": {Migrator.Known[^1].Number}", "version\": 900"));
                break;
            case "log":
                Directory.CreateDirectory(Place);
                await File.WriteAllTextAsync(Restored + "-wal", "of a database that is gone");
                break;
        }
    }

    private static List<string> Names(string folder) =>
    [
        .. new DirectoryInfo(folder).EnumerateFileSystemInfos().Select(one => one.Name).Order(StringComparer.Ordinal),
    ];
}
