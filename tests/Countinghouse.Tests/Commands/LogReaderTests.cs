using System.Text;
using Countinghouse.Commands.Importing;
using Countinghouse.Ingest;

namespace Countinghouse.Commands;

/// <summary>Lines are read one by one, whatever surrounds them.</summary>
public sealed class LogReaderTests
{
    private const string Id = "WmsG2qe2XXxacqiqo2MfnY";
    private const string Good = $"{{\"kind\":\"click\",\"campaign_id\":\"{Id}\"}}";

    private static readonly ClientReader Clients = ParserComparison.NewClients();

    [Theory]
    [InlineData(Good, "")]
    [InlineData("""{"kind":"click","campaign_id":"<id>","client":{"ip":null,"more":[1]},"x":{"y":[{}]}}""", "")]
    [InlineData("""{"campaign_id":"a1b2c3d4-e5f6-7890-ABCD-ef1234567890","\u006bind":"cl\u0069ck"}""", "")]
    [InlineData("""{"kind":"view","campaign_id":"<id>"}""", "kind must be impression or click")]
    [InlineData("""{"kind":1,"campaign_id":"<id>"}""", "kind must be a string")]
    [InlineData("""{"kind":"click","campaign_id":{"a":1}}""", "campaign_id must be a string")]
    [InlineData("""{"kind":"click","kind":"click","campaign_id":"<id>"}""", "kind must be given once")]
    [InlineData("""{"kind":"click","campaign_id":"<id>","ip":"1","client":{"ip":"2"}}""", "ip must be given once")]
    [InlineData("""{"kind":"click","campaign_id":"<id>","client":7}""", "client must be an object")]
    [InlineData("""{"kind":"click","campaign_id":"<id>","validity":"general"}""", "reason must say")]
    [InlineData("""{"kind":"click","campaign_id":"\ud800"}""", "is not valid JSON")]
    [InlineData("""{"kind":"click","campaign_id":"<id>"}}""", "is not valid JSON")]
    [InlineData("""{"kind":"click","campaign_id":"<id>" """, "is not valid JSON")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("null", "is not a JSON object")]
    public void A_line_is_an_event_or_a_fault(string line, string fault)
    {
        var read = Read($"{Good}\n{line.Replace("<id>", Id)}\n{Good}");

        Assert.Equal([1, 2, 3], read.Select(one => one.Number));
        Assert.Equal((null, null), (read[0].Code, read[2].Code));
        Assert.StartsWith(fault, read[1].Reason);
        Assert.Equal(fault.Length == 0, read[1].Code is null);
    }

    [Theory]
    [InlineData("{0}", new long[] { 1 })]
    [InlineData("\uFEFF{0}\n", new long[] { 1 })]
    [InlineData("{0}\r\n\r\n  \t\n{0}\r\n", new long[] { 1, 4 })]
    [InlineData("\n\n{0}\n{0}", new long[] { 3, 4 })]
    [InlineData("", new long[0])]
    public void Blank_lines_count_as_lines_but_not_as_events(string text, long[] numbers) => Assert.Equal(
        numbers, Read(text.Replace("{0}", Good)).Where(line => line.Code is null).Select(line => line.Number));

    [Theory]
    [InlineData(65_536, true)]
    [InlineData(65_537, false)]
    [InlineData(300_000, false)]
    [InlineData(3_000_000, false)]
    public void A_line_has_at_most_64_KiB_and_the_next_one_is_read_again(int length, bool isRead)
    {
        var line = Good[..^1].PadRight(length - 1) + "}";

        var read = Read($"{Good}\n{line}\n{Good}\n{line}");

        Assert.Equal(4, read.Count);
        Assert.Equal([true, isRead, true, isRead], read.Select(one => one.Code is null));
    }

    [Fact]
    public void Lines_may_lie_across_any_reads()
    {
        var lines = Enumerable.Range(0, 20_000).Select(number => Good.PadRight(Good.Length + (number % 97))).ToList();

        Assert.Equal(lines.Count, Read(string.Join('\n', lines)).Count(line => line.Code is null));
    }

