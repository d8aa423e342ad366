using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Countinghouse.Load;

/// <summary>What one filled request holds.</summary>
internal readonly record struct Filled(int Fresh, int FreshBots, int Resent);

/// <summary>
/// Fills templates with events: fresh ids of the moment, the next placement, the next address. Each worker has one with
/// addresses of its own, so that a client comes again only after all others, then with another placement.
/// </summary>
internal sealed class EventSource
{
    /// <summary>Items of a worker's templates: a multiple of the browsers, so that all come up equally often.</summary>
    private const int TemplateItems = 1_000;

    /// <summary>Digits of a hundred, two at a time.</summary>
    private static readonly ushort[] Hundred = CreateHundred();

    private readonly Traffic _traffic;
    private readonly RequestTemplate[] _templates;
    private readonly byte[] _pairs;
    private readonly int _firstAddress;
    private readonly int _addresses;
    private Chance _chance;
    private int _next;
    private int _pair;
    private int _address;
    private int _untilShift;
    private int _untilResent;

    public EventSource(Traffic traffic, int items, int worker, int workers, ulong seed)
    {
        _traffic = traffic;
        _chance = new Chance(unchecked((seed * 1_000_003) + (ulong)worker));
        _templates = new RequestTemplate[TemplateItems / items];
        for (var index = 0; index < _templates.Length; index++)
        {
            _templates[index] = new RequestTemplate(traffic, items, index * items);
        }

        _pairs = Encoding.ASCII.GetBytes(string.Concat(traffic.Pairs.Select(pair => pair.Campaign + pair.Offer)));

        // Without a common divisor every address meets every agent before a client comes again.
        _addresses = Traffic.Addresses / workers;
        while (BigInteger.GreatestCommonDivisor(_addresses, TemplateItems) > 1)
        {
            _addresses--;
        }

        _firstAddress = worker * (Traffic.Addresses / workers);
        _next = worker * _templates.Length / workers;
        _pair = worker * traffic.Pairs.Count / workers;
        _untilShift = Shift;
        _untilResent = NextResent();
    }

    /// <summary>Events after which the clients of this worker come again.</summary>
    private int Shift => _addresses * Traffic.Browsers.Count;

    /// <summary>The next request, ready to be sent.</summary>
    public RequestTemplate Next(long unixMilliseconds, out Filled filled)
    {
        var template = _templates[_next];
        _next = _next + 1 == _templates.Length ? 0 : _next + 1;
        var (fresh, bots, resent) = (0, 0, 0);
        foreach (ref readonly var item in template.Items)
        {
            if (--_untilResent <= 0 && template.IsFilled)
            {
                resent++;
                _untilResent = NextResent();
            }
            else
            {
                fresh++;
                bots += item.IsBot ? 1 : 0;
                Fill(template.Bytes, item, unixMilliseconds);
            }

            Advance();
        }

        template.IsFilled = true;
        filled = new Filled(fresh, bots, resent);
        return template;
    }

    /// <summary>Requests as they were sent last: all their events are known to the server.</summary>
    public IEnumerable<RequestTemplate> Sent => _templates.Where(template => template.IsFilled);

    private void Fill(byte[] bytes, in RequestTemplate.Item item, long unixMilliseconds)
    {
        _pairs.AsSpan(_pair * 2 * IdPrinter.ShortBytes, IdPrinter.ShortBytes).CopyTo(bytes.AsSpan(item.Campaign));
        _pairs.AsSpan(((_pair * 2) + 1) * IdPrinter.ShortBytes, IdPrinter.ShortBytes).CopyTo(bytes.AsSpan(item.Offer));
        FillId(bytes.AsSpan(item.Id), (ulong)unixMilliseconds);
        FillAddress(bytes.AsSpan(item.Address), _firstAddress + _address);
    }

    private void Advance()
    {
        _pair = _pair + 1 == _traffic.Pairs.Count ? 0 : _pair + 1;
        _address = _address + 1 == _addresses ? 0 : _address + 1;
        if (--_untilShift == 0)
        {
            _untilShift = Shift;
            _pair = (_pair + 1) % _traffic.Pairs.Count;
        }
    }

    private void FillId(Span<byte> at, ulong milliseconds)
    {
        var low = (_chance.Next() >> 2) | 0x8000_0000_0000_0000;
        var high = _traffic.Ids == IdForm.Random
            ? (_chance.Next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
            : (milliseconds << 16) | 0x7000 | (_chance.Next() >> 52);
        if (_traffic.Ids == IdForm.DatedShort)
        {
            IdPrinter.Short(high, low, at);
        }
        else
        {
            IdPrinter.Dashed(high, low, at);
        }
    }

    /// <summary>198.1aa.1bb.1cc: always so long, and never a reserved network.</summary>
    private static void FillAddress(Span<byte> at, int number)
    {
        MemoryMarshal.Write(at[5..], in Hundred[number / 10_000]);
        MemoryMarshal.Write(at[9..], in Hundred[number / 100 % 100]);
        MemoryMarshal.Write(at[13..], in Hundred[number % 100]);
    }

    private int NextResent() => (Traffic.ResentEvery / 2) + _chance.Below(Traffic.ResentEvery + 1);

    private static ushort[] CreateHundred()
    {
        var table = new ushort[100];
        for (var number = 0; number < table.Length; number++)
        {
            table[number] = (ushort)(('0' + (number / 10)) | (('0' + (number % 10)) << 8));
        }

        return table;
    }
}
