using Countinghouse.Primitives;

namespace Countinghouse.Http;

/// <summary>
/// Marks endpoints of our own (part 3 of the contract): what they do not know they refuse, so no typo passes.
/// </summary>
public sealed class StrictInput
{
    public static readonly StrictInput Instance = new();
}

/// <summary>
/// Reads ids out of the path and declared parameters out of the query, and answers 422 with everything that is wrong
/// with them before any handler runs. What handlers read afterwards is therefore always well-formed.
/// </summary>
public static class RequestCheck
{
    private const string IdSuffix = "_id";

    /// <summary>Declares the query parameters of an endpoint.</summary>
    public static TBuilder WithQuery<TBuilder>(this TBuilder builder, params QueryParameter[] parameters)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata([.. parameters]);

    /// <summary>Refuses members and parameters the endpoint does not know.</summary>
    public static TBuilder Strict<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(StrictInput.Instance);

    /// <summary>An id of the path; it was checked before the handler ran.</summary>
    public static TId Id<TId>(this HttpContext context, string name)
        where TId : struct, IId<TId> =>
        TId.TryParse((string)context.Request.RouteValues[name]!, out var id)
            ? id
            : throw new InvalidOperationException($"The path has no id called {name}.");

    /// <summary>The endpoint filter that does the checking; once, on the group of all endpoints.</summary>
    public static ValueTask<object?> Filter(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var errors = Check(invocation.HttpContext);
        return errors is null ? next(invocation) : ValueTask.FromResult<object?>(Problems.Invalid(errors));
    }

    private static List<FieldError>? Check(HttpContext context)
    {
        List<FieldError>? errors = null;
        foreach (var (name, value) in context.Request.RouteValues)
        {
            if (name.EndsWith(IdSuffix, StringComparison.Ordinal) && !ShortUuid.TryParse((string?)value, out _))
            {
                (errors ??= []).Add(new FieldError(name, "must be " + ExpectedId<CampaignId>(), "invalid_id"));
            }
        }

        if (context.Request.QueryString.HasValue)
        {
            CheckQuery(context, ref errors);
        }

        return errors;
    }

    private static void CheckQuery(HttpContext context, ref List<FieldError>? errors)
    {
        var metadata = context.GetEndpoint()!.Metadata;
        var declared = metadata.GetOrderedMetadata<QueryParameter>();
        foreach (var parameter in declared)
        {
            if (!context.Request.Query.TryGetValue(parameter.Name, out var values))
            {
                continue;
            }

            var refusal = values.Count == 1 ? parameter.Refuse(values[0] ?? "") : "must be given once";
            if (refusal is not null)
            {
                (errors ??= []).Add(new FieldError(parameter.Name, refusal, "invalid"));
            }
        }

        if (metadata.GetMetadata<StrictInput>() is null)
        {
            return;
        }

        foreach (var name in context.Request.Query.Keys)
        {
            if (!declared.Any(parameter => parameter.Name == name))
            {
                (errors ??= []).Add(new FieldError(name, "is not a parameter of this operation", "unknown"));
            }
        }
    }

    private static string ExpectedId<TId>()
        where TId : struct, IWireText<TId> => TId.Expected;
}
