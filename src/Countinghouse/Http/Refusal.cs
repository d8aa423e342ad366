using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace Countinghouse.Http;

/// <summary>
/// Marks an endpoint that stands in for the one asked for and refuses the request. What comes between routing and the
/// endpoint lets it pass: who the caller is, and whether the request was sent before, no longer matters.
/// </summary>
public sealed class Refusal
{
    private static readonly Refusal Mark = new();
    private static readonly AllowAnonymousAttribute AskNobody = new();

    private Refusal()
    {
    }

    /// <summary>True when the request is already refused.</summary>
    public static bool Stands(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<Refusal>() is not null;

    /// <summary>
    /// Refuses the request, whether or not a route was found for it. The route's CORS rules stay, so that a page of
    /// another origin can read why.
    /// </summary>
    public static void Put(HttpContext context, Problem problem)
    {
        var cors = context.GetEndpoint()?.Metadata.GetOrderedMetadata<ICorsMetadata>() ?? [];
        var metadata = new EndpointMetadataCollection([.. cors, AskNobody, Mark]);
        context.SetEndpoint(new Endpoint(problem.ExecuteAsync, metadata, nameof(Refusal)));
    }
}
