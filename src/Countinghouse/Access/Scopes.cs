namespace Countinghouse.Access;

/// <summary>What an access token may be used for, below what its client's role allows.</summary>
[Flags]
public enum Scopes
{
    None = 0,

    /// <summary>Campaigns, catalogue and reports.</summary>
    AdvertisingRead = 1,

    /// <summary>Revenue share records, statements and payouts.</summary>
    RevenueRead = 2,

    /// <summary>Disputing records.</summary>
    RevenueWrite = 4,

    /// <summary>Making and changing campaigns, locations and offers.</summary>
    CampaignsWrite = 8,

    /// <summary>Passing shoppers on when recording events.</summary>
    EventsWrite = 16,

    /// <summary>Members, keys and clients.</summary>
    MembersWrite = 32,

    /// <summary>The organization itself.</summary>
    OrganizationWrite = 64,

    /// <summary>The operator's business.</summary>
    PlatformOperate = 128,

    /// <summary>The audit log.</summary>
    AuditRead = 256,

    All = 511,
}

/// <summary>The scopes' words on the wire and in columns; frozen.</summary>
public static class ScopeWords
{
    private static readonly (string Word, Scopes Scope, string Meaning)[] Words =
    [
        ("advertising:read", Scopes.AdvertisingRead, "Read campaigns, catalogue and reports."),
        ("revenue:read", Scopes.RevenueRead, "Read revenue share records, statements and payouts."),
        ("revenue:write", Scopes.RevenueWrite, "Dispute revenue share records."),
        ("campaigns:write", Scopes.CampaignsWrite, "Make and change campaigns, locations and offers."),
        ("events:write", Scopes.EventsWrite, "Pass shoppers' address and time on when recording events."),
        ("members:write", Scopes.MembersWrite, "Manage members, invitations, keys and clients."),
        ("organization:write", Scopes.OrganizationWrite, "Change the organization."),
        ("platform:operate", Scopes.PlatformOperate, "Do the operator's business."),
        ("audit:read", Scopes.AuditRead, "Read the audit log."),
    ];

    /// <summary>What each allows, in words for callers.</summary>
    public static IReadOnlyDictionary<string, string> Meanings { get; } =
        Words.ToDictionary(pair => pair.Word, pair => pair.Meaning);

    /// <summary>All words, in a fixed order.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Words.Select(pair => pair.Word)];

    /// <summary>Separated by spaces, as OAuth has it.</summary>
    public static string Of(Scopes scopes) =>
        string.Join(' ', Words.Where(pair => scopes.HasFlag(pair.Scope)).Select(pair => pair.Word));

    /// <summary>False when a word is none of them.</summary>
    public static bool TryParse(string text, out Scopes scopes)
    {
        scopes = Scopes.None;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var known = Array.Find(Words, pair => pair.Word == word);
            if (known.Word is null)
            {
                return false;
            }

            scopes |= known.Scope;
        }

        return true;
    }
}
