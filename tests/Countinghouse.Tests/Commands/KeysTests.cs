using System.Net;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public abstract class KeysContract(Engine engine)
{
    [Fact]
    public async Task A_key_made_on_the_command_line_opens_the_api_until_it_is_revoked()
    {
        await using var database = await TestDatabase.Create(engine);
        var on = TestProgram.On(database);
        var organization = await Result(["organizations", "create", "--name", "Corner shops", .. on]);
        var key = await Result(
            ["keys", "create", "--organization", organization, "--kind", "csb", "--role", "manager", .. on]);
        await using var server = await TestProgram.Serve(on);

        Assert.Equal(HttpStatusCode.OK, await Status(server, organization, key));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(server, organization, key[..^1] + "!"));

        var id = (await List(organization, on))[1].Split('\t')[0];
        Assert.Equal(0, (await TestProgram.Run(["keys", "revoke", id, .. on])).Code);
        await Task.Delay(TimeSpan.FromSeconds(5));

        Assert.Equal(HttpStatusCode.Unauthorized, await Status(server, organization, key));
        Assert.Equal("revoked", (await List(organization, on))[1].Split('\t')[4]);
    }

    [Fact]
    public async Task The_list_has_everything_but_the_key()
    {
        await using var database = await TestDatabase.Create(engine);
        var on = TestProgram.On(database);
        var organization = await Result(["organizations", "create", "--name", "Corner shops", .. on]);
        var key = await Result([
            "keys", "create", "--organization", organization, "--kind", "cpk", "--role", "readonly", "--name", "a\tb",
            "--expires", "2999-01-31T00:00:00Z", "--per-minute", "7", .. on,
        ]);

        var lines = await List(organization, on);

        Assert.Equal(2, lines.Length);
        Assert.Equal(
            ["cpk", "readonly", "a b", "active", "2999-01-31T00:00:00Z", "never", "7", "default"],
            lines[1].Split('\t')[1..9]);
        Assert.DoesNotContain(key[4..^9], lines[1]);
        Assert.Equal(45, key.Length);
    }

    [Fact]
    public async Task A_key_replaced_on_the_command_line_is_good_beside_the_new_one_for_the_overlap()
    {
        await using var database = await TestDatabase.Create(engine);
        var on = TestProgram.On(database);
        var organization = await Result(["organizations", "create", "--name", "Corner shops", .. on]);
        await Result([
            "keys", "create", "--organization", organization, "--kind", "cpk", "--role", "readonly",
            "--origin", "https://shop.example", "--origin", "https://www.shop.example", .. on,
        ]);
        var id = (await List(organization, on))[1].Split('\t')[0];

        var key = await Result(["keys", "rotate", id, "--overlap", "60", .. on]);

        Assert.StartsWith("cpk_", key, StringComparison.Ordinal);
        var lines = (await List(organization, on))[1..];
        Assert.Equal(["active", "active"], lines.Select(line => line.Split('\t')[4]));
        Assert.Single(lines, line => line.Split('\t')[5] == "never");
    }

    [Fact]
    public async Task What_does_not_exist_is_one_line()
    {
        await using var database = await TestDatabase.Create(engine);
        var on = TestProgram.On(database);
        const string nobody = "CXvDk7dyZhWZ7U5u4E3S9F";

        await Refused($"no organization {nobody}", ["keys", "list", "--organization", nobody, .. on]);
        await Refused(
            $"no organization {nobody}",
            ["keys", "create", "--organization", nobody, "--kind", "csb", "--role", "editor", .. on]);
        await Refused($"no active key {nobody}", ["keys", "revoke", nobody, .. on]);
        await Refused($"no active key {nobody}", ["keys", "rotate", nobody, .. on]);
    }

    [Fact]
    public async Task A_key_that_would_be_over_already_is_not_made()
    {
        await using var database = await TestDatabase.Create(engine);
        var on = TestProgram.On(database);
        var organization = await Result(["organizations", "create", "--name", "Corner shops", .. on]);

        await Refused("--expires", [
            "keys", "create", "--organization", organization, "--kind", "csb", "--role", "editor",
            "--expires", "2001-01-31T00:00:00Z", .. on,
        ]);

        Assert.Single(await List(organization, on));
    }

    private static async Task<string> Result(string[] arguments)
    {
        var ended = await TestProgram.Run(arguments);
        Assert.True(ended.Code == 0, ended.Error);
        return Assert.Single(ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<string[]> List(string organization, string[] on)
    {
        var ended = await TestProgram.Run(["keys", "list", "--organization", organization, .. on]);
        Assert.True(ended.Code == 0, ended.Error);
        return ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task Refused(string because, string[] arguments)
    {
        var ended = await TestProgram.Run(arguments);
        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(because, Assert.Single(ended.ErrorLines));
    }

    private static async Task<HttpStatusCode> Status(TestProgram server, string organization, string key)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        using var answer = await client.GetAsync(
            new Uri(server.Origin, $"/advertising/api/v1/organizations/{organization}"));
        return answer.StatusCode;
    }
}

public sealed class SqliteKeys() : KeysContract(Engine.Sqlite);

public sealed class PostgresKeys() : KeysContract(Engine.Postgres);

public sealed class EmptyFolderTests
{
    [Fact]
    public async Task A_command_pointed_at_an_empty_folder_makes_no_database_there()
    {
        var folder = Directory.CreateTempSubdirectory("countinghouse-empty-");

        var ended = await TestProgram.Run("organizations", "list", "--data", folder.FullName);

        Assert.Equal(1, ended.Code);
        Assert.Contains(folder.FullName, Assert.Single(ended.ErrorLines));
        Assert.Empty(folder.EnumerateFileSystemInfos());
        folder.Delete();
    }
}
