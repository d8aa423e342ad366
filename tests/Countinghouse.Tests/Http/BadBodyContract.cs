using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Countinghouse.Http;

/// <summary>Every operation that takes a body, with everything that can be wrong about it.</summary>
public abstract class BadBodyContract(ApiWorld world)
{
    private static readonly string?[] OtherMediaTypes =
    [
        "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense", null,
        "application/json; charset=utf-16", "application/json; charset=latin1", "application/json; charset=",
    ];

    private static readonly string[] BrokenTexts =
    [
        "", " ", "{", "{\"name\"", "{\"name\":}", "{name:1}", "{'name':1}", "{\"name\":1,}", "{\"name\":1}x",
        "nonsense", "[1,", "{\"name\":\"\t\"}", "// {}", "{\"name\":01}", "{\"name\":NaN}",
        "\u00EF", new string('[', 1_000),
    ];

    private static readonly string[] OtherThanObjects = ["[]", "[{}]", "1", "\"text\"", "null", "true"];

    private IEnumerable<Operation> Writes => world.Operations.Where(
        operation => operation.Body is not null);

    [Fact]
    public async Task A_body_that_is_not_called_JSON_is_refused()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            foreach (var type in OtherMediaTypes)
            {
                await walk.Refused(
                    415, operation.Method, world.PathOf(operation), type ?? "no media type",
                    ApiWalk.Content("{}"u8.ToArray(), type), world.OperatorKey);
            }
        }

        await walk.End(leastAsked: 30);
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("br", 415)]
    [InlineData("identity, gzip", 415)]
    [InlineData("identity", 422)]
    public async Task A_body_that_is_compressed_is_refused_as_such(string encoding, int status)
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            var content = ApiWalk.Json("[]");
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
            await walk.Refused(
                status, operation.Method, world.PathOf(operation), encoding, content, world.OperatorKey);
        }

        await walk.End();
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_is_a_bad_request()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            foreach (var text in BrokenTexts)
            {
                await Send(400, walk, operation, Encoding.UTF8.GetBytes(text), text);
            }

            await Send(400, walk, operation, [(byte)'{', (byte)'"', 0xFF, 0xFE, (byte)'"', (byte)':', (byte)'1',
                (byte)'}'], "invalid UTF-8");
        }

        await walk.End(leastAsked: 50);
    }

    [Fact]
    public async Task A_body_that_is_no_object_is_invalid()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            foreach (var text in OtherThanObjects)
            {
                await walk.Invalid(operation.Method, world.PathOf(operation), text, [""], ApiWalk.Json(text));
            }
        }

        await walk.End(leastAsked: 30);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_is_too_large_is_refused(bool chunked)
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            var text = $$"""{"name":"{{new string('a', HttpOptions.BodyBytesMax)}}"}""";
            HttpContent content = chunked ? new Chunked(Encoding.UTF8.GetBytes(text)) : ApiWalk.Json(text);
            await walk.Refused(
                413, operation.Method, world.PathOf(operation), "half a MiB", content, world.OperatorKey);
        }

        await walk.End();
    }

    [Fact]
    public async Task Members_that_are_missing_are_named_all_at_once()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            var required = Members(operation).Where(member => member.IsRequired).Select(member => member.Name).ToList();
            if (required.Count > 0)
            {
                await Invalid(walk, operation, [], "nothing", required);
            }
        }

        await walk.End(leastAsked: 5);
    }

    [Fact]
    public async Task Members_of_the_wrong_type_are_named_all_at_once()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            foreach (var wrong in new[] { "5", "\"nonsense\"", "{}", "[5]", "true", "1e400", "-0.5" })
            {
                var members = Members(operation).Where(member => !Fits(member, wrong)).ToList();
                var body = new JsonObject(members.Select(
                    member => KeyValuePair.Create(member.Name, JsonNode.Parse(wrong))));
                if (members.Count > 0)
                {
                    await Invalid(walk, operation, body, wrong + " everywhere", members.Select(member => member.Name));
                }
            }
        }

        await walk.End(leastAsked: 30);
    }

    [Fact]
    public async Task Members_that_must_not_be_null_are_named_all_at_once()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            var members = Members(operation).Where(member => !TakesNull(member)).Select(member => member.Name).ToList();
            if (members.Count > 0)
            {
                var body = new JsonObject(members.Select(name => KeyValuePair.Create(name, (JsonNode?)null)));
                await Invalid(walk, operation, body, "nulls", members);
            }
        }

        await walk.End(leastAsked: 5);
    }

    [Fact]
    public async Task A_member_nobody_knows_is_refused_but_by_the_core()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes.Where(operation => operation.IsStrict))
        {
            var body = world.BodyOf(operation.Body!);
            body["nonsense"] = 1;
            await Invalid(walk, operation, body, "an unknown member", ["nonsense"]);
        }

        foreach (var operation in Writes.Where(operation => !operation.IsStrict))
        {
            var (answer, _) = await walk.Ask(
                operation.Method, world.PathOf(operation), ApiWalk.Json("""{"nonsense": 1}"""), world.OperatorKey);
            walk.Note(answer.Status == 422, $"{operation}: {answer.Status} {answer.Text}");
            walk.Note(!answer.Text.Contains("\"nonsense\""), $"{operation} names a member it should ignore");
        }

        await walk.End();
    }

    [Fact]
    public async Task A_member_given_twice_is_refused()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            foreach (var member in Members(operation))
            {
                var value = world.BodyOf(operation.Body!)[member.Name]!.ToJsonString();
                var text = $$"""{"{{member.Name}}": {{value}}, "{{member.Name}}": {{value}}}""";
                await walk.Invalid(
                    operation.Method, world.PathOf(operation), "it twice", [member.Name], ApiWalk.Json(text));
            }
        }

        await walk.End(leastAsked: 20);
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00\\ud800\"")]
    [InlineData("\"\\u0000\"")]
    [InlineData("\"a\\u0000b\"")]
    public async Task Text_that_is_no_text_is_refused(string text)
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Writes)
        {
            var whole = world.BodyOf(operation.Body!);
            foreach (var member in Members(operation))
            {
                var value = whole[member.Name]!.ToJsonString();
                var broken = whole[member.Name] switch
                {
                    JsonValue found when found.GetValueKind() == System.Text.Json.JsonValueKind.String => text,
                    JsonObject => value.Replace("\"text\"", text, StringComparison.Ordinal),
                    _ => value,
                };
                var body = whole.ToJsonString().Replace(
                    $"\"{member.Name}\":{value}", $"\"{member.Name}\":{broken}", StringComparison.Ordinal);
                if (broken != value)
                {
                    await walk.Refused(
                        422, operation.Method, world.PathOf(operation), $"{text} as {member.Name}", ApiWalk.Json(body),
                        world.OperatorKey);
                }
            }

            var named = $$"""{{{text}}: 1}""";
            var (answer, _) = await walk.Ask(
                operation.Method, world.PathOf(operation), ApiWalk.Json(named), world.OperatorKey);
            walk.Note(answer.Status is 400 or 422, $"{operation} with a member called {text}: {answer.Status}");
        }

        await walk.End(leastAsked: 10);
    }

    [Fact]
    public async Task Notes_that_are_no_flat_map_of_short_texts_are_refused()
    {
        var walk = await ApiWalk.Begin(world);
        var many = string.Join(',', Enumerable.Range(0, 51).Select(index => $"\"k{index}\":\"v\""));
        var faults = new[]
        {
            "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":[\"b\"]}", "{\"\":\"b\"}", "\"a\"", "[\"a\"]",
            $$"""{"{{new string('k', 41)}}":"v"}""", $$"""{"k":"{{new string('v', 501)}}"}""", $"{{{many}}}",
        };
        foreach (var operation in Writes.Where(o => Members(o).Any(member => member.Name == "metadata")))
        {
            foreach (var fault in faults)
            {
                var body = world.BodyOf(operation.Body!);
                body["metadata"] = JsonNode.Parse(fault);
                await Invalid(walk, operation, body, fault.Length > 60 ? fault[..60] : fault, []);
            }
        }

        await walk.End(leastAsked: 30);
    }

    private static IReadOnlyList<JsonPropertyInfo> Members(Operation operation) =>
        ApiWorld.MembersOf(operation.Body!);

    private static bool TakesNull(JsonPropertyInfo member) => member.IsSetNullable
        && (!member.PropertyType.IsValueType || Nullable.GetUnderlyingType(member.PropertyType) is not null);

    /// <summary>True when a value that is wrong for most members happens to be right for this one.</summary>
    private static bool Fits(JsonPropertyInfo member, string value)
    {
        var type = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
        return value switch
        {
            "5" => type == typeof(int) || type == typeof(long),
            "\"nonsense\"" => type == typeof(string),
            "true" => type == typeof(bool),
            "{}" => WireJson.Options.GetTypeInfo(type).Kind == JsonTypeInfoKind.Dictionary
                || (WireJson.Options.GetTypeInfo(type) is { Kind: JsonTypeInfoKind.Object } found
                    && !found.Properties.Any(property => property.IsRequired)),

            // A batch of events judges its items one by one.
            "[5]" => member.Name == "impressions",
            _ => false,
        };
    }

    private Task Invalid(
        ApiWalk walk, Operation operation, JsonObject body, string what, IEnumerable<string> fields) =>
        walk.Invalid(operation.Method, world.PathOf(operation), what, fields, ApiWalk.Json(body.ToJsonString()));

    private Task Send(int status, ApiWalk walk, Operation operation, byte[] body, string what) => walk.Refused(
        status, operation.Method, world.PathOf(operation), what, ApiWalk.Content(body, "application/json"),
        world.OperatorKey);

    /// <summary>A body of unknown length.</summary>
    private sealed class Chunked : StreamContent
    {
        public Chunked(byte[] bytes)
            : base(new MemoryStream(bytes)) => Headers.TryAddWithoutValidation("Content-Type", "application/json");

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

public sealed class SqliteBadBody(SqliteWorld world) : BadBodyContract(world), IClassFixture<SqliteWorld>;

public sealed class PostgresBadBody(PostgresWorld world) : BadBodyContract(world), IClassFixture<PostgresWorld>;
