using System.Buffers.Binary;
using System.Text;
using Countinghouse.Commands.Exporting;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Importing;

/// <summary>What a line of a log may say. The numbers are bits, so that what was said can be remembered.</summary>
[Flags]
internal enum Member
{
    /// <summary>Something that the import has no use for.</summary>
    None = 0,
    Kind = 1,
    Campaign = 2,
    Offer = 4,
    Id = 8,
    Time = 16,
    Address = 32,
    Agent = 64,
    Validity = 128,
    Reason = 256,
}

/// <summary>
/// A line on its way to an event: takes its members as UTF-8 and holds them to the rules of the API. The first fault
/// stays; it names the member and never quotes what was there, which could be somebody's address.
/// </summary>
internal sealed class EventDraft(string fileName, ClientReader clients)
{
    private const int AddressCharsMax = 45;
    private const int AgentCharsMax = 1024;

    /// <summary>The names of what is read, and of what "export events" adds.</summary>
    public static readonly IReadOnlyDictionary<string, Member> Members = new Dictionary<string, Member>
    {
        ["kind"] = Member.Kind,
        ["campaign_id"] = Member.Campaign,
        ["offer_id"] = Member.Offer,
        ["event_id"] = Member.Id,
        ["occurred_at"] = Member.Time,
        ["ip"] = Member.Address,
        ["user_agent"] = Member.Agent,
        ["validity"] = Member.Validity,
        ["reason"] = Member.Reason,
    };

    private readonly byte[] _name = Encoding.UTF8.GetBytes($"import\n{fileName}\n");
    private readonly byte[] _address = new byte[AddressCharsMax * 3];
    private readonly byte[] _agent = new byte[AgentCharsMax * 3];
    private int _addressBytes;
    private int _agentBytes;
    private Member _seen;
    private Member _given;
    private EventKind _kind;
    private CampaignId _campaign;
    private OfferId _offer;
    private EventId _id;
    private Instant _time;
    private Validity _validity;
    private EventReason _reason;

    /// <summary>What is wrong with the line; null as long as nothing is.</summary>
    public string? Fault { get; private set; }

    /// <summary>All names that a CSV file may have as columns, one of the export's among them or not.</summary>
    public static bool IsKnown(string name) => Members.ContainsKey(name) || Exporter.EventColumns.Contains(name);

    public static string NameOf(Member member) => Members.First(pair => pair.Value == member).Key;

    public void Begin() => (_seen, _given, Fault) = (Member.None, Member.None, null);

    public void Refuse(string fault) => Fault ??= fault;

    /// <summary>Takes a member that is there but has no value.</summary>
    public void SetNone(Member member)
    {
        if ((_seen & member) != 0)
        {
            Refuse($"{NameOf(member)} must be given once");
        }

        _seen |= member;
    }

    public void Set(Member member, ReadOnlySpan<byte> value)
    {
        SetNone(member);
        _given |= member;
        switch (member)
        {
            case Member.Kind:
                Take(member, EventWords.ParseKind(Encoding.UTF8.GetString(value)), ref _kind, "impression or click");
                break;
            case Member.Campaign:
                Take(member, ParseId<CampaignId>(value), ref _campaign, Expected<CampaignId>());
                break;
            case Member.Offer:
                Take(member, ParseId<OfferId>(value), ref _offer, Expected<OfferId>());
                break;
            case Member.Id:
                Take(member, ParseId<EventId>(value), ref _id, Expected<EventId>());
                break;
            case Member.Time:
                Take(
                    member, Instant.TryParse(value, out var time) ? time : null, ref _time, Expected<Instant>());
                break;
            case Member.Address:
                Copy(member, value, AddressCharsMax, _address, out _addressBytes);
                break;
            case Member.Agent:
                Copy(member, value, AgentCharsMax, _agent, out _agentBytes);
                break;
            case Member.Validity:
                Take(
                    member,
                    EventWords.ParseValidity(Encoding.UTF8.GetString(value)),
                    ref _validity,
                    "valid, general or sophisticated");
                break;
            case Member.Reason:
                _reason = EventWords.ParseReason(Encoding.UTF8.GetString(value));
                break;
        }
    }

