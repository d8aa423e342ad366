using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Countinghouse.Http;

/// <summary>Completes the document as a whole: introduction, tags, shared parts, examples, and a fixed order.</summary>
internal static class OpenApiDocuments
{
    public const string Title = "Advertising API";
    public const string Version = "1.0.0";

    public static async Task Transform(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellation)
    {
        document.Info = new OpenApiInfo
        {
            Title = Title,
            Version = Version,
            Summary = "Record ad events, read reports on them, and settle what retailers earned.",
            Description = OpenApiText.Introduction,
            Contact = new OpenApiContact { Name = "The operator of this server" },

            // The document asserts no terms of its own: they are between the operator and the caller.
            License = new OpenApiLicense { Name = "The operator's terms", Identifier = "LicenseRef-operator-terms" },
        };
        document.Servers =
        [
            new OpenApiServer { Url = "/", Description = "The server that this document came from." },
            new OpenApiServer { Url = "http://127.0.0.1:8000", Description = "A server started with ./run." },
        ];

        var problem = await context.GetOrCreateSchemaAsync(typeof(ProblemBody), cancellationToken: cancellation);
        var fault = await context.GetOrCreateSchemaAsync(typeof(FieldError), cancellationToken: cancellation);
        OpenApiParts.AddTo(document, problem, fault, ScopesIn(context));
        OpenApiOAuth.AddTo(
            document,
            await context.GetOrCreateSchemaAsync(typeof(OAuthErrorBody), cancellationToken: cancellation));
        OrderPaths(document);
        AddTags(document);
        CloseStrictBodies(document, context);
        AddExamples(document);
    }

    private static IReadOnlyDictionary<string, string> ScopesIn(OpenApiDocumentTransformerContext context) =>
        context.DescriptionGroups.SelectMany(group => group.Items)
            .SelectMany(item => item.ActionDescriptor.EndpointMetadata)
            .OfType<OfferedScopes>().FirstOrDefault()?.Meanings ?? new Dictionary<string, string>();

    /// <summary>By address, so that moving code leaves the document as it is; without a slash at the end.</summary>
    private static void OrderPaths(OpenApiDocument document)
    {
        var ordered = document.Paths.OrderBy(path => path.Key, StringComparer.Ordinal).ToList();
        document.Paths.Clear();
        foreach (var (path, item) in ordered)
        {
            document.Paths.Add(path.Length > 1 ? path.TrimEnd('/') : path, item);
        }
    }

    private static void AddTags(OpenApiDocument document)
    {
        var used = Operations(document).SelectMany(operation => operation.Tags ?? new HashSet<OpenApiTagReference>())
            .Select(tag => tag.Name ?? "").ToHashSet(StringComparer.Ordinal);
        var known = OpenApiText.Tags.Where(tag => used.Contains(tag.Name));
        var unknown = used.Except(OpenApiText.Tags.Select(tag => tag.Name)).Order(StringComparer.Ordinal);
        document.Tags = new HashSet<OpenApiTag>(
        [
            .. known.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }),
            .. unknown.Select(name => new OpenApiTag { Name = name }),
        ]);
    }

    /// <summary>Operations of our own refuse members they do not know, and their schemas say so.</summary>
    private static void CloseStrictBodies(OpenApiDocument document, OpenApiDocumentTransformerContext context)
    {
        var strict = context.DescriptionGroups.SelectMany(group => group.Items)
            .Where(item => item.ActionDescriptor.EndpointMetadata.OfType<StrictInput>().Any())
            .Select(PathAndMethod).ToHashSet();
        foreach (var (path, item) in document.Paths)
        {
            foreach (var (method, operation) in item.Operations ?? [])
            {
                if (strict.Contains((path, method.Method)))
                {
                    foreach (var media in operation.RequestBody?.Content?.Values ?? [])
                    {
                        Close(media.Schema);
                    }
                }
            }
        }
    }

    private static (string Path, string? Method) PathAndMethod(ApiDescription description) =>
        ("/" + description.RelativePath?.TrimEnd('/'), description.HttpMethod);

    private static void Close(IOpenApiSchema? schema)
    {
        var plain = schema is OpenApiSchemaReference reference ? reference.Target : schema;
        var target = plain as OpenApiSchema;
        if (target is null or { AdditionalPropertiesAllowed: false })
        {
            return;
        }

        if (target.Properties is { Count: > 0 } members)
        {
            target.AdditionalPropertiesAllowed = false;
            foreach (var member in members.Values)
            {
                Close(member);
            }
        }

        Close(target.Items);
        foreach (var alternative in target.OneOf ?? [])
        {
            Close(alternative);
        }
    }

    private static void AddExamples(OpenApiDocument document)
    {
        foreach (var operation in Operations(document))
        {
            var answers = operation.Responses?.Values.OfType<OpenApiResponse>() ?? [];
            var contents = answers.Select(answer => answer.Content).Append(operation.RequestBody?.Content)
                .OfType<IDictionary<string, OpenApiMediaType>>();
            foreach (var (type, media) in contents.SelectMany(content => content))
            {
                if (media is { Schema: { } schema, Example: null } && type.Contains("json", StringComparison.Ordinal))
                {
                    media.Example = OpenApiExamples.Of(schema);
                }
            }
        }
    }

    private static IEnumerable<OpenApiOperation> Operations(OpenApiDocument document) =>
        document.Paths.Values.SelectMany(item => item.Operations ?? []).Select(pair => pair.Value);
}
