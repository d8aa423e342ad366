namespace Countinghouse.Commands.Configuring;

/// <summary>Finds what somebody meant who wrote a name that there is not.</summary>
internal static class Spelling
{
    /// <summary>Letters that may differ, for each so many letters of the name.</summary>
    private const int LettersPerSlip = 4;

    /// <summary>The known name that is nearest to a wrong one; null when none is near.</summary>
    public static string? Nearest(string wrong, IEnumerable<string> known)
    {
        var (plain, last) = (Plain(wrong), Plain(LastPart(wrong)));
        return known
            .Select(name => (
                Name: name,
                Slips: Math.Min(Distance(plain, Plain(name)), 1 + Distance(last, Plain(LastPart(name))))))
            .Where(near => near.Slips <= Math.Max(1, Plain(near.Name).Length / LettersPerSlip))
            .OrderBy(near => near.Slips)
            .Select(near => near.Name)
            .FirstOrDefault();
    }

    private static string LastPart(string name) => name[(name.LastIndexOf(':') + 1)..];

    /// <summary>Separators and case are what is mistaken most.</summary>
    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();

    /// <summary>Levenshtein's: letters to add, drop or change to get from one to the other.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        foreach (var letter in one)
        {
            var diagonal = row[0]++;
            for (var at = 1; at <= other.Length; at++)
            {
                var change = diagonal + (letter == other[at - 1] ? 0 : 1);
                diagonal = row[at];
                row[at] = Math.Min(change, 1 + Math.Min(row[at], row[at - 1]));
            }
        }

        return row[^1];
    }
}
