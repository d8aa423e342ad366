using Countinghouse.Audit;
using Countinghouse.Http;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Options;

namespace Countinghouse.Access;

/// <summary>
/// On an endpoint that people come to without a good credential, such as signing in: one that comes along counts for
/// nothing there, so a bad one is ignored, and a good cookie needs no anti-forgery token.
/// </summary>
public sealed class ForgivesBadCredential
{
    public static readonly ForgivesBadCredential Instance = new();
}

/// <summary>Puts the slice into the program.</summary>
public static class AccessSetup
{
    public const string AntiforgeryHeader = "X-CSRF-Token";

    private const string AdsPath = HttpOptions.BasePath + "/ads";

    public static IServiceCollection AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<AccessOptions>, AccessOptionsValidator>();
        services.AddOptions<AccessOptions>().Bind(configuration.GetSection(AccessOptions.Section)).ValidateOnStart();
        services.AddSingleton<AuditTrail>().AddSingleton<AuditReader>().AddSingleton<ActorNames>();
        services.AddSingleton<CredentialStore>().AddSingleton<CredentialCache>().AddSingleton<OwnerStore>();
        services.AddHostedService<CredentialUseJob>();

        services.AddSingleton<DatabaseKeyRing>();
        services.AddDataProtection().SetApplicationName("countinghouse");

        // It warns that keys lie in the database unencrypted. They do: whoever reads the database reads all that they
        // protect (docs/security.md).
        services.AddLogging(logging => logging.AddFilter(typeof(XmlKeyManager).FullName, LogLevel.Error));
        services.AddOptions<KeyManagementOptions>()
            .Configure<DatabaseKeyRing>((keys, ring) => keys.XmlRepository = ring);
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.HeaderName = AntiforgeryHeader;
            antiforgery.Cookie.Name = "antiforgery";
            antiforgery.Cookie.SameSite = SameSiteMode.Lax;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            antiforgery.SuppressReadingTokenFromFormBody = true;
        });

        services.AddAuthenticationCore(authentication => authentication.DefaultScheme = CredentialHandler.Scheme);
        services.AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, CredentialHandler>(CredentialHandler.Scheme, null);
        services.AddAuthorization();
        return services;
    }

    /// <summary>
    /// Ends a request whose credential is bad or may not be used like this, on every route, also where none is needed.
    /// Comes after the rate limits, so that guessing keys is limited too.
    /// </summary>
    public static async Task RefuseBadCredential(HttpContext context, RequestDelegate next)
    {
        if (Refusal.Stands(context) || !context.Request.Path.StartsWithSegments(HttpOptions.BasePath)
            || context.GetEndpoint()?.Metadata.GetMetadata<ForgivesBadCredential>() is not null)
        {
            await next(context);
        }
        else if (context.CallerOrNull() is { } caller)
        {
            await (await Refuse(context, caller) is { } problem ? problem.ExecuteAsync(context) : next(context));
        }
        else
        {
            // The framework keeps no failed outcome where it could be read; the handler remembers it and is not run
            // again.
            var outcome = await context.AuthenticateAsync();
            await (outcome.Failure is not null ? context.ChallengeAsync() : next(context));
        }
    }

    /// <summary>Names whoever changes something, for the trail.</summary>
    public static Task NameActor(HttpContext context, RequestDelegate next)
    {
        if (Changes(context.Request))
        {
            var caller = context.CallerOrNull();
            Acting.Begin(new Acting(
                caller?.Actor ?? "anonymous", caller?.Credential ?? "", context.TraceIdentifier));
        }

        return next(context);
    }

    private static async ValueTask<Problem?> Refuse(HttpContext context, Caller caller)
    {
        if (caller.Kind == CredentialKind.Session && Changes(context.Request)
            && !await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context))
        {
            return Problems.AntiforgeryTokenMissing();
        }

        return caller.Origins.Count > 0
            && !caller.Origins.Contains(context.Request.Headers.Origin.ToString(), StringComparer.OrdinalIgnoreCase)
                ? Problems.OriginNotAllowed()
                : null;
    }

    /// <summary>
    /// Events are recorded for anybody, whatever cookie came with them: it counts for nothing there.
    /// </summary>
    private static bool Changes(HttpRequest request) =>
        !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)
        && !HttpMethods.IsOptions(request.Method) && !request.Path.StartsWithSegments(AdsPath);
}
