using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public abstract class TrafficContract(Engine engine) : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-traffic-");
    private TestDatabase? _test;

    private string[] On => TestProgram.On(_test!);

    public async Task InitializeAsync() => _test = await TestDatabase.Create(engine);

    public async Task DisposeAsync()
    {
        await _test!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Lists_are_loaded_shown_replaced_and_cleared()
    {
        var organization = (await Done(["organizations", "create", "--name", "Shops", .. On])).Trim();
        await Load(["--list", "network"], "192.0.2.0/24 # a farm", "2001:db8::/32");
        await Load(["--list", "own-network", "--organization", organization], "198.51.100.0/24");
        await Load(["--list", "agent"], "acme-fetch", "other");
        await Load(["--list", "agent"], "Acme-Fetch");

        Assert.Equal(
            [
                "list\torganization_id\tentry",
                "agent\tall\tacme-fetch",
                "network\tall\t192.0.2.0/24",
                "network\tall\t2001:db8::/32",
                $"own-network\t{organization}\t198.51.100.0/24",
            ],
            await Show());

        await Done(["traffic", "clear", "--list", "network", .. On]);
        Assert.DoesNotContain(await Show(), line => line.StartsWith("network", StringComparison.Ordinal));
        var shown = await TestProgram.Run(["traffic", "show", .. On]);
        Assert.Contains("ruleset 3000005", Assert.Single(shown.ErrorLines));
    }

    [Fact]
    public async Task A_file_with_bad_lines_is_refused_whole_with_all_of_them()
    {
        await Load(["--list", "network"], "192.0.2.0/24");

        var ended = await TestProgram.Run(
            ["traffic", "load", "--list", "network", File("198.51.100.0/24", "203.0.113.5/24", "nonsense"), .. On]);

        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Equal(3, ended.ErrorLines.Length);
        Assert.StartsWith("Nothing was loaded", ended.ErrorLines[0]);
        Assert.StartsWith("Line 2 ", ended.ErrorLines[1]);
        Assert.StartsWith("Line 3 ", ended.ErrorLines[2]);
        Assert.DoesNotContain("203.0.113.5", ended.Error);
        Assert.Equal(2, (await Show()).Length);
    }

    [Fact]
    public async Task What_cannot_be_is_one_line()
    {
        await Refused("--organization", [
            "traffic", "clear", "--list", "agent", "--organization", "CXvDk7dyZhWZ7U5u4E3S9F", .. On,
        ]);
        await Refused("no organization", [
            "traffic", "clear", "--list", "own-network", "--organization", "CXvDk7dyZhWZ7U5u4E3S9F", .. On,
        ]);
        await Refused("no entries", ["traffic", "load", "--list", "network", File("# nothing"), .. On]);
        await Refused("cannot be read", ["traffic", "load", "--list", "agent", "/nowhere/list.txt", .. On]);
    }

    private async Task Load(string[] options, params string[] lines) =>
        await Done(["traffic", "load", .. options, File(lines), .. On]);

    private string File(params string[] lines)
    {
        var path = Path.Combine(_folder.FullName, "list.txt");
        System.IO.File.WriteAllLines(path, lines);
        return path;
    }

    private async Task<string[]> Show() =>
        (await Done(["traffic", "show", .. On])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> Done(string[] arguments)
    {
        var ended = await TestProgram.Run(arguments);
        Assert.True(ended.Code == 0, ended.Error);
        return ended.Output;
    }

    private static async Task Refused(string because, string[] arguments)
    {
        var ended = await TestProgram.Run(arguments);
        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(because, Assert.Single(ended.ErrorLines));
    }
}

public sealed class SqliteTraffic() : TrafficContract(Engine.Sqlite);

public sealed class PostgresTraffic() : TrafficContract(Engine.Postgres);
