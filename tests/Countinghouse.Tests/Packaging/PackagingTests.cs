using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Countinghouse.Support;
using YamlDotNet.RepresentationModel;

namespace Countinghouse.Packaging;

/// <summary>What the files of packaging/ say of the program and of each other, held against both.</summary>
public sealed partial class PackagingTests : IDisposable
{
    private const string ConfigFile = "/etc/countinghouse/countinghouse.json";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-packaging-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_configuration_that_is_shipped_is_right_and_fits_the_service()
    {
        var ended = await TestProgram.Run("config", "show", "--json", "--config", PathOf("countinghouse.json"));

        Assert.Equal((0, ""), (ended.Code, ended.Error));
        var data = JsonDocument.Parse(ended.Output).RootElement.EnumerateArray()
            .Single(one => one.GetProperty("setting").GetString() == "Data");
        Assert.Equal($"/var/lib/{Unit("StateDirectory")}", data.GetProperty("value").GetString());
        Assert.Equal(Unit("WorkingDirectory"), data.GetProperty("value").GetString());
        Assert.Contains($"u {Unit("User")} ", Read("countinghouse.sysusers"));
    }

    [Fact]
    public async Task The_service_starts_the_program_in_a_way_that_it_takes()
    {
        var words = Unit("ExecStart").Split(' ');
        Assert.Equal("/usr/bin/countinghouse", words[0]);
        Assert.Contains(ConfigFile, words);

        // Wrong options end with 2; these are right, and only the file is not there.
        var missing = Path.Combine(_folder.FullName, "none.json");
        var ended = await TestProgram.Run([.. words[1..].Select(word => word == ConfigFile ? missing : word)]);

        Assert.Equal(1, ended.Code);
        Assert.Contains(missing, Assert.Single(ended.ErrorLines));
        Assert.Equal("notify", Unit("Type"));
        Assert.Equal("no", Unit("MemoryDenyWriteExecute"));
    }

    [Fact]
    public async Task The_image_is_made_of_files_that_are_there_and_runs_commands_that_are_known()
    {
        var text = Read("Dockerfile").Replace("\\\n", " ", StringComparison.Ordinal);
        var lines = text.Split('\n').Where(line => !line.StartsWith('#')).ToList();
        var environment = lines.Where(line => line.StartsWith("ENV ", StringComparison.Ordinal))
            .SelectMany(line => Assignment().Matches(line))
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        var entry = Words(Assert.Single(lines, line => line.StartsWith("ENTRYPOINT", StringComparison.Ordinal)));
        var command = Words(Assert.Single(lines, line => line.StartsWith("CMD", StringComparison.Ordinal)));
        var health = Words(Assert.Single(lines, line => line.StartsWith("HEALTHCHECK", StringComparison.Ordinal)));

        var check = await TestProgram.Run(environment, "config", "check");
        var wrong = new Dictionary<string, string>(environment) { ["COUNTINGHOUSE_Nonsense"] = "1" };
        var serve = await TestProgram.Run(wrong, command);
        var asked = await TestProgram.Run(health[1..].Append("--url").Append("http://127.0.0.1:1").ToArray());

        Assert.Equal((0, ""), (check.Code, check.Error));
        Assert.Equal(["/usr/bin/countinghouse"], entry);
        Assert.Equal((1, "There is no setting Nonsense"), (serve.Code, serve.Error[..28]));
        Assert.Equal((1, "Not ready: "), (asked.Code, asked.Error[..11]));
        Assert.Contains("USER 10001:10001", lines);
        Assert.Contains($"VOLUME {environment["COUNTINGHOUSE_DATA"]}", lines);
        Assert.All(
            lines.Where(line => line.StartsWith("COPY packaging/", StringComparison.Ordinal)),
            line => Assert.True(File.Exists(Path.Combine(Repository.Root, line.Split(' ')[1])), line));
        Assert.Contains("countinghouse:x:10001:10001", Read("image-root"));
    }

    [Fact]
    public async Task The_composition_names_what_it_uses_and_its_settings_are_known()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Read("compose.yaml")));
        var root = (YamlMappingNode)yaml.Documents[0].RootNode;
        var services = (YamlMappingNode)root["services"];
        var (app, database) = (services["countinghouse"], services["db"]);

        var secrets = ((YamlMappingNode)root["secrets"]).Children.Keys.Select(key => key.ToString()).ToList();
        var volumes = ((YamlMappingNode)root["volumes"]).Children.Keys.Select(key => key.ToString()).ToList();
        Assert.Empty(services.Children.Values.SelectMany(one => Texts(one["secrets"])).Except(secrets));
        Assert.Empty(services.Children.Values
            .SelectMany(one => Texts(one["volumes"])).Select(text => text.Split(':')[0]).Except(volumes));
        Assert.Equal("service_healthy", app["depends_on"]["db"]["condition"].ToString());
        Assert.NotEmpty(Texts(database["healthcheck"]["test"]));
        Assert.True(int.Parse(Digits().Match(database["image"].ToString()).Value, CultureInfo.InvariantCulture) >= 15);
        Assert.True(File.Exists(Path.Combine(Repository.Root, app["build"]["dockerfile"].ToString())));

        var connection = Path.Combine(_folder.FullName, "connection");
        var line = Assert.Single(Read("compose.yaml").Split('\n'), line => line.Contains("echo \"Host="));
        await File.WriteAllTextAsync(connection, line.Split('"')[1].Replace("$(cat secrets/postgres_password)", "x"));
        var environment = ((YamlMappingNode)app["environment"]).Children.ToDictionary(
            one => one.Key.ToString(),
            one => one.Value.ToString().Replace("/run/secrets", _folder.FullName, StringComparison.Ordinal));
        var ended = await TestProgram.Run(environment, "config", "show");
        Assert.Equal((0, ""), (ended.Code, ended.Error));
        Assert.Contains("Postgres\tset\t", ended.Output);
    }

    [Theory]
    [InlineData("build")]
    [InlineData("image-root")]
    [InlineData("debian/postinst")]
    [InlineData("debian/prerm")]
    [InlineData("debian/postrm")]
    public void A_script_can_be_read_and_run(string script)
    {
        using var shell = System.Diagnostics.Process.Start("bash", ["-n", PathOf(script)]);
        shell.WaitForExit();

        Assert.Equal(0, shell.ExitCode);
        if (!OperatingSystem.IsWindows())
        {
            Assert.True((File.GetUnixFileMode(PathOf(script)) & UnixFileMode.UserExecute) != 0);
        }
    }

    internal static string PathOf(string file) => Path.Combine(Repository.Root, "packaging", file);

    private static string Read(string file) => File.ReadAllText(PathOf(file));

    /// <summary>The one value of a line of the unit.</summary>
    private static string Unit(string name) => Assert.Single(
        Read("countinghouse.service").Split('\n'),
        line => line.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    /// <summary>The JSON list at the end of an instruction.</summary>
    private static string[] Words(string line) => JsonSerializer.Deserialize<string[]>(line[line.IndexOf('[')..])!;

    private static IEnumerable<string> Texts(YamlNode list) =>
        ((YamlSequenceNode)list).Select(one => one.ToString());

    [GeneratedRegex(@"(\w+)=(\S+)")]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
