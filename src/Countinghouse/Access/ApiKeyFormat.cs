namespace Countinghouse.Access;

/// <summary>The text of an API key: a <see cref="CredentialFormat"/> whose prefix is the key's kind.</summary>
public static class ApiKeyFormat
{
    public static string Prefix(KeyKind kind) => kind switch
    {
        KeyKind.Csb => "csb",
        KeyKind.Csu => "csu",
        KeyKind.Cpk => "cpk",
    };

    public static KeyKind Kind(string prefix) => prefix switch
    {
        "csb" => KeyKind.Csb,
        "csu" => KeyKind.Csu,
        "cpk" => KeyKind.Cpk,
        _ => throw new ArgumentOutOfRangeException(nameof(prefix), prefix, "not a prefix of keys"),
    };

    public static string Create(KeyKind kind) => CredentialFormat.Create(Prefix(kind));

    /// <summary>
    /// True when the text could be a key: known prefix, right alphabet, right checksum. No database needed.
    /// </summary>
    public static bool IsWellFormed(string text) => CredentialFormat.IsWellFormed(text, "csb", "csu", "cpk");
}