    [Fact]
    public void Lines_that_are_passed_over_are_those_that_would_be_read()
    {
        var text = string.Join('\n', Good, "", new string('x', 400_000), Good, "broken", Good);
        using var whole = Open(text);
        using var rest = Open(text);

        for (var line = 0; line < 2; line++)
        {
            Assert.True(whole.Read(out _));
        }

        while (rest.Position < whole.Position)
        {
            Assert.True(rest.Skip());
        }

        Assert.True(whole.Read(out var expected));
        Assert.True(rest.Read(out var found));
        Assert.Equal(expected, found);
        Assert.Equal(4, found.Number);
    }

    [Fact]
    public void An_event_without_an_id_gets_the_same_one_again_and_no_dated_one()
    {
        var (first, second) = (Read($"{Good}\n{Good}"), Read($"{Good}\n{Good}"));
        var ids = first.Select(line => line.Event.Id!.Value).ToList();

        Assert.Equal(ids, second.Select(line => line.Event.Id!.Value));
        Assert.NotEqual(ids[0], ids[1]);
        Assert.All(ids, id => Assert.Equal(5, id.Value.Version));
        Assert.NotEqual(ids[0], Read(Good, "other.ndjson")[0].Event.Id!.Value);
        Assert.Equal("UuRNyGC3qt8w9RUNBfgawK", ids[0].ToString());
    }

    [Fact]
    public void What_was_found_invalid_where_it_was_exported_stays_so()
    {
        var line = Read(Good[..^1] + ",\"validity\":\"sophisticated\",\"reason\":\"clicks_per_hour\"}")[0];
        var free = Read(Good[..^1] + ",\"validity\":\"valid\",\"reason\":\"budget_exhausted\"}")[0];

        Assert.Equal(new ClientMark(EventReason.ClicksPerHour, 0, 0), line.Event.StatedClient);
        Assert.Null(free.Event.StatedClient);
    }

    [Theory]
    [InlineData("click,{0},\"x\ny\"\nclick,{0},z", new long[] { 2, 4 }, 0)]
    [InlineData("click,{0},\"x\"\"y\"\n\nclick,{0},z\n", new long[] { 2, 4 }, 0)]
    [InlineData("click,{0}\nclick,{0},z", new long[] { 3 }, 1)]
    [InlineData("click,{0},a\"b\nclick,{0},z", new long[] { 3 }, 1)]
    [InlineData("", new long[0], 0)]
    public void Csv_records_are_numbered_by_the_line_they_begin_on(string text, long[] good, int bad)
    {
        using var log = new CsvLog(
            Bytes("kind,campaign_id,user_agent\n" + text.Replace("{0}", Id)),
            "log.csv",
            new EventDraft("log.csv", Clients));

        var read = ReadAll(log);

        Assert.Equal(good, read.Where(line => line.Code is null).Select(line => line.Number));
        Assert.Equal(bad, read.Count(line => line.Code == LogLine.Malformed));
    }

    [Fact]
    public void A_quote_that_is_never_closed_ends_the_reading()
    {
        using var log = new CsvLog(
            Bytes($"kind,campaign_id,user_agent\nclick,{Id},\"{new string('x', 200_000)}"),
            "log.csv",
            new EventDraft("log.csv", Clients));

        Assert.Throws<InvalidDataException>(() => log.Read(out _));
    }

    private static List<LogLine> Read(string text, string name = "log.ndjson")
    {
        using var log = Open(text, name);
        return ReadAll(log);
    }

    private static List<LogLine> ReadAll(ILogReader log)
    {
        var lines = new List<LogLine>();
        while (log.Read(out var line))
        {
            lines.Add(line);
        }

        return lines;
    }

    private static NdjsonLog Open(string text, string name = "log.ndjson") =>
        new(Bytes(text), name, new EventDraft(name, Clients));

    private static MemoryStream Bytes(string text) => new(Encoding.UTF8.GetBytes(text));
}
