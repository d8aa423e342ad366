using System.Security.Cryptography;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Countinghouse.Http;

/// <summary>Puts the OpenAPI document into the program.</summary>
public static class OpenApiSetup
{
    /// <summary>The name under which the framework keeps the one document there is.</summary>
    internal const string DocumentName = "v1";

    public static IServiceCollection AddApiDocument(this IServiceCollection services)
    {
        services.AddSingleton<ApiDocument>();
        return services.AddOpenApi(DocumentName, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;

            // HEAD is answered wherever GET is, and HTTP itself says how. Listing it would double the document and give
            // every generated client a second, useless method per report; the introduction says it once.
            options.ShouldInclude = description => description.HttpMethod != HttpMethods.Head;
            options.CreateSchemaReferenceId = OpenApiSchemas.NameOf;
            options.AddSchemaTransformer(OpenApiSchemas.Transform);
            options.AddOperationTransformer(OpenApiOperations.Transform);
            options.AddDocumentTransformer(OpenApiDocuments.Transform);
        });
    }
}

/// <summary>A header that an endpoint answers with besides those that all have; for the OpenAPI document.</summary>
public sealed record AnswerHeader(string Name);

/// <summary>The document as it is served: made once, because routes do not change while the program runs.</summary>
public sealed class ApiDocument
{
    private readonly Lazy<Task<(byte[] Json, string Tag)>> _rendered;

    public ApiDocument([FromKeyedServices(OpenApiSetup.DocumentName)] IOpenApiDocumentProvider provider)
    {
        _rendered = new Lazy<Task<(byte[] Json, string Tag)>>(() => Render(provider));
    }

    /// <summary>The JSON text, in UTF-8, and its entity tag.</summary>
    public Task<(byte[] Json, string Tag)> Rendered => _rendered.Value;

    private static async Task<(byte[] Json, string Tag)> Render(IOpenApiDocumentProvider provider)
    {
        var document = await provider.GetOpenApiDocumentAsync(CancellationToken.None);
        using var buffer = new MemoryStream();
        await document.SerializeAsJsonAsync(buffer, OpenApiSpecVersion.OpenApi3_1, CancellationToken.None);
        buffer.WriteByte((byte)'\n');
        var json = buffer.ToArray();
        return (json, ETags.From(Convert.ToHexStringLower(SHA256.HashData(json))));
    }
}
