using Countinghouse.Primitives;

namespace Countinghouse.Access;

/// <summary>The kinds of API keys; the wire spells them as the key's prefix.</summary>
public enum KeyKind
{
    /// <summary>An organization's server.</summary>
    Csb = 1,

    /// <summary>A user; joins when there are users.</summary>
    Csu = 2,

    /// <summary>Publishable: safe in a browser, for the public /ads operations alone.</summary>
    Cpk = 3,
}

/// <summary>What a credential or member may do inside its organization.</summary>
public enum Role
{
    Readonly = 1,
    Billing = 2,
    Editor = 3,
    Manager = 4,
    Owner = 5,
}

/// <summary>What an operation needs.</summary>
public enum Permission
{
    ReadReports = 1,
    ReadRevenueShare = 2,

    /// <summary>Campaigns, and the catalogue they promote: locations and offers.</summary>
    WriteCampaigns = 3,
    ManageMembers = 4,
    ManageOrganization = 5,

    /// <summary>The platform's own business: closing months, approving, fee rates, new organizations.</summary>
    Operate = 6,

    /// <summary>Objecting to what one's own organization earned.</summary>
    DisputeRevenueShare = 7,
}

/// <summary>Who is calling, found out once per request.</summary>
public sealed record Caller(
    OrganizationId Organization, bool IsOperator, KeyKind Kind, KeyId Key, Role Role)
{
    /// <summary>How the trail names this caller.</summary>
    public string Actor => $"key:{Key}";
}
