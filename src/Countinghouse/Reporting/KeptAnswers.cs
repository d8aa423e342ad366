using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;
using Countinghouse.Http;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Caching.Memory;

namespace Countinghouse.Reporting;

/// <summary>
/// Keeps the answers of reports as long as they are true: as long as the organization's version is the one they were
/// made of. Who asks the node that recorded an event sees it at once; other nodes follow within a second. Under writes
/// every answer is made anew, in one snapshot with the version it is kept for.
/// </summary>
public sealed class KeptAnswers(Database database, OrganizationVersions versions, TimeProvider clock) : IDisposable
{
    public const string Json = "application/json; charset=utf-8";

    private const long KeptBytesMax = 128L * 1024 * 1024;

    /// <summary>What an entry takes besides its body.</summary>
    private const int EntryBytes = 1_024;

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = KeptBytesMax });

    /// <summary>
    /// Answers with what is kept for this address, or with what <paramref name="make"/> makes in a snapshot; it returns
    /// null to end with 404.
    /// </summary>
    /// <param name="context">The request; its path and query name the answer.</param>
    /// <param name="organization">Whose version the answer follows from.</param>
    /// <param name="today">Answers may follow from the day too.</param>
    /// <param name="contentType">Of the answer.</param>
    /// <param name="make">Makes the body.</param>
    /// <param name="cancellation">The request's.</param>
    public async Task<IResult> Answer(
        HttpContext context,
        OrganizationId organization,
        UtcDay today,
        string contentType,
        Func<DbConnection, Task<ReadOnlyMemory<byte>?>> make,
        CancellationToken cancellation)
    {
        var key = new Key(context.Request.Path, context.Request.QueryString, contentType, today);
        if (versions.TryGet(organization, out var version)
            && _kept.TryGetValue(key, out Kept? kept) && kept!.Version == version)
        {
            return kept;
        }

        var changes = versions.ChangesOf(organization);
        var began = clock.GetTimestamp();
        var made = await database.ReadSnapshot(
            async connection =>
            {
                var now = await OrganizationVersions.Read(connection, organization, cancellation);
                return await make(connection) is { } body ? new Kept(body, contentType, now) : null;
            },
            cancellation);
        if (made is null)
        {
            return Problems.NotFound();
        }

        versions.Learn(organization, made.Version, changes, began);
        _kept.Set(key, made, new MemoryCacheEntryOptions { Size = made.Body.Length + EntryBytes });
        return made;
    }

    /// <summary>A value as an answer's body; null stays null.</summary>
    public static ReadOnlyMemory<byte>? Body<T>(T? value)
        where T : class => value is null ? null : JsonSerializer.SerializeToUtf8Bytes(value, WireJson.Options);

    public void Dispose() => _kept.Dispose();

    private sealed record Key(PathString Path, QueryString Query, string ContentType, UtcDay Today);

    /// <summary>An answer with its tag; writes itself, or 304 for who has it already.</summary>
    private sealed record Kept(ReadOnlyMemory<byte> Body, string ContentType, OrganizationVersion Version) : IResult
    {
        private readonly string _tag = ETags.Tag(SHA256.HashData(Body.Span));

        public Task ExecuteAsync(HttpContext httpContext)
        {
            if (ETags.IsCurrent(httpContext, _tag))
            {
                return Task.CompletedTask;
            }

            httpContext.Response.ContentType = ContentType;
            httpContext.Response.ContentLength = Body.Length;
            return httpContext.Response.Body.WriteAsync(Body, httpContext.RequestAborted).AsTask();
        }
    }
}
