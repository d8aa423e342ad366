using Countinghouse.Http;
using Microsoft.AspNetCore.Authentication;

namespace Countinghouse.Access;

/// <summary>Puts the slice into the program.</summary>
public static class AccessSetup
{
    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeyStore>().AddSingleton<ApiKeyCache>().AddSingleton<OwnerStore>();
        services.AddHostedService<KeyUseJob>();

        // The core alone: AddAuthentication would bring Data Protection, which on start writes a key ring to the home
        // directory (and warns that it lies there in the clear). No scheme here encrypts anything with it.
        services.AddAuthenticationCore(authentication => authentication.DefaultScheme = ApiKeyHandler.Scheme);
        services.AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.Scheme, null);
        services.AddAuthorization();
        return services;
    }

    /// <summary>
    /// Ends a request whose credential is bad, on every route, also where none is needed. Comes after the rate limits,
    /// so that guessing keys is limited too.
    /// </summary>
    public static async Task RefuseBadCredential(HttpContext context, RequestDelegate next)
    {
        if (context.User.Identity?.IsAuthenticated != true && !Refusal.Stands(context)
            && context.Request.Path.StartsWithSegments(HttpOptions.BasePath))
        {
            // The framework keeps no failed outcome where it could be read; the handler remembers it and is not run
            // again.
            var outcome = await context.AuthenticateAsync();
            if (outcome.Failure is not null || HasOtherCredential(context.Request))
            {
                await context.ChallengeAsync();
                return;
            }
        }

        await next(context);
    }

    /// <summary>A token or session: no such scheme can vouch for it yet, so it is not valid.</summary>
    private static bool HasOtherCredential(HttpRequest request) =>
        request.Headers.ContainsKey("Authorization") || request.Cookies.ContainsKey("sessionid");
}
