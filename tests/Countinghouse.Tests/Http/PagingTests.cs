using Countinghouse.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Countinghouse.Http;

public sealed class PagingTests
{
    private static readonly Gen<(Page Page, int Total)> Lists =
        Gen.OneOf(Gen.Choose(1, 30), Gen.Elements(1, int.MaxValue)).SelectMany(number =>
            Gen.Choose(1, 100).SelectMany(size =>
                Gen.OneOf(Gen.Choose(0, 300), Gen.Elements(0, int.MaxValue))
                    .Select(total => (new Page(number, size), total))));

    [Fact]
    public void Where_a_page_stands_agrees_with_a_model() => Properties.Hold(Lists, list =>
    {
        var ((number, size), total) = list;
        var meta = PaginationMeta.Of(list.Page, total);
        var pages = (long)Math.Ceiling(total / (double)size);

        Assert.Equal((number, size, total), (meta.Page, meta.PageSize, meta.TotalCount));
        Assert.Equal(Math.Max(1, pages), meta.TotalPages);
        Assert.Equal((long)number * size < total, meta.HasNext);
        Assert.Equal(number > 1, meta.HasPrevious);
    });

    [Fact]
    public void The_pages_of_a_list_are_the_list() => Properties.Hold(
        Gen.Choose(0, 200).SelectMany(total => Gen.Choose(1, 100).Select(size => (total, size))),
        list =>
        {
            var all = Enumerable.Range(0, list.total).ToList();
            var read = new List<int>();
            var page = new Page(1, list.size);
            while (true)
            {
                read.AddRange(all.Skip((int)page.Offset).Take(page.Size));
                if (!PaginationMeta.Of(page, list.total).HasNext)
                {
                    break;
                }

                page = page with { Number = page.Number + 1 };
            }

            Assert.Equal(all, read);
        });

    [Fact]
    public void A_page_past_the_end_has_one_before_it_and_none_after()
    {
        var meta = PaginationMeta.Of(new Page(9, 25), 30);

        Assert.Equal((2, false, true), (meta.TotalPages, meta.HasNext, meta.HasPrevious));
    }
}
