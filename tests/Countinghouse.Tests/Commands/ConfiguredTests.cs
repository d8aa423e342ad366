using System.Text.Json;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

/// <summary>The configuration file and secret files, used for real by the server and by a command.</summary>
public abstract class ConfiguredContract(Engine engine)
{
    [Fact]
    public async Task A_file_alone_places_the_server_and_every_command()
    {
        await using var database = await TestDatabase.Create(engine, migrate: false);
        var folder = Directory.CreateTempSubdirectory("countinghouse-configured-");
        var file = Path.Combine(folder.FullName, "countinghouse.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["Urls"] = "http://127.0.0.1:0",
            ["Data"] = database.Settings.DataDirectory,
            ["Postgres"] = database.Settings.Postgres,
        }));

        // Serve gives --urls itself, which goes before the file's.
        await using var server = await TestProgram.Serve("--config", file, "--set", "RateLimits:AddressPerMinute=7");
        using var client = new HttpClient { BaseAddress = server.Origin };
        using var answer = await client.GetAsync("/advertising/api/v1/campaigns");
        var made = await TestProgram.Run("organizations", "create", "--name", "Corner shops", "--config", file);
        var listed = await TestProgram.Run(
            new Dictionary<string, string> { ["COUNTINGHOUSE_CONFIG"] = file }, "organizations", "list");
        folder.Delete(recursive: true);

        Assert.Equal("7", Assert.Single(answer.Headers.GetValues("X-RateLimit-Limit")));
        Assert.Equal((0, ""), (made.Code, made.Error));
        Assert.Contains("Corner shops", listed.Output);
    }
}

public sealed class SqliteConfigured() : ConfiguredContract(Engine.Sqlite);

public sealed class PostgresConfigured() : ConfiguredContract(Engine.Postgres)
{
    [Fact]
    public async Task The_connection_string_can_lie_in_a_secret_file()
    {
        await using var database = await TestDatabase.Create(Engine.Postgres);
        var folder = Directory.CreateTempSubdirectory("countinghouse-secrets-");
        var file = Path.Combine(folder.FullName, "Postgres");
        await File.WriteAllTextAsync(file, database.Settings.Postgres + "\n");

        var byVariable = await TestProgram.Run(
            new Dictionary<string, string> { ["COUNTINGHOUSE_POSTGRES_FILE"] = file }, "organizations", "list");
        var byFolder = await TestProgram.Run("organizations", "list", "--set", $"Secrets={folder.FullName}");
        var byCredential = await TestProgram.Run(
            new Dictionary<string, string> { ["CREDENTIALS_DIRECTORY"] = folder.FullName }, "organizations", "list");
        folder.Delete(recursive: true);

        Assert.Equal((0, ""), (byVariable.Code, byVariable.Error));
        Assert.Equal((0, ""), (byFolder.Code, byFolder.Error));
        Assert.Equal((0, ""), (byCredential.Code, byCredential.Error));
    }
}
