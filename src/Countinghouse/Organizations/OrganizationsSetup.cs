namespace Countinghouse.Organizations;

/// <summary>Puts the slice into the program.</summary>
public static class OrganizationsSetup
{
    public static IServiceCollection AddOrganizations(this IServiceCollection services) =>
        services.AddSingleton<OrganizationStore>()
            .AddSingleton<CatalogStore>()
            .AddSingleton<OrganizationVersions>()
            .AddHostedService<OrganizationVersionJob>();
}
