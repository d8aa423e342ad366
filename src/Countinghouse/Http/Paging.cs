using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Countinghouse.Http;

/// <summary>Which rows of a list to answer with.</summary>
public readonly record struct Page(int Number, int Size)
{
    public static readonly NumberQuery NumberParameter =
        new("page", "Page to answer with, from 1.", Minimum: 1, Maximum: int.MaxValue, Default: 1);

    public static readonly NumberQuery SizeParameter =
        new("page_size", "Items on a page.", Minimum: 1, Maximum: 100, Default: 25);

    /// <summary>Rows before the page.</summary>
    public long Offset => (Number - 1L) * Size;

    public static Page Read(HttpContext context) =>
        new(NumberParameter.Read(context), SizeParameter.Read(context));
}

/// <summary>Where in a list a page stands.</summary>
/// <param name="Page">The page this is, from 1.</param>
/// <param name="PageSize">Items on a page.</param>
/// <param name="TotalCount">Items in the whole list.</param>
/// <param name="TotalPages">Pages in the whole list; 1 even when it is empty.</param>
/// <param name="HasNext">True when there is a page after this one.</param>
/// <param name="HasPrevious">True when there is a page before this one.</param>
public sealed record PaginationMeta(
    [property: Range(1, int.MaxValue)] int Page,
    [property: Range(1, 100)] int PageSize,
    [property: Range(0, int.MaxValue)] int TotalCount,
    [property: Range(1, int.MaxValue)] int TotalPages,
    bool HasNext,
    bool HasPrevious)
{
    public static PaginationMeta Of(Page page, int totalCount)
    {
        var pages = Math.Max(1, (int)((totalCount + (long)page.Size - 1) / page.Size));
        return new PaginationMeta(page.Number, page.Size, totalCount, pages, page.Number < pages, page.Number > 1);
    }
}

/// <summary>One page of a list.</summary>
/// <param name="Data">The items of the page.</param>
/// <param name="Pagination">Where in the list the page stands.</param>
[method: JsonConstructor]
public sealed record Paged<T>(IReadOnlyList<T> Data, PaginationMeta Pagination)
{
    public Paged(IReadOnlyList<T> data, Page page, int totalCount)
        : this(data, PaginationMeta.Of(page, totalCount))
    {
    }
}
