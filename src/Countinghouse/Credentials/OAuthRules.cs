using Countinghouse.Access;
using Countinghouse.Http;

namespace Countinghouse.Credentials;

/// <summary>What scopes a client and its tokens get.</summary>
public static class OAuthRules
{
    /// <summary>The scopes one by one.</summary>
    public static IReadOnlyList<string> Words(Scopes scopes) =>
        ScopeWords.Of(scopes).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Reads a list of scopes; what is none of them is a fault.</summary>
    public static (Scopes Scopes, IReadOnlyList<FieldError> Faults) Read(IReadOnlyList<string> written)
    {
        var all = Scopes.None;
        var faults = new List<FieldError>();
        for (var index = 0; index < written.Count; index++)
        {
            if (ScopeWords.All.Contains(written[index]) && ScopeWords.TryParse(written[index], out var scope))
            {
                all |= scope;
            }
            else
            {
                faults.Add(new FieldError(
                    $"scopes[{index}]", "must be one of: " + string.Join(", ", ScopeWords.All), "invalid"));
            }
        }

        return (all, faults);
    }

    /// <summary>
    /// The scopes of a new token: those that were asked for, all of the client's when none were. False when one of
    /// them is unknown or not the client's: less than what was asked for would only fail later.
    /// </summary>
    public static bool TryNarrow(string? asked, Scopes ofClient, out Scopes scopes)
    {
        scopes = ofClient;
        return asked is null || (ScopeWords.TryParse(asked, out scopes)
            && scopes != Scopes.None
            && ofClient.HasFlag(scopes));
    }
}
