using System.Net;
using System.Net.Http.Json;
using Countinghouse.Accounts;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public abstract class UsersContract(Engine engine)
{
    private const string Email = "kim@example.com";

    [Fact]
    public async Task The_first_owner_comes_in_by_a_link_from_the_terminal_and_gets_a_new_password_there_too()
    {
        await using var database = await TestDatabase.Create(engine);
        var on = TestProgram.On(database);
        var organization = await Result(["organizations", "create", "--name", "Corner shops", .. on]);
        var link = await Result(
            ["users", "invite", "--organization", organization, "--email", Email, "--role", "owner", .. on]);
        await using var server = await TestProgram.Serve(on);
        using var client = new HttpClient { BaseAddress = new Uri(server.Origin, "/advertising/api/v1/") };

        Assert.Equal(HttpStatusCode.OK, await Post(client, "invitations/accept", new
        {
            token = link.Split('#')[1],
            name = "Kim",
            password = People.Password,
        }));
        Assert.Equal(HttpStatusCode.OK, await SignIn(client, People.Password));
        var list = await TestProgram.Run(["users", "list", "--organization", organization, .. on]);
        Assert.Equal([Email, "Kim", "owner", "off"], list.Output.Split('\n')[1].Split('\t')[1..5]);

        var reset = await Result(["users", "reset", "KIM@example.com", .. on]);
        Assert.Equal(HttpStatusCode.NoContent, await Post(client, "password-resets/complete", new
        {
            token = reset.Split('#')[1],
            password = "another long password",
        }));
        Assert.Equal(HttpStatusCode.Unauthorized, await SignIn(client, People.Password));
        Assert.Equal(HttpStatusCode.OK, await SignIn(client, "another long password"));
    }

    [Fact]
    public async Task What_does_not_exist_or_is_there_already_is_one_line()
    {
        await using var database = await TestDatabase.Create(engine);
        var on = TestProgram.On(database);
        const string nobody = "CXvDk7dyZhWZ7U5u4E3S9F";

        await Refused($"no organization {nobody}", ["users", "list", "--organization", nobody, .. on]);
        await Refused(
            $"no organization {nobody}",
            ["users", "invite", "--organization", nobody, "--email", Email, "--role", "owner", .. on]);
        await Refused("nobody with this mail address", ["users", "reset", Email, .. on]);
    }

    private static async Task<string> Result(string[] arguments)
    {
        var ended = await TestProgram.Run(arguments);
        Assert.True(ended.Code == 0, ended.Error);
        return Assert.Single(ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task Refused(string because, string[] arguments)
    {
        var ended = await TestProgram.Run(arguments);
        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains(because, Assert.Single(ended.ErrorLines));
    }

    private static Task<HttpStatusCode> SignIn(HttpClient client, string password) =>
        Post(client, "session", new { email = Email, password });

    private static async Task<HttpStatusCode> Post(HttpClient client, string path, object body)
    {
        using var content = JsonContent.Create(body);
        await content.LoadIntoBufferAsync();
        content.Headers.ContentType = new("application/json");
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        return answer.StatusCode;
    }
}

public sealed class SqliteUsers() : UsersContract(Engine.Sqlite);

public sealed class PostgresUsers() : UsersContract(Engine.Postgres);
