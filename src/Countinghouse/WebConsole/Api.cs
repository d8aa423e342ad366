using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Countinghouse.WebConsole;

/// <summary>What went wrong with one member of a request, as the API says it.</summary>
/// <param name="Field">The member, as a path.</param>
/// <param name="Message">What it must be, as the end of a sentence that begins with the field.</param>
public sealed record ApiFault(string Field, string Message);

/// <summary>An error of the API.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">The kind of error in a few words.</param>
/// <param name="Detail">What was wrong and what to do about it.</param>
/// <param name="Errors">With 422, everything that was wrong.</param>
/// <param name="RequestId">What the operator finds it by.</param>
/// <param name="RetryAfterSeconds">How long to wait, where that helps.</param>
public sealed record ApiProblem(
    int Status,
    string Title,
    string Detail,
    IReadOnlyList<ApiFault>? Errors = null,
    string RequestId = "",
    int? RetryAfterSeconds = null);

/// <summary>A page cannot be shown, because the API refused what it rests on.</summary>
public sealed class RefusedByApiException(ApiProblem problem) : Exception(problem.Title)
{
    public ApiProblem Problem { get; } = problem;

    /// <summary>In the API's own words, for what a page looked for in a list and did not find.</summary>
    public static RefusedByApiException NotFound() => new(new ApiProblem(
        StatusCodes.Status404NotFound,
        "Not found",
        "There is nothing at this address, or it is not yours to see."));
}

/// <summary>Where in a list a page stands.</summary>
public sealed record Pagination(
    int Page, int PageSize, int TotalCount, int TotalPages, bool HasNext, bool HasPrevious);

/// <summary>One page of a list.</summary>
public sealed record ApiPage<T>(IReadOnlyList<T> Data, Pagination Pagination);

/// <summary>What a change came to: an answer, or why not.</summary>
public sealed record ApiAnswer<T>(T? Value, ApiProblem? Problem)
    where T : class;

/// <summary>
/// The Advertising API as a page calls it: with the browser's own cookies, and thus as whoever is signed in. One a
/// request: it remembers that the page is counted.
/// </summary>
public sealed class Api(HttpContext context)
{
    /// <summary>Rows of a table that are downloaded at most; a longer one is refused, never cut off.</summary>
    private const int DownloadRowsMax = 100_000;

    private const int PageSizeMax = 100;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>A page is one request, however much of the API it needs.</summary>
    private bool _isCounted;

    /// <summary>The page's own request.</summary>
    public HttpContext Context { get; } = context;

    /// <summary>Reads; a refusal ends the page.</summary>
    public async Task<T> Get<T>(string path, params (string Name, object? Value)[] query)
        where T : class
    {
        var answer = await Ask<T>(HttpMethods.Get, WithQuery(path, query));
        return answer.Value ?? throw new RefusedByApiException(answer.Problem!);
    }

    /// <summary>Reads what the page can do without; null when it is not for this person, or there is none.</summary>
    public async Task<T?> TryGet<T>(string path, params (string Name, object? Value)[] query)
        where T : class
    {
        var answer = await Ask<T>(HttpMethods.Get, WithQuery(path, query));
        return answer.Problem is { Status: not (403 or 404) } problem
            ? throw new RefusedByApiException(problem)
            : answer.Value;
    }

    /// <summary>Reads, and leaves what to do about a refusal to the page.</summary>
    public Task<ApiAnswer<T>> Ask<T>(string path, params (string Name, object? Value)[] query)
        where T : class => Ask<T>(HttpMethods.Get, WithQuery(path, query));

    /// <summary>Every item of a list, page by page.</summary>
    public async Task<IReadOnlyList<T>> All<T>(string path, params (string Name, object? Value)[] query)
    {
        var all = new List<T>();
        for (var number = 1; ; number++)
        {
            var page = await Get<ApiPage<T>>(path, [.. query, ("page", number), ("page_size", PageSizeMax)]);
            if (page.Pagination.TotalCount > DownloadRowsMax)
            {
                throw new RefusedByApiException(new ApiProblem(
                    StatusCodes.Status422UnprocessableEntity,
                    "Too many rows",
                    $"There are {page.Pagination.TotalCount}, and {DownloadRowsMax} are downloaded at once at most. "
                    + "Ask for less, or read them page by page over the API."));
            }

            all.AddRange(page.Data);
            if (!page.Pagination.HasNext)
            {
                return all;
            }
        }
    }

    /// <summary>Changes something, with the form's anti-forgery token and key against doing it twice.</summary>
    /// <param name="method">POST, PUT, PATCH or DELETE.</param>
    /// <param name="path">Under the API's base path.</param>
    /// <param name="form">Where the tokens are.</param>
    /// <param name="body">What becomes the JSON body; null for none.</param>
    public Task<ApiAnswer<T>> Send<T>(string method, string path, FormState form, object? body = null)
        where T : class => Ask<T>(method, path, form, body);

