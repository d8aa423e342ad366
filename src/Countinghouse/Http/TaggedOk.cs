using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace Countinghouse.Http;

/// <summary>200 with a report small enough to be written to memory first; its entity tag is its hash.</summary>
public sealed class TaggedOk<T>(T value)
    : IResult, IEndpointMetadataProvider, IStatusCodeHttpResult, IValueHttpResult, IValueHttpResult<T>
{
    public T? Value => value;

    public int? StatusCode => StatusCodes.Status200OK;

    object? IValueHttpResult.Value => value;

#pragma warning disable CA1000 // The framework calls it on the closed type.
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(
            StatusCodes.Status200OK, typeof(T), ["application/json"]));
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status304NotModified, typeof(void)));
    }
#pragma warning restore CA1000

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, WireJson.Options);
        if (ETags.IsCurrent(httpContext, ETags.Tag(SHA256.HashData(body))))
        {
            return;
        }

        httpContext.Response.ContentType = "application/json; charset=utf-8";
        httpContext.Response.ContentLength = body.Length;
        await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}
