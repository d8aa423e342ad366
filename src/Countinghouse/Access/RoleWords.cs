namespace Countinghouse.Access;

/// <summary>The roles' words on the wire and in columns; frozen.</summary>
public static class RoleWords
{
    public static string Of(Role role) => role switch
    {
        Access.Role.Readonly => "readonly",
        Access.Role.Billing => "billing",
        Access.Role.Editor => "editor",
        Access.Role.Manager => "manager",
        Access.Role.Owner => "owner",
    };

    public static Role Role(string word) => word switch
    {
        "readonly" => Access.Role.Readonly,
        "billing" => Access.Role.Billing,
        "editor" => Access.Role.Editor,
        "manager" => Access.Role.Manager,
        "owner" => Access.Role.Owner,
        _ => throw new ArgumentOutOfRangeException(nameof(word), word, "not a role"),
    };
}
