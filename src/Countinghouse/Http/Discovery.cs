using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Http;

/// <summary>
/// How a stranger finds out what is here: the OpenAPI document, a page that shows it, the catalogue of APIs (RFC 9727)
/// and the health checks. None of it needs a credential or is limited, so it runs before either is looked at: a bad
/// credential sent along is not even read, and this cannot become an unlimited way to try keys.
/// </summary>
public static class Discovery
{
    public const string DocumentPath = HttpOptions.BasePath + "/openapi.json";
    public const string CatalogPath = "/.well-known/api-catalog";
    public const string ReferencePath = "/docs";

    private const string LinksetType =
        "application/linkset+json; profile=\"https://www.rfc-editor.org/info/rfc9727\"";

    /// <summary>One document needs no bar to choose from; a licence that is on no list has no page.</summary>
    private const string ReferenceStyle = ".swagger-ui .topbar, .swagger-ui .info__license { display: none }";

    /// <summary>Comes with the hidden bar; refusing it would only make browsers complain in their consoles.</summary>
    private const string LogoStyle = ".logo_small_svg__cls-2{fill:#fff}.logo_small_svg__cls-3{fill:#85ea2d}";

    /// <summary>The page runs no inline script, has two known styles and calls nothing but this server.</summary>
    private static readonly string ReferencePolicy =
        $"default-src 'none'; script-src 'self'; "
        + $"style-src 'self' 'sha256-{Hash(ReferenceStyle)}' 'sha256-{Hash(LogoStyle)}'; "
        + "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Marks routes that the rate limits and the common errors have nothing to do with.</summary>
    public sealed class Unlimited
    {
        public static readonly Unlimited Instance = new();
    }

    public static WebApplication MapDiscovery(this WebApplication app)
    {
        var discovery = app.MapGroup("").WithTags("Discovery").WithMetadata(Unlimited.Instance);

        discovery.MapRead(DocumentPath, Document)
            .WithName("apps_advertising_api_discovery_openapi_document")
            .WithSummary("Get this document")
            .WithDescription("The OpenAPI 3.1 description of every operation. May be kept for five minutes.")
            .Produces<JsonElement>(contentType: "application/json")
            .Produces(StatusCodes.Status304NotModified)
            .ShortCircuit();

        discovery.MapRead(CatalogPath, Catalog)
            .WithName("apps_advertising_api_discovery_api_catalog")
            .WithSummary("Get the catalogue of APIs")
            .WithDescription("A linkset (RFC 9727): this document, the reference page and the health check.")
            .Produces<Linkset>(contentType: "application/linkset+json")
            .WithMetadata(new AnswerHeader(OpenApiParts.Link))
            .ShortCircuit();

        app.MapHealth();
        app.UseReference();
        return app;
    }

    private static async Task Document(HttpContext context, ApiDocument document, CancellationToken cancellation)
    {
        var (json, tag) = await document.Rendered;
        context.Response.Headers.CacheControl = "public, max-age=300";
        if (ETags.IsCurrent(context, tag))
        {
            return;
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, cancellation);
    }

    private static JsonHttpResult<Linkset> Catalog(HttpContext context)
    {
        // RFC 9264 wants absolute addresses; the caller's own view of the host is the only one there is.
        var host = $"{context.Request.Scheme}://{context.Request.Host}";
        context.Response.Headers.Link = $"<{CatalogPath}>; rel=\"api-catalog\"";
        context.Response.Headers.CacheControl = "no-cache";
        var api = new LinkContext(
            host + HttpOptions.BasePath,
            [new LinkTarget(host + DocumentPath, "application/json")],
            [new LinkTarget(host + ReferencePath, "text/html")],
            [new LinkTarget(host + Health.ReadyPath, "application/json")]);
        return TypedResults.Json(new Linkset([api]), WireJson.Options, LinksetType);
    }

    private static string Hash(string style) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));

    private static void UseReference(this WebApplication app)
    {
        app.UseWhen(
            context => context.Request.Path.StartsWithSegments(ReferencePath),
            reference =>
            {
                reference.Use((context, next) =>
                {
                    context.Response.Headers.ContentSecurityPolicy = ReferencePolicy;
                    context.Response.Headers.XContentTypeOptions = "nosniff";
                    context.Response.Headers["Referrer-Policy"] = "no-referrer";
                    return next(context);
                });
                reference.UseSwaggerUI(page =>
                {
                    page.RoutePrefix = ReferencePath[1..];
                    page.DocumentTitle = OpenApiDocuments.Title;
                    page.SwaggerEndpoint(DocumentPath, OpenApiDocuments.Title);
                    page.HeadContent = $"<style>{ReferenceStyle}</style>";
                    page.ConfigObject.ValidatorUrl = null;
                    page.ConfigObject.DefaultModelsExpandDepth = 0;
                    page.EnableDeepLinking();
                    page.DisplayRequestDuration();
                });
            });
    }
}

/// <summary>A set of links, RFC 9264.</summary>
/// <param name="Links">The APIs here.</param>
public sealed record Linkset([property: JsonPropertyName("linkset")] IReadOnlyList<LinkContext> Links);

/// <summary>An API and where to read about it.</summary>
/// <param name="Anchor">The address of the API.</param>
/// <param name="Descriptions">Descriptions of it for programs.</param>
/// <param name="Pages">Descriptions of it for people.</param>
/// <param name="Statuses">Where to ask whether it is well.</param>
public sealed record LinkContext(
    [property: Url] string Anchor,
    [property: JsonPropertyName("service-desc")] IReadOnlyList<LinkTarget> Descriptions,
    [property: JsonPropertyName("service-doc")] IReadOnlyList<LinkTarget> Pages,
    [property: JsonPropertyName("status")] IReadOnlyList<LinkTarget> Statuses);

/// <summary>Where a link leads.</summary>
/// <param name="Href">The address.</param>
/// <param name="Type">The media type of what is there.</param>
public sealed record LinkTarget([property: Url] string Href, string Type);
