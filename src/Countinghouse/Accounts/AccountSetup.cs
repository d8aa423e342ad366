using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>Puts the slice into the program.</summary>
public static class AccountSetup
{
    public static IServiceCollection AddAccounts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<AccountOptions>, AccountOptionsValidator>();
        services.AddOptions<AccountOptions>().Bind(configuration.GetSection(AccountOptions.Section)).ValidateOnStart();
        services.AddSingleton<Passwords>()
            .AddSingleton<Authenticator>()
            .AddSingleton<UserStore>()
            .AddSingleton<SessionStore>()
            .AddSingleton<MemberStore>()
            .AddSingleton<InvitationStore>()
            .AddSingleton<ResetStore>()
            .AddSingleton<ResetRequests>()
            .AddSingleton<Mailer>();
        services.AddHostedService<ResetJob>().AddHostedService<AccountSweepJob>();
        return services;
    }

    public static IEndpointRouteBuilder MapAccounts(this IEndpointRouteBuilder routes) =>
        routes.MapSession().MapPerson().MapMembers().MapInvitations().MapResets().MapWhoAmI();
}
