using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace Countinghouse.Http;

/// <summary>Puts the slice into the program.</summary>
public static class HttpSetup
{
    /// <summary>Any web page may record events, without credentials; nothing else answers other origins.</summary>
    public const string AnyOrigin = "AnyOrigin";

    public static IServiceCollection AddHttp(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<HttpOptions>, HttpOptionsValidator>();
        services.AddOptions<HttpOptions>().Bind(configuration.GetSection(HttpOptions.Section)).ValidateOnStart();
        services.ConfigureHttpJsonOptions(json => WireJson.Configure(json.SerializerOptions));
        services.AddExceptionHandler<ErrorHandling>();
        services.AddSingleton<Draining>().AddHostedService(provider => provider.GetRequiredService<Draining>());
        services.AddSingleton<IdempotencyStore>().AddSingleton<Idempotency>().AddHostedService<IdempotencyJob>();
        services.AddCors(cors => cors.AddPolicy(AnyOrigin, policy => policy
            .AllowAnyOrigin()
            .WithMethods("POST")
            .AllowAnyHeader()
            .WithExposedHeaders(
                RequestIds.Header,
                "Retry-After",
                "RateLimit-Policy",
                "RateLimit-Limit",
                "RateLimit-Remaining",
                "RateLimit-Reset",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset")));

        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<HttpOptions>>((forwarded, http) =>
        {
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var proxy in HttpOptions.Addresses(http.Value.TrustedProxies))
            {
                forwarded.KnownProxies.Add(IPAddress.Parse(proxy));
            }

            // From proxy to proxy, as long as they are trusted. The default is one step: behind two of them all would
            // seem to come from the outer one's address.
            forwarded.ForwardLimit = null;

            // With no proxy named the framework would believe everybody's headers.
            forwarded.ForwardedHeaders = forwarded.KnownProxies.Count > 0
                ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto
                : ForwardedHeaders.None;
        });
        return services;
    }

    /// <summary>
    /// Reports and everything else behind a credential: not for shared caches, checked before each reuse.
    /// </summary>
    public static Task KeepPrivate(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments(HttpOptions.BasePath))
        {
            context.Response.OnStarting(
                static state =>
                {
                    var headers = ((HttpContext)state).Response.Headers;
                    if (headers.CacheControl.Count == 0)
                    {
                        headers.CacheControl = "private, no-cache";
                    }

                    return Task.CompletedTask;
                },
                context);
        }

        return next(context);
    }

    /// <summary>A route that reads: HEAD is answered wherever GET is.</summary>
    public static RouteHandlerBuilder MapRead(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        routes.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], handler);
}
