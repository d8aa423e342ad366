using Countinghouse.Access;
using Countinghouse.Primitives;

namespace Countinghouse.Http;

/// <summary>Every operation with everything that can be wrong about where it is asked, how and by whom.</summary>
public abstract class BadAddressContract(ApiWorld world)
{
    private static readonly string[] MalformedIds =
    [
        "nonsense", "0", "-1", "zzzzzzzzzzzzzzzzzzzzzz", "WmsG2qe2XXxacqiqo2MfnYx", "WmsG2qe2XXxacqiqo2Mfn0",
        "a1b2c3d4e5f67890abcdef1234567890", "{a1b2c3d4-e5f6-7890-abcd-ef1234567890}", "' OR 1=1 --", "é", " ",
    ];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"];

    /// <summary>Where people come without a credential, because they are about to get one.</summary>
    private static readonly string[] Open =
    [
        $"POST {HttpOptions.BasePath}/session", $"POST {HttpOptions.BasePath}/invitations/accept",
        $"POST {HttpOptions.BasePath}/password-resets", $"POST {HttpOptions.BasePath}/password-resets/complete",
    ];

    private static readonly string Unknown = ShortUuid.Format(NamedId.Create("test/nobody has this"));

    [Fact]
    public async Task A_malformed_id_is_refused_in_every_place_of_a_path()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.Operations)
        {
            foreach (var parameter in operation.Parameters)
            {
                foreach (var id in MalformedIds)
                {
                    await walk.Invalid(
                        operation.Method, world.PathOf(operation, (parameter, id)), id, [parameter], Empty(operation));
                }
            }

            if (operation.Parameters.Count > 1)
            {
                var path = world.PathOf(operation, [.. operation.Parameters.Select(name => (name, "nonsense"))]);
                await walk.Invalid(operation.Method, path, "all malformed", operation.Parameters, Empty(operation));
            }
        }

        await walk.End(leastAsked: 100);
    }

    [Fact]
    public async Task The_dashed_form_of_an_id_means_the_same_in_every_path()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Reads().Where(operation => operation.Parameters.Count > 0))
        {
            var path = world.PathOf(operation);
            var ids = operation.Parameters.Select(name => (name, Dashed(name, operation)));
            var dashed = world.PathOf(operation, [.. ids]);
            var (first, _) = await walk.Ask(operation.Method, path, key: world.OperatorKey);
            var (second, _) = await walk.Ask(operation.Method, dashed, key: world.OperatorKey);

            walk.Note(first.Status == 200, $"{operation}: {first.Status} {first.Text}");
            walk.Note(second.Status == 200 && second.Text == first.Text, $"{dashed}: {second.Status} {second.Text}");
        }

        await walk.End();
    }

    [Fact]
    public async Task What_is_not_there_and_what_is_foreign_look_alike()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.Operations)
        {
            foreach (var parameter in operation.Parameters.Where(name => name is "organization_id" or "campaign_id"))
            {
                var missing = await walk.Refused(
                    404, operation.Method, world.PathOf(operation, (parameter, Unknown)), "an unknown id",
                    Empty(operation), world.OutsiderKey);
                var foreign = await walk.Refused(
                    404, operation.Method, world.PathOf(operation), "a foreign id", Empty(operation),
                    world.OutsiderKey);
                await walk.Refused(
                    404, operation.Method, world.PathOf(operation, (parameter, Unknown)),
                    "an unknown id, by the operator", Empty(operation), world.OperatorKey);
                walk.Note(Words(missing.Text) == Words(foreign.Text), $"{operation}: {missing.Text} {foreign.Text}");
            }
        }

        await walk.End(leastAsked: 20);
    }

    [Fact]
    public async Task A_thing_that_the_organization_does_not_have_is_not_found()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Reads())
        {
            foreach (var parameter in operation.Parameters)
            {
                await walk.Refused(
                    404, operation.Method, world.PathOf(operation, (parameter, Unknown)), "an unknown id",
                    key: world.OperatorKey);
            }
        }

        await walk.End();
    }

    [Fact]
    public async Task A_malformed_parameter_is_refused_and_all_of_them_at_once()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.Operations)
        {
            var path = world.PathOf(operation);
            foreach (var parameter in operation.Query)
            {
                foreach (var value in BadValues(parameter))
                {
                    var query = $"?{parameter.Name}={Uri.EscapeDataString(value)}";
                    await walk.Invalid(operation.Method, path + query, value, [parameter.Name], Empty(operation));
                }

                var twice = $"?{parameter.Name}=1&{parameter.Name}=1";
                await walk.Invalid(operation.Method, path + twice, "it twice", [parameter.Name], Empty(operation));
            }

            if (operation.Query.Count > 0)
            {
                var query = "?" + string.Join(
                    '&', operation.Query.Select(p => $"{p.Name}={Uri.EscapeDataString(BadValues(p)[0])}"));
                await walk.Invalid(
                    operation.Method, path + query, "all wrong", operation.Query.Select(p => p.Name), Empty(operation));
            }
        }

        await walk.End(leastAsked: 50);
    }

    [Fact]
    public async Task An_unknown_parameter_is_ignored_by_the_core_and_refused_by_the_rest()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.Operations.Where(operation => operation.IsStrict))
        {
            await walk.Invalid(
                operation.Method, world.PathOf(operation) + "?nonsense=1", "nonsense", ["nonsense"], Empty(operation));
        }

        foreach (var operation in Reads().Where(operation => !operation.IsStrict))
        {
            var (answer, _) = await walk.Ask(
                operation.Method, world.PathOf(operation) + "?nonsense=1", key: world.OperatorKey);
            walk.Note(answer.Status == 200, $"{operation}: {answer.Status} {answer.Text}");
        }

        await walk.End(leastAsked: 10);
    }

    [Fact]
    public async Task A_method_that_an_address_does_not_take_is_405_and_says_which_it_takes()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var address in world.FindOperations().Where(operation => !operation.IsOAuth)
            .GroupBy(operation => operation.Pattern))
        {
            var taken = world.FindOperations().Where(operation => Covers(operation.Pattern, address.Key))
                .Select(operation => operation.Method.Method).Distinct().Order().ToList();
            foreach (var method in Methods.Except(taken))
            {
                var answer = await walk.Refused(
                    405, new HttpMethod(method), world.PathOf(address.First()), "this method", key: world.OperatorKey);
                var allow = answer.Headers.GetValueOrDefault("Allow", "").Split(", ").Order();
                walk.Note(answer.Status != 405 || taken.SequenceEqual(allow), $"{method} {address.Key}: {answer.Headers
                    .GetValueOrDefault("Allow")}, not {string.Join(", ", taken)}");
            }
        }

        await walk.End(leastAsked: 50);
    }

    /// <summary>Is the other pattern's address one of this pattern's? "/a/{id}" covers "/a/summary".</summary>
    private static bool Covers(string pattern, string other)
    {
        var (parts, others) = (pattern.Split('/'), other.Split('/'));
        return parts.Length == others.Length
            && parts.Zip(others).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'));
    }

    [Fact]
    public async Task Head_is_answered_wherever_get_is()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.FindOperations()
            .Where(operation => operation.Method == HttpMethod.Get))
        {
            var path = world.PathOf(operation);
            var (get, _) = await walk.Ask(HttpMethod.Get, path, key: world.OperatorKey);
            var (head, _) = await walk.Ask(HttpMethod.Head, path, key: world.OperatorKey);

            walk.Note(get.Status == 200, $"GET {path}: {get.Status} {get.Text}");
            walk.Note(head.Status == 200 && head.Text.Length == 0, $"HEAD {path}: {head.Status} {head.Text}");
            foreach (var header in new[] { "Content-Type", "ETag", "Cache-Control" })
            {
                var (ofGet, ofHead) = (get.Headers.GetValueOrDefault(header), head.Headers.GetValueOrDefault(header));
                walk.Note(ofGet == ofHead, $"HEAD {path}: {header} is {ofHead}, with GET {ofGet}");
            }
        }

        await walk.End(leastAsked: 20);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/nothing")]
    [InlineData("/advertising")]
    [InlineData("/advertising/api/v1")]
    [InlineData("/advertising/api/v1/")]
    [InlineData("/advertising/api/v1/nothing/here")]
    [InlineData("/advertising/api/v1/organizations/x/y/z")]
    [InlineData("/advertising/api/v2/organizations")]
    [InlineData("/advertising/api/v1/ads")]
    [InlineData("/advertising/api/v1/ads/view")]
    [InlineData("/.env")]
    public async Task An_unknown_route_is_not_found_for_any_method(string path)
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var method in Methods)
        {
            await walk.Refused(404, new HttpMethod(method), path, "a credential", key: world.OperatorKey);
            await walk.Refused(404, new HttpMethod(method), path, "no credential");
        }

        await walk.End();
    }

    [Fact]
    public async Task Every_operation_but_the_public_ones_needs_a_credential()
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.Operations)
        {
            if (operation.IsForAnybody)
            {
                walk.Note(Open.Contains(operation.ToString()), $"{operation} is open to anybody");
                await walk.Refused(422, operation.Method, world.PathOf(operation), "no key", ApiWalk.Json("{}"));
                await walk.Refused(
                    422, operation.Method, world.PathOf(operation), "a bad key", ApiWalk.Json("{}"), "nonsense");
                continue;
            }

            var isPublic = operation.Pattern.StartsWith(HttpOptions.BasePath + "/ads/");
            walk.Note(isPublic == operation.Permission is null, $"{operation} does not say who may use it");
            var path = world.PathOf(operation);
            foreach (var key in isPublic ? ["nonsense"] : new[] { null, "nonsense", ApiKeyFormat.Create(KeyKind.Csb) })
            {
                var answer = await walk.Refused(
                    401, operation.Method, path, key ?? "no key", Empty(operation), key);
                walk.Note(
                    answer.Headers.GetValueOrDefault("WWW-Authenticate", "").Length > 0,
                    $"{operation}: no WWW-Authenticate");
            }
        }

        await walk.End(leastAsked: 30);
    }

    [Fact]
    public async Task A_publishable_key_is_forbidden_outside_ads()
    {
        var key = await world.Server.NewKey(world.Advertiser, KeyKind.Cpk);
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.Operations.Where(operation => operation.Permission is not null))
        {
            await walk.Refused(403, operation.Method, world.PathOf(operation), "a cpk key", Empty(operation), key);
        }

        await walk.End(leastAsked: 20);
    }

    [Theory]
    [InlineData(Role.Manager)]
    [InlineData(Role.Editor)]
    [InlineData(Role.Readonly)]
    public async Task A_role_is_held_to_what_each_operation_needs(Role role)
    {
        var keys = new Dictionary<OrganizationId, string>
        {
            [world.Advertiser] = await world.Server.NewKey(world.Advertiser, role: role),
            [world.Retailer] = await world.Server.NewKey(world.Retailer, role: role),
        };
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in world.Operations.Where(
            operation => operation.Permission is not null))
        {
            var key = keys[world.OrganizationOf(operation)];
            var needs = operation.Permission!.Value;
            if (needs == Permission.Operate || operation.NeedsSession || !AccessRules.Allows(role, needs))
            {
                await walk.Refused(403, operation.Method, world.PathOf(operation), $"{role}", Empty(operation), key);
            }
            else if (operation.Method == HttpMethod.Get)
            {
                var (answer, _) = await walk.Ask(operation.Method, world.PathOf(operation), key: key);
                walk.Note(answer.Status == 200, $"{operation} as {role}: {answer.Status} {answer.Text}");
            }
        }

        await walk.End(leastAsked: 10);
    }

    [Theory]
    [InlineData("start_date=0001-01-01&end_date=0001-01-01")]
    [InlineData("start_date=9999-12-31&end_date=9999-12-31")]
    [InlineData("start_date=0001-01-01&end_date=9999-12-31")]
    [InlineData("start_date=9999-12-31")]
    [InlineData("end_date=0001-01-01")]
    [InlineData("page=2147483647&page_size=100")]
    [InlineData("q=%25_%5C'%22%3B--")]
    public async Task Extreme_parameters_are_answered_or_refused_but_break_nothing(string query)
    {
        var walk = await ApiWalk.Begin(world);
        foreach (var operation in Reads())
        {
            var (answer, _) = await walk.Ask(
                operation.Method, $"{world.PathOf(operation)}?{query}", key: world.OperatorKey);
            walk.Note(answer.Status is 200 or 422, $"{operation}: {answer.Status} {answer.Text}");
        }

        await walk.End();
    }

    private static HttpContent? Empty(Operation operation) => operation.Body is null ? null : ApiWalk.Json("{}");

    private static string[] BadValues(QueryParameter parameter) => parameter switch
    {
        NumberQuery number =>
        [
            $"{number.Minimum - 1}", $"{number.Maximum + 1L}", "-1", "1.5", "abc", "", "1e1", "+1", " 1", "0x1", "٣",
            "99999999999999999999",
        ],
        TextQuery text => [new string('a', text.LengthMax + 1), "\0"],
        _ => ["nonsense", "", "0", "2025-02-29", "\0", "'"],
    };

    private static string Words(string problem)
    {
        var body = System.Text.Json.JsonDocument.Parse(problem.Length > 0 ? problem : "{}").RootElement;
        return string.Join('|', body.EnumerateObject()
            .Where(member => member.Name is not ("request_id" or "timestamp")).Select(member => member.ToString()));
    }

    private IEnumerable<Operation> Reads() => world.Operations.Where(
        operation => operation.Method == HttpMethod.Get);

    private string Dashed(string parameter, Operation operation)
    {
        var text = parameter == "organization_id" ? world.OrganizationOf(operation).ToString() : world.Ids[parameter];
        return ShortUuid.TryParse(text, out var id) ? id.ToString("D").ToUpperInvariant() : text;
    }
}

public sealed class SqliteBadAddress(SqliteWorld world) : BadAddressContract(world), IClassFixture<SqliteWorld>;

public sealed class PostgresBadAddress(PostgresWorld world) : BadAddressContract(world), IClassFixture<PostgresWorld>;
