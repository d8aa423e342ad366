using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Countinghouse.Http;

/// <summary>
/// Completes each operation from what its route declares: the path's ids, the query parameters, whether it needs a
/// caller, what body it takes. The errors follow from the same facts that make the server answer with them.
/// </summary>
internal static partial class OpenApiOperations
{
    private const string AdsPath = HttpOptions.BasePath + "/ads/";

    public static async Task Transform(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var facts = Facts.Of(context);
        var document = context.Document!;
        await AddParameters(operation, context, facts, cancellation);
        CompleteBody(operation);
        CompleteAnswers(operation, document, facts);
        if (!facts.Limited)
        {
            // Discovery needs no credential and looks at none.
            operation.Security = [];
            foreach (var code in facts.DeclaredErrors)
            {
                operation.Responses![Status(code)] = OpenApiParts.UnlimitedError(document, code);
            }

            operation.Responses!["4XX"] = OpenApiParts.OtherError(document);
            return;
        }

        if (facts.OAuth)
        {
            OpenApiOAuth.Complete(operation, document);
            Sort(operation.Responses!);
            return;
        }

        operation.Security = OpenApiParts.Security(document, optional: !facts.NeedsCaller);
        operation.Responses ??= [];
        foreach (var code in Errors(facts))
        {
            operation.Responses[Status(code)] = OpenApiParts.ErrorReference(document, code);
        }

        Sort(operation.Responses);
    }

    /// <summary>Every error that the operation can answer with.</summary>
    private static HashSet<ErrorCode> Errors(Facts facts)
    {
        HashSet<ErrorCode> codes =
        [
            .. facts.DeclaredErrors,
            ErrorCode.Unauthorized, ErrorCode.RateLimited, ErrorCode.InternalError, ErrorCode.ServiceUnavailable,
        ];
        if (facts.HasBody)
        {
            codes.UnionWith([ErrorCode.BadRequest, ErrorCode.PayloadTooLarge, ErrorCode.UnsupportedMediaType]);
        }

        if (facts.HasBody || facts.HasParameters || facts.Strict)
        {
            codes.Add(ErrorCode.ValidationError);
        }

        if (facts.NeedsCaller)
        {
            codes.Add(ErrorCode.Forbidden);
        }

        if (facts.PathNames.Count > 0)
        {
            codes.Add(ErrorCode.NotFound);
        }

        if (facts.Idempotent)
        {
            codes.UnionWith([ErrorCode.Conflict, ErrorCode.ValidationError]);
        }

        return codes;
    }

