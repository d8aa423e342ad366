namespace Countinghouse.Http;

/// <summary>
/// A feature of requests that a page of the console makes beyond its first: a page counts as one request, whatever it
/// needs.
/// </summary>
public sealed class PartOfPage
{
    public static readonly PartOfPage Instance = new();

    private PartOfPage()
    {
    }
}
