using System.Text;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Http;

/// <summary>
/// A walk over operations with one kind of bad input: gathers every answer that is not as it should be, and shows at
/// the end that nothing in the database changed.
/// </summary>
public sealed class ApiWalk
{
    /// <summary>Counting requests is no change; everything else is.</summary>
    private const string Counted = "rate_window";

    /// <summary>Keys that a walk makes for itself are in the trail too; what the walk asks for must not be.</summary>
    private static readonly string[] LeftOut = [Counted, "api_key", "audit_entry", "audit_head"];

    private const string EntriesOfWalks = "SELECT COUNT(*) FROM audit_entry WHERE request_id LIKE 'walk-%'";

    private readonly ApiWorld _world;
    private readonly SortedDictionary<string, string> _before;
    private readonly List<string> _faults = [];
    private int _asked;

    private ApiWalk(ApiWorld world, SortedDictionary<string, string> before)
    {
        _world = world;
        _before = before;
    }

    public static async Task<ApiWalk> Begin(ApiWorld world) =>
        new(world, await world.Server.Database.Contents(LeftOut));

    public static HttpContent Json(string text) => Content(Encoding.UTF8.GetBytes(text), "application/json");

    public static HttpContent Content(byte[] bytes, string? mediaType)
    {
        var content = new ByteArrayContent(bytes);
        if (mediaType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        }

        return content;
    }

    /// <summary>Asks, and notes whatever is not the expected refusal with all its members.</summary>
    public async Task<Answer> Refused(
        int status, HttpMethod method, string path, string what, HttpContent? content = null, string? key = null)
    {
        var (answer, id) = await Ask(method, path, content, key);
        var faults = answer.Status != status ? [$"is {answer.Status}, not {status}"]
            : method == HttpMethod.Head ? []
            : ProblemFaults.In(answer, id).ToList();
        _faults.AddRange(faults.Select(fault => $"{method} {path} with {what}: {fault}; {answer.Text}"));
        return answer;
    }

    /// <summary>As <see cref="Refused"/> with 422; the fields must be among the errors, each once.</summary>
    public async Task Invalid(
        HttpMethod method, string path, string what, IEnumerable<string> fields, HttpContent? content = null)
    {
        var answer = await Refused(422, method, path, what, content, _world.OperatorKey);
        if (answer.Status != 422 || method == HttpMethod.Head)
        {
            return;
        }

        var errors = answer.Json.GetProperty("errors").EnumerateArray().ToList();
        var named = errors.Select(error => error.GetProperty("field").GetString()!).ToList();
        Note(
            fields.All(field => named.Any(
                name => name == field || name.StartsWith(field + "[", StringComparison.Ordinal))),
            $"{method} {path} with {what}: errors name {string.Join(", ", named)}");
        Note(
            errors.All(error => error.EnumerateObject().Count() == 3
                && error.GetProperty("message").GetString()!.Length > 0
                && error.GetProperty("code").GetString()!.Length > 0),
            $"{method} {path} with {what}: {answer.Text}");
    }

    public async Task<(Answer Answer, string RequestId)> Ask(
        HttpMethod method, string path, HttpContent? content = null, string? key = null)
    {
        _asked++;
        var id = $"walk-{_asked}";
        var request = new HttpRequestMessage(method, new Uri(_world.Server.Origin, path)) { Content = content };
        request.Headers.Add(RequestIds.Header, id);
        request.Headers.ExpectContinue = content?.Headers.ContentLength > HttpOptions.BodyBytesMax;
        if (key is not null)
        {
            _world.Authenticate(request, key);
        }

        var answer = await _world.Server.Send(request);
        if (answer.Status >= 500)
        {
            _faults.Add($"{method} {path}: {answer.Status}\n{_world.Server.Log.Lines.LastOrDefault()}");
        }

        return (answer, id);
    }

    public void Note(bool good, string fault)
    {
        if (!good)
        {
            _faults.Add(fault);
        }
    }

    /// <summary>Fails with everything that was noted, and when anything has changed.</summary>
    public async Task End(int leastAsked = 1)
    {
        Assert.True(_faults.Count == 0, $"{_faults.Count} faults\n{string.Join('\n', _faults)}");
        var after = await _world.Server.Database.Contents(LeftOut);
        Assert.Empty(_before.Except(after).Select(table => table.Key));
        Assert.Equal(0, await _world.Server.Database.Read(
            connection => connection.Number(EntriesOfWalks, CancellationToken.None), CancellationToken.None));
        Assert.InRange(_asked, leastAsked, int.MaxValue);
    }
}