    /// <summary>A file of the API's own, such as a statement.</summary>
    public async Task<IResult> File(string path, string accept, params (string Name, object? Value)[] query)
    {
        var answer = await Call(HttpMethods.Get, WithQuery(path, query), form: null, body: null, accept);
        if (answer.Response.StatusCode != StatusCodes.Status200OK)
        {
            throw new RefusedByApiException(await ReadProblem(answer));
        }

        Context.Response.Headers.ContentDisposition = answer.Response.Headers.ContentDisposition;
        if (answer.Response.Headers.ContentSecurityPolicy is { Count: > 0 } policy)
        {
            // A page of the API's own has its style in itself, and says that it has nothing else.
            Context.Response.Headers.ContentSecurityPolicy = policy;
        }

        return TypedResults.Stream(answer.Response.Body, answer.Response.ContentType);
    }

    private static string WithQuery(string path, (string Name, object? Value)[] query) =>
        QueryHelpers.AddQueryString(path, query
            .Select(pair => KeyValuePair.Create(
                pair.Name, Convert.ToString(pair.Value, CultureInfo.InvariantCulture)))
            .Where(pair => !string.IsNullOrEmpty(pair.Value)));

    private async Task<ApiAnswer<T>> Ask<T>(string method, string path, FormState? form = null, object? body = null)
        where T : class
    {
        var answer = await Call(method, path, form, body, MediaTypeNames.Application.Json);
        if (answer.Response.StatusCode >= StatusCodes.Status400BadRequest)
        {
            return new ApiAnswer<T>(null, await ReadProblem(answer));
        }

        // Where there is no answer to read, an empty one stands for it.
        return answer.Response.ContentType is null
            ? new ApiAnswer<T>(JsonSerializer.Deserialize<T>("{}", Json), null)
            : new ApiAnswer<T>(
                await JsonSerializer.DeserializeAsync<T>(answer.Response.Body, Json, Context.RequestAborted), null);
    }

    private async Task<ApiProblem> ReadProblem(HttpContext answer)
    {
        try
        {
            var problem = await JsonSerializer.DeserializeAsync<ApiProblem>(
                answer.Response.Body, Json, Context.RequestAborted);
            return problem!.Detail == Problems.AntiforgeryTokenMissing().Detail
                ? new ApiProblem(
                    StatusCodes.Status403Forbidden,
                    "This page is too old",
                    "You have signed in anew since it was opened, so nothing was changed. Open it again, then send it.",
                    RequestId: problem.RequestId)
                : problem with { Status = answer.Response.StatusCode };
        }
        catch (JsonException)
        {
            return new ApiProblem(answer.Response.StatusCode, "Error", "The server gave no reason.");
        }
    }

    private async Task<HttpContext> Call(string method, string path, FormState? form, object? body, string accept)
    {
        var bytes = body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(body, Json);
        var split = path.IndexOf('?', StringComparison.Ordinal);
        var place = split < 0 ? path : path[..split];
        if (place.Contains("%00", StringComparison.Ordinal))
        {
            // No address has it, so there is nothing there.
            throw RefusedByApiException.NotFound();
        }

        var answer = await Context.RequestServices.GetRequiredService<InnerServer>().Send(
            inner =>
            {
                var request = inner.Request;
                request.Method = method;
                request.Scheme = Context.Request.Scheme;
                request.Host = Context.Request.Host;
                request.Path = $"{HttpOptions.BasePath}/{place}";
                request.QueryString = new QueryString(split < 0 ? null : path[split..]);
                request.Headers.Cookie = Context.Request.Headers.Cookie;
                request.Headers.Accept = accept;
                request.Headers[RequestIds.Header] = Context.TraceIdentifier;

                // Forms of pages before signing in have neither.
                if (form is { Token.Length: > 0 })
                {
                    request.Headers[AccessSetup.AntiforgeryHeader] = form.Token;
                }

                if (form is { Key.Length: > 0 })
                {
                    request.Headers[Idempotency.Header] = form.Key;
                }

                if (body is not null)
                {
                    request.ContentType = MediaTypeNames.Application.Json;
                    request.ContentLength = bytes.Length;
                    request.Body = new MemoryStream(bytes);
                }

                inner.Connection.RemoteIpAddress = Context.Connection.RemoteIpAddress;
                if (_isCounted)
                {
                    inner.Features.Set(PartOfPage.Instance);
                }
            },
            Context.RequestAborted);
        _isCounted = true;
        foreach (var cookie in answer.Response.Headers.SetCookie)
        {
            Context.Response.Headers.Append("Set-Cookie", cookie);
        }

        return answer;
    }
}
