using System.Data.Common;
using Countinghouse.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Http;

/// <summary>How the server is, in one word.</summary>
/// <param name="Status">`live` or `ready`.</param>
public sealed record HealthAnswer(string Status);

/// <summary>What a load balancer asks: is the process there, and can it do its work?</summary>
public static class Health
{
    public const string LivePath = "/health/live";
    public const string ReadyPath = "/health/ready";

    /// <summary>Must read something: "SELECT 1" would tell nothing about a SQLite file.</summary>
    private const string Probe = "SELECT MAX(number) FROM schema_migration";

    /// <summary>A balancer asks again soon; an answer that comes late is of no use to it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").WithTags("Discovery").WithMetadata(Discovery.Unlimited.Instance);

        health.MapRead(LivePath, Live)
            .WithName("apps_advertising_api_discovery_health_live")
            .WithSummary("Is the process alive?")
            .WithDescription("Always 200 while the process answers at all; says nothing about the database.")
            .ShortCircuit();

        health.MapRead(ReadyPath, Ready)
            .WithName("apps_advertising_api_discovery_health_ready")
            .WithSummary("Can the server do its work?")
            .WithDescription(
                "200 when the database answers within two seconds and has the tables that this program needs, and the "
                + "server is not about to stop; else 503 with `Retry-After`.")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .ShortCircuit();

        return routes;
    }

    private static Ok<HealthAnswer> Live(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new HealthAnswer("live"));
    }

    private static async Task<Results<Ok<HealthAnswer>, Problem>> Ready(
        HttpContext context, Database database, Draining draining, TimeProvider clock, CancellationToken cancellation)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (draining.HasBegun)
        {
            return Problems.Stopping(HttpOptions.RetryAfterSeconds);
        }

        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            var schema = await database.Read(connection => connection.Number(Probe, either.Token), either.Token);

            // A newer one is fine: while nodes are upgraded, those of the version before go on (docs/operating.md).
            return schema >= Migrator.Known[^1].Number
                ? TypedResults.Ok(new HealthAnswer("ready"))
                : Problems.SchemaTooOld(schema ?? 0, Migrator.Known[^1].Number, HttpOptions.RetryAfterSeconds);
        }
        catch (Exception error) when (error is DbException
            || (error is OperationCanceledException && patience.IsCancellationRequested))
        {
            return Problems.ServiceUnavailable(HttpOptions.RetryAfterSeconds);
        }
    }
}
