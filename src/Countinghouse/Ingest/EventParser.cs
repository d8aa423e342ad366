using System.Diagnostics.CodeAnalysis;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// The fast way to read events: straight from the bytes into a rented array, without garbage for an event. It accepts
/// only what is wholly valid and written plainly (known members once each, no escapes) and declines all else, which
/// <see cref="EventRequests"/> then reads and judges. So it may decline what is valid, but never accepts what is
/// not, nor reads another value.
/// </summary>
internal ref struct EventParser
{
    private const int AddressBytesMax = 45;
    private const int AgentBytesMax = 1024;

    private readonly ClientReader _clients;
    private JsonScanner _json;
    private JsonScanner.LastId _campaign;
    private JsonScanner.LastId _offer;

    private EventParser(ReadOnlySpan<byte> utf8, ClientReader clients)
    {
        _json = new JsonScanner(utf8);
        _clients = clients;
    }

    /// <summary>The members of one event.</summary>
    [Flags]
    private enum Members
    {
        None = 0,
        Campaign = 1,
        Offer = 2,
        Id = 4,
        Time = 8,
        Client = 16,
    }

    /// <summary>Reads the body of POST /ads/click; false declines it.</summary>
    public static bool TryParseClick(
        ReadOnlySpan<byte> utf8, ClientReader clients, [NotNullWhen(true)] out ReadBatch? batch)
    {
        var parser = new EventParser(utf8, clients);
        batch = new ReadBatch(1);
        if (parser.TakeEvent(EventKind.Click, ref batch.Next()) && parser._json.IsAtEnd())
        {
            return true;
        }

        batch.Return();
        batch = null;
        return false;
    }

    /// <summary>Reads the body of POST /ads/impressions; false declines it.</summary>
    public static bool TryParseImpressions(
        ReadOnlySpan<byte> utf8, ClientReader clients, [NotNullWhen(true)] out ReadBatch? batch)
    {
        var parser = new EventParser(utf8, clients);

        // No item without a brace, and one is the body's own: a bound that a small body keeps small.
        batch = new ReadBatch(Math.Clamp(utf8.Count((byte)'{') - 1, 1, EventWriter.EventsMax));
        if (parser.TakeBody(batch) && parser._json.IsAtEnd())
        {
            return true;
        }

        batch.Return();
        batch = null;
        return false;
    }

    private bool TakeBody(ReadBatch batch)
    {
        var (hasItems, hasAtomic) = (false, false);
        if (!_json.Take((byte)'{'))
        {
            return false;
        }

        do
        {
            switch (_json.FirstLetter())
            {
                case (byte)'i' when !hasItems && _json.TakeName("\"impressions\""u8) && TakeItems(batch):
                    hasItems = true;
                    break;
                case (byte)'a' when !hasAtomic && _json.TakeName("\"atomic\""u8) && TakeFlag(out var isAtomic):
                    hasAtomic = true;
                    batch.Atomic = isAtomic;
                    break;
                default:
                    return false;
            }
        }
        while (_json.Take((byte)','));

        return hasItems && _json.Take((byte)'}');
    }

    private bool TakeFlag(out bool flag)
    {
        flag = _json.TakeWord("true"u8);
        return flag || _json.TakeWord("false"u8) || _json.TakeWord("null"u8);
    }

    private bool TakeItems(ReadBatch batch)
    {
        if (!_json.Take((byte)'['))
        {
            return false;
        }

        do
        {
            if (batch.IsFull || !TakeEvent(EventKind.Impression, ref batch.Next()))
            {
                return false;
            }
        }
        while (_json.Take((byte)','));

        return _json.Take((byte)']');
    }

    private bool TakeEvent(EventKind kind, ref SentEvent sent)
    {
        var (seen, given) = (Members.None, Members.None);
        Guid id = default;
        Instant time = default;
        ClientMark client = default;
        if (!_json.Take((byte)'{'))
        {
            return false;
        }

        do
        {
            var member = TakeMember();
            if (member == Members.None || (seen & member) != 0)
            {
                return false;
            }

            seen |= member;
            if (_json.TakeWord("null"u8))
            {
                continue;
            }

            given |= member;
            var taken = member switch
            {
                Members.Campaign => _json.TakeId(ref _campaign),
                Members.Offer => _json.TakeId(ref _offer),
                Members.Id => _json.TakeId(out id),
                Members.Time => _json.TakeTime(out time),
                _ => TakeClient(out client),
            };
            if (!taken)
            {
                return false;
            }
        }
        while (_json.Take((byte)','));

        if ((given & Members.Campaign) == 0 || !_json.Take((byte)'}'))
        {
            return false;
        }

        sent = new SentEvent
        {
            Kind = kind,
            Campaign = new CampaignId(_campaign.Value),
            Offer = (given & Members.Offer) != 0 ? new OfferId(_offer.Value) : null,
            Id = (given & Members.Id) != 0 ? new EventId(id) : null,
            StatedAt = (given & Members.Time) != 0 ? time : null,
            StatedClient = (given & Members.Client) != 0 ? client : null,
        };
        return true;
    }

    /// <summary>Takes a member's name; none when it is no member of an event.</summary>
    private Members TakeMember() => _json.FirstLetter() switch
    {
        (byte)'c' when _json.TakeName("\"campaign_id\""u8) => Members.Campaign,
        (byte)'c' when _json.TakeName("\"client\""u8) => Members.Client,
        (byte)'o' when _json.TakeName("\"offer_id\""u8) => Members.Offer,
        (byte)'o' when _json.TakeName("\"occurred_at\""u8) => Members.Time,
        (byte)'e' when _json.TakeName("\"event_id\""u8) => Members.Id,
        _ => Members.None,
    };

    private bool TakeClient(out ClientMark client)
    {
        client = default;
        var (hasAddress, hasAgent) = (false, false);
        ReadOnlySpan<byte> address = default;
        ReadOnlySpan<byte> agent = default;
        if (!_json.Take((byte)'{'))
        {
            return false;
        }

        do
        {
            switch (_json.FirstLetter())
            {
                case (byte)'i' when !hasAddress && _json.TakeName("\"ip\""u8)
                    && (_json.TakeWord("null"u8) || _json.TakeText(AddressBytesMax, out address)):
                    hasAddress = true;
                    break;
                case (byte)'u' when !hasAgent && _json.TakeName("\"user_agent\""u8)
                    && (_json.TakeWord("null"u8) || _json.TakeText(AgentBytesMax, out agent)):
                    hasAgent = true;
                    break;
                default:
                    return false;
            }
        }
        while (_json.Take((byte)','));

        if (!_json.Take((byte)'}'))
        {
            return false;
        }

        client = _clients.Read(address, agent, isPrefetch: false);
        return true;
    }
}
