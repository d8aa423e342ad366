using System.Security.Authentication;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Countinghouse.Http;

/// <summary>
/// What keeps one client from taking what belongs to all, and browsers from doing what nobody asked for.
/// </summary>
public static class Hardening
{
    /// <summary>For answers that are no page: nothing of them may be run or shown in a frame.</summary>
    private const string NoPagePolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>A year, as browsers' lists of such hosts ask for.</summary>
    private const string StrictTransport = "max-age=31536000";

    public static IServiceCollection AddHardening(this IServiceCollection services)
    {
        services.AddSingleton<ServerCertificate>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<HttpOptions>, IServiceProvider>(Limit);
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<IOptions<HttpOptions>>((timeouts, http) =>
            timeouts.DefaultPolicy = new RequestTimeoutPolicy
            {
                Timeout = TimeSpan.FromSeconds(http.Value.RequestSecondsMax),
                TimeoutStatusCode = StatusCodes.Status503ServiceUnavailable,
                WriteTimeoutResponse = context =>
                {
                    // The request's own token is the one that has just been used up.
                    context.RequestAborted = CancellationToken.None;
                    return Problems.ServiceUnavailable(HttpOptions.RetryAfterSeconds).ExecuteAsync(context);
                },
            });
        return services;
    }

    /// <summary>Headers for browsers on every answer that does not set its own.</summary>
    public static Task AddHeaders(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(
            static state =>
            {
                var http = (HttpContext)state;
                var headers = http.Response.Headers;
                headers.XContentTypeOptions = "nosniff";
                headers.TryAdd("Referrer-Policy", "no-referrer");
                headers.TryAdd("Content-Security-Policy", NoPagePolicy);
                if (http.Request.IsHttps)
                {
                    headers.StrictTransportSecurity = StrictTransport;
                }

                return Task.CompletedTask;
            },
            context);
        return next(context);
    }

    /// <summary>
    /// The server is put together before the settings are checked; that check then names everything that is wrong.
    /// </summary>
    private static long? ConnectionsMax(IOptions<HttpOptions> http)
    {
        try
        {
            return http.Value.ConnectionsMax;
        }
        catch (OptionsValidationException)
        {
            return null;
        }
    }

    private static void Limit(KestrelServerOptions kestrel, IOptions<HttpOptions> http, IServiceProvider services)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = HttpOptions.BodyBytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = HttpOptions.HeaderBytesMax;
        kestrel.Limits.MaxRequestHeaderCount = HttpOptions.HeadersMax;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(HttpOptions.HeaderSecondsMax);
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax(http);
        kestrel.ConfigureHttpsDefaults(https =>
        {
            var certificate = services.GetRequiredService<ServerCertificate>();
            if (certificate.IsConfigured)
            {
                https.ServerCertificate = certificate.Leaf;
                https.ServerCertificateChain = certificate.Chain;
                https.OnAuthenticate = (_, handshake) => handshake.ServerCertificateContext = certificate.Context;
            }

            https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        });
    }
}
