using Countinghouse.Http;
using Microsoft.Extensions.Options;

namespace Countinghouse.RateLimits;

/// <summary>Puts the slice into the program.</summary>
public static class RateLimitSetup
{
    public static IServiceCollection AddRateLimits(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<RateLimitOptions>, RateLimitOptionsValidator>();
        services.AddOptions<RateLimitOptions>()
            .Bind(configuration.GetSection(RateLimitOptions.Section)).ValidateOnStart();
        services.AddSingleton<RateLimitPolicies>().AddSingleton<RateLimitSubjects>().AddSingleton<RateLimitCounters>();
        services.AddSingleton<RateLimiter>().AddSingleton<RateWindowStore>();
        services.AddSingleton<RateLimitJob>();
        services.AddHostedService(provider => provider.GetRequiredService<RateLimitJob>());
        return services;
    }

    /// <summary>
    /// Sees to it that every answer tells the limit. Comes right after the forwarded headers, so that it also holds for
    /// what fails before anything is counted: then the address is counted, for it must not be free to fail.
    /// </summary>
    public static IApplicationBuilder UseRateLimitHeaders(this IApplicationBuilder app)
    {
        var limiter = app.ApplicationServices.GetRequiredService<RateLimiter>();
        return app.Use((context, next) =>
        {
            if (RateLimiter.Covers(context.Request.Path) && context.Features.Get<PartOfPage>() is null)
            {
                context.Features.Set(limiter);
                context.Response.OnStarting(Tell, context);
            }

            return next(context);
        });
    }

    /// <summary>
    /// Counts and refuses. Comes after authentication, which says whom to count, and before CORS, whose headers a
    /// refusal needs too. A preflight is counted, and past the limit still answered: it does nothing, and without it a
    /// page could not read the refusal of the request that follows.
    /// </summary>
    public static IApplicationBuilder UseRateLimits(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Features.Get<RateLimiter>() is { } limiter)
        {
            var decision = limiter.Take(context);
            context.Features.Set(decision);
            if (!decision.IsAllowed)
            {
                Refusal.Put(context, Problems.RateLimited(decision.ResetSeconds));
            }
        }

        return next(context);
    });

    private static Task Tell(object state)
    {
        var context = (HttpContext)state;
        var decision = context.Features.Get<RateLimitDecision>()
            ?? context.Features.Get<RateLimiter>()!.TakeForAddress(context);
        RateLimitHeaders.Write(context.Response.Headers, decision);
        return Task.CompletedTask;
    }
}
