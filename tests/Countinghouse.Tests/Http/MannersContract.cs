using System.Text.Json;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Http;

/// <summary>What every endpoint does alike, shown on one of each kind.</summary>
public abstract class MannersContract(ApiWorld world)
{
    private readonly TestServer _server = world.Server;

    [Theory]
    [InlineData("a")]
    [InlineData("abc-DEF_123.4")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task A_request_id_that_can_be_printed_is_taken_over(string id)
    {
        Assert.Equal(id, await RequestIdFor(id));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("semi;colon")]
    [InlineData("a/b")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public async Task Any_other_request_id_is_replaced(string? id)
    {
        var made = await RequestIdFor(id);

        Assert.NotEqual(id, made);
        Assert.Matches("^[A-Za-z0-9._-]{1,64}$", made);
        Assert.NotEqual(made, await RequestIdFor(id));
    }

    [Fact]
    public async Task Writing_notes_merges_and_an_empty_value_deletes()
    {
        var path = await NewLocation(new { a = "1", b = "2" });

        Assert.Equal("""{"a":"1","b":"3","c":"4"}""", await Notes(path, """{"b": "3", "c": "4"}"""));
        Assert.Equal("""{"b":"3","c":"4"}""", await Notes(path, """{"a": "", "nothing": ""}"""));
        Assert.Equal("""{"b":"3","c":"4"}""", await Notes(path, null));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    public async Task Empty_notes_or_null_clear_all(string written)
    {
        var path = await NewLocation(new { a = "1" });

        Assert.Equal("{}", await Notes(path, written));
        Assert.Equal("{}", await Notes(path, null));
    }

    [Fact]
    public async Task Notes_hold_50_keys_of_40_characters_with_500_each_and_no_more()
    {
        var full = Enumerable.Range(10, 50).ToDictionary(n => new string('k', 38) + n, _ => new string('ä', 500));
        var path = await NewLocation(full);
        var before = await Notes(path, null);

        var answer = await _server.Send(
            HttpMethod.Patch, path, world.OperatorKey, """{"name": "Other", "metadata": {"more": "1"}}""");

        Assert.Equal(422, answer.Status);
        Assert.Equal(before, await Notes(path, null));
        Assert.DoesNotContain("Other", await _server.Send(HttpMethod.Get, Locations, world.OperatorKey)
            .ContinueWith(sent => sent.Result.Text, TaskScheduler.Default));
        Assert.Equal(50, JsonDocument.Parse(before).RootElement.EnumerateObject().Count());
        var replaced = await Notes(path, $$"""{"{{full.Keys.First()}}": "", "more": "1"}""");
        Assert.Equal(50, JsonDocument.Parse(replaced).RootElement.EnumerateObject().Count());
    }

    [Fact]
    public async Task New_notes_with_an_empty_value_do_not_have_the_key()
    {
        Assert.Equal("""{"b":"1"}""", await Notes(await NewLocation(new { a = "", b = "1" }), null));
    }

    [Theory]
    [InlineData("reporting/organizations/{0}/campaigns")]
    [InlineData("reporting/organizations/{0}/performance")]
    [InlineData("reporting/organizations/{0}/performance/series")]
    [InlineData("reporting/campaigns/{1}/summary")]
    [InlineData("reporting/campaigns/{1}/performance")]
    public async Task A_report_that_has_not_changed_is_not_sent_again(string report)
    {
        var path = string.Format(null, report, world.Advertiser, world.Ids["campaign_id"]);
        var first = await _server.Send(HttpMethod.Get, path, world.OperatorKey);
        var tag = first.Headers["ETag"];
        Assert.Equal(200, first.Status);
        Assert.Matches("^\"[^\"]+\"$", tag);

        foreach (var known in new[] { tag, $"\"other\", {tag}", "*", "W/" + tag })
        {
            var again = await If(path, known);
            Assert.Equal((304, "", tag), (again.Status, again.Text, again.Headers["ETag"]));
            Assert.Contains("private", again.Headers["Cache-Control"]);
        }

        var other = await If(path, "\"other\"");
        Assert.Equal((200, first.Text, tag), (other.Status, other.Text, other.Headers["ETag"]));

        var click = new { campaign_id = world.Ids["campaign_id"] };
        var sent = await _server.Send(HttpMethod.Post, "ads/click", world.OperatorKey, click);
        Assert.Equal(200, sent.Status);
        var changed = await If(path, tag);
        Assert.Equal(200, changed.Status);
        Assert.NotEqual(tag, changed.Headers["ETag"]);
        Assert.NotEqual(first.Text, changed.Text);
    }

    [Fact]
    public async Task Answers_behind_a_credential_are_not_for_shared_caches()
    {
        foreach (var operation in world.Operations.Where(
            operation => operation.Method == HttpMethod.Get))
        {
            var answer = await world.Get(operation);

            // What has a secret in it is not even kept by the browser.
            var words = answer.Headers["Cache-Control"].Split(", ");
            Assert.True(words.Contains("no-cache"), operation.ToString());
            Assert.True(words.Contains("private") || words.Contains("no-store"), operation.ToString());
        }
    }

    [Fact]
    public async Task A_page_past_the_end_is_empty_and_says_so()
    {
        var list = await _server.GetJson($"{Locations}?page=1000&page_size=1", world.OperatorKey);
        var pagination = list.GetProperty("pagination");

        Assert.Equal(0, list.GetProperty("data").GetArrayLength());
        Assert.False(pagination.GetProperty("has_next").GetBoolean());
        Assert.True(pagination.GetProperty("has_previous").GetBoolean());
        Assert.Equal(1000, pagination.GetProperty("page").GetInt32());
    }

    [Fact]
    public async Task An_empty_list_has_one_page()
    {
        var path = $"organizations/{await _server.NewOrganization("Empty")}/campaigns";

        var pagination = (await _server.GetJson(path, world.OperatorKey)).GetProperty("pagination");

        Assert.Equal(
            """{"page":1,"page_size":25,"total_count":0,"total_pages":1,"has_next":false,"has_previous":false}""",
            pagination.GetRawText());
    }

    [Fact]
    public async Task The_pages_of_a_list_put_together_are_the_list()
    {
        var path = $"organizations/{await _server.NewOrganization("Many")}/locations";
        for (var number = 0; number < 7; number++)
        {
            Assert.Equal(201, (await _server.Send(
                HttpMethod.Post, path, world.OperatorKey, new { name = $"Shop {number}" })).Status);
        }

        var whole = Names(await _server.GetJson(path, world.OperatorKey));
        var pages = new List<string>();
        for (var page = 1; page <= 3; page++)
        {
            pages.AddRange(Names(await _server.GetJson($"{path}?page={page}&page_size=3", world.OperatorKey)));
        }

        Assert.Equal(7, whole.Count);
        Assert.Equal(whole, pages);
    }

    private string Locations => $"organizations/{world.Retailer}/locations";

    private static List<string> Names(JsonElement list) =>
        [.. list.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];

    private async Task<string> RequestIdFor(string? id)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "nothing");
        if (id is not null)
        {
            request.Headers.TryAddWithoutValidation(RequestIds.Header, id);
        }

        var answer = await _server.Send(request);
        Assert.Equal(answer.Headers[RequestIds.Header], answer.Json.GetProperty("request_id").GetString());
        return answer.Headers[RequestIds.Header];
    }

    private async Task<string> NewLocation(object notes)
    {
        var answer = await _server.Send(
            HttpMethod.Post, Locations, world.OperatorKey, new { name = "Notes", metadata = notes });
        Assert.Equal(201, answer.Status);
        Assert.True(ShortUuid.TryParse(answer.Json.GetProperty("location_id").GetString(), out _));
        return $"{Locations}/{answer.Json.GetProperty("location_id").GetString()}";
    }

    /// <summary>The notes after writing some; null writes none.</summary>
    private async Task<string> Notes(string path, string? written)
    {
        var body = written is null ? "{}" : $$"""{"metadata": {{written}}}""";
        var answer = await _server.Send(HttpMethod.Patch, path, world.OperatorKey, body);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("metadata").GetRawText();
    }

    private Task<Answer> If(string path, string tag)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-API-Key", world.OperatorKey);
        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        return _server.Send(request);
    }
}

public sealed class SqliteManners(SqliteWorld world) : MannersContract(world), IClassFixture<SqliteWorld>;

public sealed class PostgresManners(PostgresWorld world) : MannersContract(world), IClassFixture<PostgresWorld>;