    /// <summary>
    /// The event that the line says; false when it says none, and why is in <see cref="Fault"/>.
    /// </summary>
    /// <param name="line">Its number in the file, from 1.</param>
    /// <param name="content">The line's bytes, which an event without an id gets its id from.</param>
    /// <param name="sent">The event.</param>
    public bool TryFinish(long line, ReadOnlySpan<byte> content, out SentEvent sent)
    {
        Require(Member.Kind);
        Require(Member.Campaign);
        var client = Client();
        sent = default;
        if (Fault is not null)
        {
            return false;
        }

        sent = new SentEvent
        {
            Kind = _kind,
            Campaign = _campaign,
            Offer = Has(Member.Offer) ? _offer : null,
            Id = Has(Member.Id) ? _id : MakeId(line, content),
            StatedAt = Has(Member.Time) ? _time : null,
            StatedClient = client,
        };
        return true;
    }

    private bool Has(Member member) => (_given & member) != 0;

    private void Require(Member member)
    {
        if (!Has(member))
        {
            Refuse($"{NameOf(member)} is required");
        }
    }

    private void Take<T>(Member member, T? value, ref T field, string expected)
        where T : struct
    {
        if (value is { } good)
        {
            field = good;
        }
        else
        {
            Refuse($"{NameOf(member)} must be {expected}");
        }
    }

    private void Copy(Member member, ReadOnlySpan<byte> value, int charactersMax, byte[] field, out int bytes)
    {
        bytes = 0;
        if (value.Length > field.Length || Encoding.UTF8.GetCharCount(value) > charactersMax)
        {
            Refuse($"{NameOf(member)} must be at most {charactersMax} characters");
            return;
        }

        if (value.Contains((byte)0))
        {
            Refuse($"{NameOf(member)} must not contain the character U+0000");
            return;
        }

        value.CopyTo(field);
        bytes = value.Length;
    }

    /// <summary>
    /// The shopper. An event that was found invalid where it was exported stays so: what it was found by is gone.
    /// </summary>
    private ClientMark? Client()
    {
        if (Has(Member.Validity) && _validity != Validity.Valid)
        {
            if (!Has(Member.Reason) || IngestRules.ValidityOf(_reason) != _validity)
            {
                Refuse("reason must say why the event is invalid, as an export does");
            }

            return new ClientMark(_reason, 0, 0);
        }

        if (!Has(Member.Address) && !Has(Member.Agent))
        {
            return null;
        }

        return clients.Read(
            Has(Member.Address) ? _address.AsSpan(0, _addressBytes) : default,
            Has(Member.Agent) ? _agent.AsSpan(0, _agentBytes) : default,
            isPrefetch: false);
    }

    /// <summary>
    /// An id that follows from the file's name, the line's number and what it says (UUIDv5), so that importing it again
    /// makes no second event: neither the same file, nor one that has grown, nor one of whose other lines some were
    /// mended. Another file with the same name has other lines, hence other ids.
    /// </summary>
    private EventId MakeId(long line, ReadOnlySpan<byte> content)
    {
        var name = new byte[_name.Length + sizeof(long) + content.Length];
        _name.CopyTo(name, 0);
        BinaryPrimitives.WriteInt64BigEndian(name.AsSpan(_name.Length), line);
        content.CopyTo(name.AsSpan(_name.Length + sizeof(long)));
        return new EventId(NamedId.Create(name));
    }

    private static T? ParseId<T>(ReadOnlySpan<byte> value)
        where T : struct, IId<T> => ShortUuid.TryParse(value, out var id) ? T.From(id) : null;

    private static string Expected<T>()
        where T : struct, IWireText<T> => T.Expected;
}
