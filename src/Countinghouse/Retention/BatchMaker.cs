using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Retention;

/// <summary>Packs the events of a journal file into the batches that they came from.</summary>
internal sealed class BatchMaker(JournalHeaderLine header)
{
    private readonly JournalWriter _journal = new();
    private readonly List<Placement> _placements = [.. header.Placements.Select(line => line.Read())];
    private long _next = header.FirstBatch;
    private byte[] _hash = Convert.FromHexString(header.PrevHash);
    private Placement[] _new = [];
    private Instant _receivedAt;
    private HourFinder _hours;
    private Sums _sums;

    public void Begin(BatchLine line)
    {
        if (line.BatchNo != _next)
        {
            throw new InvalidDataException($"batch {line.BatchNo} stands where {_next} should");
        }

        _journal.Clear();
        _receivedAt = line.ReceivedAt;
        _new = [.. line.Placements.Select(placement => placement.Read())];
        _sums = new Sums { FirstHour = int.MaxValue, LastHour = int.MinValue };
        _placements.AddRange(_new.Skip(_placements.Count - line.FirstPlacement));
    }

    public void Add(EventLine line)
    {
        if (line.Placement < 0 || line.Placement >= _placements.Count)
        {
            throw new InvalidDataException($"there is no placement {line.Placement}");
        }

        var item = new JournalEvent(
            EventWords.ParseKind(line.Kind) ?? throw new InvalidDataException("kind is impression or click"),
            line.EventId,
            line.Placement,
            EventWords.ParseReason(line.Reason),
            line.StatedAt,
            line.BookedOnReceipt,
            line.HasClient);
        _journal.Add(item, 0, _receivedAt);
        var hour = _hours.Of(item.BilledAt(_receivedAt));
        _sums = new Sums
        {
            Valid = _sums.Valid + (item.Validity == Validity.Valid ? 1 : 0),
            Clicks = _sums.Clicks + (item.Kind == EventKind.Click ? 1 : 0),
            Charge = _sums.Charge + item.Charge(_placements[line.Placement]),
            FirstHour = Math.Min(_sums.FirstHour, hour),
            LastHour = Math.Max(_sums.LastHour, hour),
        };
    }

    /// <summary>The batch, if its hash is that of the line.</summary>
    public StoredBatch Finish(BatchLine line)
    {
        var payload = _journal.Finish(line.ReceivedAt, line.Ruleset, line.FirstPlacement, _new);
        var clientHash = Convert.FromHexString(line.ClientHash);
        var previous = _hash;
        _hash = JournalFormat.Hash(previous, line.BatchNo, payload, clientHash);
        if (Convert.ToHexStringLower(_hash) != line.Hash)
        {
            throw new InvalidDataException($"batch {line.BatchNo} does not come to its hash");
        }

        _next++;
        return new StoredBatch
        {
            BatchNo = line.BatchNo,
            CommittedAt = line.ReceivedAt,
            EventCount = line.EventCount,
            ValidCount = _sums.Valid,
            ClickCount = _sums.Clicks,
            Charge = _sums.Charge,
            FirstHour = _sums.FirstHour,
            LastHour = _sums.LastHour,
            ClientHash = clientHash,
            PreviousHash = previous,
            Hash = _hash,
            ClientKeys = null,
            Payload = payload,
        };
    }

    private readonly record struct Sums(
        int Valid, int Clicks, Money Charge, int FirstHour, int LastHour);
}
