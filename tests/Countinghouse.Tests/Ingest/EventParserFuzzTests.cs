using System.Diagnostics;
using System.Globalization;
using System.Text;
using Countinghouse.Primitives;
using Xunit.Abstractions;

namespace Countinghouse.Ingest;

/// <summary>
/// Bodies that nobody would think of: the fast reader never throws, and whatever it accepts the slow one reads alike.
/// Runs for 5 seconds, or for COUNTINGHOUSE_FUZZ_SECONDS; the same bodies in the same order each time.
/// </summary>
public sealed class EventParserFuzzTests(ITestOutputHelper output)
{
    private const int Seed = 20_260_815;
    private const int DefaultSeconds = 5;

    private static readonly ClientReader Clients = ParserComparison.NewClients();

    /// <summary>What is put into a body, or in the place of a value.</summary>
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "5", "-0", "1e400", "01", "true", "false", "null", "\"\"", "\"x\"", "{}", "[]", "{", "}", "[", "]", ",",
            ":", "\"", "\\", "\\u0000", "\\ud83d\\ude00", "\\ud800", "\\\"", "\n", " ", "\t\r\n ", "\0", "\f", "\u007f",
            "\u00a0", "\u2028", "é", "🛒", "１", "\uFEFF", "// x\n", "/* x */", "NaN", "+", "-", ".", "Z", "+02:00",
            "00", "24", "60", "29", "\"atomic\":true,", "\"client\":null,", "\"offer_id\":null,", "\"more\":[1,{}],",
            "\"ip\":\"::1\",", "\"ip\":\"1.2.3.4%5\",", "\"user_agent\":\"Mozilla/5.0 bot\",", "0x", "::ffff:", "%1",
            new string('[', 40), new string('a', 1100), "WmsG2qe2XXxacqiqo2MfnY",
            "\"C3D4E5F6-7890-1234-ABCD-EF3456789012\"", "\"2024-02-29T23:59:59.999999999999+23:59\"",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82],
    ];

    private readonly Random _random = new(Seed);

    [Fact]
    public void Whatever_the_fast_reader_accepts_the_slow_one_reads_alike()
    {
        var seconds = int.TryParse(
            Environment.GetEnvironmentVariable("COUNTINGHOUSE_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var set)
            ? set
            : DefaultSeconds;
        output.WriteLine($"seed {Seed}, {seconds} s");
        var (plain, accepted, declined) = (0L, 0L, 0L);
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < seconds)
        {
            var isClick = _random.Next(3) == 0;
            var whole = Encoding.UTF8.GetBytes(isClick ? Event() : Batch());
            Assert.True(
                Read(whole, isClick, always: true), $"Plain, valid and declined: {Convert.ToBase64String(whole)}");
            plain++;
            for (var variant = 0; variant < 50; variant++)
            {
                var wins = Read(Mutate(whole), isClick, always: false);
                accepted += wins ? 1 : 0;
                declined += wins ? 0 : 1;
            }
        }

        output.WriteLine($"{plain} plain bodies accepted; of mutated ones {accepted} accepted, {declined} declined");

        // Fewer would mean that there is hardly anything left in which the two could differ.
        Assert.InRange(plain, 10, long.MaxValue);
        Assert.InRange(accepted, (accepted + declined) / 50, long.MaxValue);
        Assert.InRange(declined, (accepted + declined) / 50, long.MaxValue);
    }

    /// <summary>True when the fast reader accepted; what it declines is read slowly only now and then.</summary>
    private bool Read(byte[] body, bool isClick, bool always)
    {
        try
        {
            if (!always && !IsAccepted(body, isClick) && _random.Next(100) > 0)
            {
                return false;
            }

            var verdict = isClick
                ? ParserComparison.OfClick(body, Clients)
                : ParserComparison.OfImpressions(body, Clients);
            return verdict == Verdict.Same;
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(
                $"Seed {Seed}, {(isClick ? "click" : "impressions")}: {Convert.ToBase64String(body)}", error);
        }
    }

    private static bool IsAccepted(byte[] body, bool isClick)
    {
        var isAccepted = isClick
            ? EventParser.TryParseClick(body, Clients, out var batch)
            : EventParser.TryParseImpressions(body, Clients, out batch);
        batch?.Return();
        return isAccepted;
    }

    private byte[] Mutate(byte[] whole)
    {
        var body = whole.ToList();
        for (var times = _random.Next(1, 4); times > 0; times--)
        {
            var place = _random.Next(body.Count + 1);
            var length = Math.Min(_random.Next(1, 40), body.Count - place);
            var piece = Pieces[_random.Next(Pieces.Length)];
            switch (_random.Next(9))
            {
                case 0 when length > 0:
                    body[place] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1 when length > 0:
                    body[place] = (byte)_random.Next(256);
                    break;
                case 2:
                    body.RemoveRange(place, length);
                    break;
                case 3:
                    body.InsertRange(_random.Next(body.Count + 1), body.GetRange(place, length));
                    break;
                case 4:
                    body.InsertRange(place, piece);
                    break;
                case 5:
                    ReplaceValue(body, piece);
                    break;
                case 6 when length > 0:
                    // Another letter or digit for one: often still a valid id or time, with another value.
                    Replace(body, place, ShortUuid.Alphabet + "01-:TZ");
                    break;
                case 7 when length > 0:
                    Replace(body, place, "0123456789");
                    break;
                default:
                    var other = Encoding.UTF8.GetBytes(_random.Next(2) == 0 ? Event() : Batch());
                    body = [.. body[..place], .. other[_random.Next(other.Length)..]];
                    break;
            }
        }

        return [.. body];
    }

    private void Replace(List<byte> body, int place, string letters)
    {
        var found = body.FindIndex(place, letter => char.IsAsciiLetterOrDigit((char)letter));
        if (found >= 0)
        {
            body[found] = (byte)letters[_random.Next(letters.Length)];
        }
    }

    /// <summary>Puts a piece in the place of a member's value.</summary>
    private void ReplaceValue(List<byte> body, byte[] piece)
    {
        var colon = body.IndexOf((byte)':', _random.Next(body.Count + 1));
        if (colon < 0)
        {
            return;
        }

        var end = body.FindIndex(colon, letter => letter is (byte)',' or (byte)'}' or (byte)']');
        body.RemoveRange(colon + 1, (end < 0 ? body.Count : end) - colon - 1);
        body.InsertRange(colon + 1, piece);
    }

    private string Batch()
    {
        var count = _random.Next(40) == 0 ? _random.Next(1, 200) : _random.Next(1, 4);
        var items = Blank() + "\"impressions\"" + Blank() + ":" + Blank() + "[" + Blank()
            + string.Join(',', Enumerable.Range(0, count).Select(_ => Blank() + Event() + Blank())) + "]" + Blank();
        var atomic = $"{Blank()}\"atomic\"{Blank()}:{Blank()}{Any("true", "false", "null")}{Blank()}";
        var members = Any(items, $"{items},{atomic}", $"{atomic},{items}");
        return $"{Blank()}{{{members}}}{Blank()}";
    }

    private string Event()
    {
        var members = new List<string> { $"\"campaign_id\"{Blank()}:{Blank()}{Id(_random.Next(3))}" };
        Maybe("offer_id", () => Id(_random.Next(3)));
        Maybe("event_id", () => Id(_random.Next()));
        Maybe("occurred_at", () => $"\"{Time()}\"");
        Maybe("client", Client);
        var ordered = members.ToArray();
        _random.Shuffle(ordered);
        return $"{{{Blank()}{string.Join($"{Blank()},{Blank()}", ordered)}{Blank()}}}";

        void Maybe(string name, Func<string> value)
        {
            if (_random.Next(3) > 0)
            {
                members.Add($"\"{name}\":{Blank()}{(_random.Next(6) == 0 ? "null" : value())}");
            }
        }
    }

    private string Id(int number)
    {
        var bytes = new byte[16];
        new Random(number).NextBytes(bytes);
        var id = new Guid(bytes);
        return "\"" + Any(ShortUuid.Format(id), id.ToString("D"), id.ToString("D").ToUpperInvariant()) + "\"";
    }

    private string Time()
    {
        var time = new DateTime(_random.NextInt64(DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks))
            .ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        var year = Any("2026", "2024", time[..4]);
        var fraction = Any("", ".5", "." + _random.Next(1_000_000), ".123456789012");
        return (year + time[4..]).Replace("02-29", "02-28", StringComparison.Ordinal) + fraction
            + (year == time[..4] ? "Z" : Any("Z", "z", "+02:00", "-23:59"));
    }

    private string Client()
    {
        var address = Any(
            "\"198.51.100.7\"", "\"2001:db8::1\"", "\"::ffff:1.2.3.4\"", "\"fe80::1%2\"", "\"\"", "\"1.2.3\"",
            "\"é\"", "null");
        var agent = Any(
            "\"Mozilla/5.0 (Windows NT 10.0) {[:,]}\"", "\"Opera/9.80\"", "\"Mozilla/5.0 Googlebot/2.1\"", "\"curl/8\"",
            "\"Mozilla/5.0 日本 🛒 é\"", "\"\"", $"\"{new string('a', _random.Next(1025))}\"", "null");
        return Any(
            $"{{\"ip\":{address}}}", $"{{\"user_agent\":{agent}}}", $"{{\"ip\":{address},\"user_agent\":{agent}}}",
            $"{{{Blank()}\"user_agent\"{Blank()}:{agent}{Blank()},\"ip\":{address}}}");
    }

    private string Blank() => _random.Next(8) > 0 ? "" : Any(" ", "\n", "\t", "\r\n  ", "                       ");

    private string Any(params string[] choices) => choices[_random.Next(choices.Length)];
}
