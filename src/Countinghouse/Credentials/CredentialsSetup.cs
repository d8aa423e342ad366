using Microsoft.Extensions.Options;

namespace Countinghouse.Credentials;

/// <summary>Puts the slice into the program.</summary>
public static class CredentialsSetup
{
    public static IServiceCollection AddCredentials(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<OAuthOptions>, OAuthOptionsValidator>();
        services.AddOptions<OAuthOptions>().Bind(configuration.GetSection(OAuthOptions.Section)).ValidateOnStart();
        return services
            .AddSingleton<ApiKeyStore>()
            .AddSingleton<OAuthClientStore>()
            .AddSingleton<OAuthSignIn>()
            .AddSingleton<AccessTokenStore>()
            .AddHostedService<TokenSweepJob>();
    }
}