    private static async Task AddParameters(
        OpenApiOperation operation,
        OpenApiOperationTransformerContext context,
        Facts facts,
        CancellationToken cancellation)
    {
        var parameters = new List<IOpenApiParameter>();
        foreach (var name in facts.PathNames)
        {
            parameters.Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Path,
                Required = true,
                Description = PathDescription(name),
                Schema = await PathSchema(name, context, cancellation),
            });
        }

        foreach (var query in facts.Query)
        {
            parameters.Add(new OpenApiParameter
            {
                Name = query.Name,
                In = ParameterLocation.Query,
                Description = query.Description,
                Schema = await QuerySchema(query, context, cancellation),
            });
        }

        string[] headers =
        [
            .. facts.Idempotent ? [OpenApiParts.IdempotencyKey] : Array.Empty<string>(),
            .. facts.Tagged ? [OpenApiParts.IfNoneMatch] : Array.Empty<string>(),
            OpenApiParts.RequestId,
        ];
        parameters.AddRange(headers.Select(name => OpenApiParts.ParameterReference(context.Document!, name)));
        operation.Parameters = parameters;
    }

    private static string PathDescription(string name) =>
        name.EndsWith("_id", StringComparison.Ordinal)
            ? $"Which {name[..^3].Replace('_', ' ')}."
            : $"Which {name.Replace('_', ' ')}.";

    private static async Task<IOpenApiSchema> PathSchema(
        string name, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var type = name switch
        {
            "period" => typeof(Period),
            _ when name.EndsWith("_id", StringComparison.Ordinal) => typeof(OrganizationId),
            _ => typeof(string),
        };
        var schema = await context.GetOrCreateSchemaAsync(type, cancellationToken: cancellation);
        if (OpenApiExamples.OfMember(name, schema) is { } example)
        {
            schema.Examples = [example];
        }

        return schema;
    }

    private static async Task<IOpenApiSchema> QuerySchema(
        QueryParameter query, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        if (query.ValueType.IsEnum)
        {
            return await EnumReference(query.ValueType, context, cancellation);
        }

        var schema = await context.GetOrCreateSchemaAsync(query.ValueType, cancellationToken: cancellation);
        switch (query)
        {
            case NumberQuery number:
                schema.Minimum = number.Minimum.ToString(System.Globalization.CultureInfo.InvariantCulture);
                schema.Maximum = number.Maximum.ToString(System.Globalization.CultureInfo.InvariantCulture);
                schema.Default = JsonValue.Create(number.Default);
                break;
            case TextQuery text:
                schema.MaxLength = text.LengthMax;
                break;
        }

        return schema;
    }

    /// <summary>Words that answers use too have one name, so that a generated client has one type for them.</summary>
    private static async Task<IOpenApiSchema> EnumReference(
        Type type, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var document = context.Document!;
        var name = OpenApiSchemas.NameOfEnum(type);
        if (document.Components?.Schemas?.ContainsKey(name) is not true)
        {
            document.AddComponent(name, await context.GetOrCreateSchemaAsync(type, cancellationToken: cancellation));
        }

        return new OpenApiSchemaReference(name, document);
    }

    private static void CompleteBody(OpenApiOperation operation)
    {
        if (operation.RequestBody is OpenApiRequestBody body)
        {
            body.Required = true;
            body.Description ??= $"JSON, at most {HttpOptions.BodyBytesMax / 1024} KiB.";
        }
    }

    private static void CompleteAnswers(OpenApiOperation operation, OpenApiDocument document, Facts facts)
    {
        foreach (var (status, answer) in operation.Responses ?? [])
        {
            if (answer is not OpenApiResponse response || status[0] is '4' or '5')
            {
                continue;
            }

            string[] headers =
            [
                .. facts.Limited ? OpenApiParts.OnEveryAnswer : [OpenApiParts.RequestId, OpenApiParts.CacheControl],
                .. facts.Tagged ? [OpenApiParts.ETag] : Array.Empty<string>(),
                .. facts.Idempotent ? [OpenApiParts.Replayed] : Array.Empty<string>(),
                .. facts.OwnHeaders,
                .. status == "201" ? [OpenApiParts.Location] : Array.Empty<string>(),
            ];
            foreach (var (type, media) in response.Content ?? new Dictionary<string, OpenApiMediaType>())
            {
                if (!type.Contains("json", StringComparison.Ordinal))
                {
                    // The same figures in another form; its schema is that of a text.
                    media.Schema = new OpenApiSchema { Type = JsonSchemaType.String };
                }
            }

            response.Headers = OpenApiParts.HeaderReferences(document, headers);
            response.Description = status switch
            {
                "200" => "Done; the body is the answer.",
                "201" => "Made; the body is the new thing as it is now.",
                "202" => "Taken on; the work goes on after this answer.",
                "204" => "Done; there is nothing to say.",
                "304" => "Nothing has changed since the answer whose `ETag` was sent. No body.",
                _ => response.Description,
            };
        }
    }

    private static void Sort(OpenApiResponses responses)
    {
        var sorted = responses.OrderBy(answer => answer.Key, StringComparer.Ordinal).ToList();
        responses.Clear();
        foreach (var (status, answer) in sorted)
        {
            responses.Add(status, answer);
        }
    }

    private static string Status(ErrorCode code) =>
        ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\{\**(\w+)")]
    private static partial Regex RouteValue { get; }

    /// <summary>What the route says about itself, read from its metadata without knowing its slice.</summary>
    private sealed record Facts
    {
        public required IReadOnlyList<string> PathNames { get; init; }

        public required IReadOnlyList<QueryParameter> Query { get; init; }

        public required IReadOnlyList<ErrorCode> DeclaredErrors { get; init; }

        public required bool NeedsCaller { get; init; }

        /// <summary>Under the rules of the base path: limits, request ids, the common errors.</summary>
        public required bool Limited { get; init; }

        /// <summary>Under OAuth's rules instead of ours.</summary>
        public required bool OAuth { get; init; }

        public required bool HasBody { get; init; }

        /// <summary>Answers with an entity tag.</summary>
        public required bool Tagged { get; init; }

        public required bool Idempotent { get; init; }

        public required bool Strict { get; init; }

        /// <summary>Headers that only this operation answers with.</summary>
        public required IReadOnlyList<string> OwnHeaders { get; init; }

        public bool HasParameters => PathNames.Count > 0 || Query.Count > 0;

        public static Facts Of(OpenApiOperationTransformerContext context)
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            var path = "/" + context.Description.RelativePath;
            var statuses = metadata.OfType<IProducesResponseTypeMetadata>()
                .Select(answer => answer.StatusCode).Distinct().ToList();
            var crossOrigin = metadata.OfType<IEnableCorsAttribute>().Any();
            var authorized = metadata.OfType<IAuthorizeData>().Any();
            return new Facts
            {
                PathNames = [.. RouteValue.Matches(path).Select(match => match.Groups[1].Value)],
                Query = [.. metadata.OfType<QueryParameter>()],
                DeclaredErrors = [.. statuses.Where(status => status >= 400).Select(status => (ErrorCode)status)],
                NeedsCaller = authorized,
                Limited = !metadata.OfType<Discovery.Unlimited>().Any(),
                OAuth = OpenApiOAuth.Has(path),
                HasBody = metadata.OfType<IAcceptsMetadata>().Any(),
                Tagged = statuses.Contains(StatusCodes.Status304NotModified),
                Idempotent = authorized && context.Description.HttpMethod == HttpMethods.Post
                    && !path.StartsWith(AdsPath, StringComparison.Ordinal),
                Strict = metadata.OfType<StrictInput>().Any(),
                OwnHeaders =
                [
                    .. metadata.OfType<AnswerHeader>().Select(header => header.Name),
                    .. crossOrigin ? [OpenApiParts.AllowOrigin] : Array.Empty<string>(),
                ],
            };
        }
    }
}
