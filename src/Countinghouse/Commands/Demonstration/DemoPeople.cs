using System.Security.Cryptography;
using Countinghouse.Accounts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Demonstration;

/// <summary>Who can sign in to the demo's console. Made-up people, so one password, which may lie in a file.</summary>
internal sealed record DemoPeople
{
    private const string Host = "demo.example";

    public required string Advertiser { get; init; }

    public required string Retailer { get; init; }

    public required string Operator { get; init; }

    /// <summary>Confirms what the first one asked for.</summary>
    public required string SecondOperator { get; init; }

    public required string Password { get; init; }

    /// <summary>Makes them members, as an invitation that was accepted does.</summary>
    public static async Task<DemoPeople> Make(
        IServiceProvider product,
        OrganizationId advertiser,
        OrganizationId retailer,
        OrganizationId platform,
        CancellationToken cancellation)
    {
        var password = RandomNumberGenerator.GetHexString(16, lowercase: true);
        return new DemoPeople
        {
            Password = password,
            Advertiser = await Join("advertiser", "Ada Mensah", advertiser, MemberRole.Owner),
            Retailer = await Join("retailer", "Rosa Lindqvist", retailer, MemberRole.Owner),
            Operator = await Join("operator", "Omar Haddad", platform, MemberRole.Owner),
            SecondOperator = await Join("operator2", "Olga Petrova", platform, MemberRole.Manager),
        };

        async Task<string> Join(string who, string name, OrganizationId organization, MemberRole role)
        {
            var invitations = product.GetRequiredService<InvitationStore>();
            var address = $"{who}@{Host}";
            var (_, _, secret) = await invitations.Invite(
                organization, MailAddress.FromText(address), role, MemberRole.Owner, cancellation);
            var link = await invitations.Find(secret, cancellation);
            var hash = await product.GetRequiredService<Passwords>().Hash(password, cancellation);
            await invitations.Accept(link!, null, (name, hash!), cancellation);
            return address;
        }
    }
}
