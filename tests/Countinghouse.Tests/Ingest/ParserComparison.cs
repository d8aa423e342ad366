using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Ingest;

/// <summary>What the fast and the slow way of reading made of the same bytes.</summary>
internal enum Verdict
{
    /// <summary>Both read the same events.</summary>
    Same,

    /// <summary>The fast way declined, the slow one read events.</summary>
    OnlySlow,

    /// <summary>The fast way declined, the slow one found faults.</summary>
    Refused,
}

/// <summary>Holds the fast way of reading events against the slow one; fails where they differ.</summary>
internal static class ParserComparison
{
    /// <summary>A reader of clients on a database of its own, which goes with the test run's folder.</summary>
    public static ClientReader NewClients()
    {
        var database = TestDatabase.Create(Engine.Sqlite).GetAwaiter().GetResult().Database;
        var clock = new TestClock();
        return new ClientReader(
            new ClientSecrets(new SystemSecrets(database, clock), clock),
            new TrafficLists(new TrafficListStore(database, new AuditTrail(database, clock))));
    }

    public static Verdict OfClick(byte[] body, ClientReader clients) => Compare(
        EventParser.TryParseClick(body, clients, out var fast) ? fast : null,
        EventRequests.ReadClickSlowly(body, clients));

    public static Verdict OfImpressions(byte[] body, ClientReader clients) => Compare(
        EventParser.TryParseImpressions(body, clients, out var fast) ? fast : null,
        EventRequests.ReadImpressionsSlowly(body, clients));

    private static Verdict Compare(ReadBatch? fast, (ReadBatch? Batch, Problem? Problem) slow)
    {
        var isRefused = slow.Problem is not null || slow.Batch!.Faults.Count > 0;
        if (fast is not null)
        {
            Assert.False(isRefused, "The fast way accepted what the slow way refuses.");
            Assert.Equal(slow.Batch!.Atomic, fast.Atomic);
            Assert.Equal(slow.Batch.Events.AsEnumerable(), fast.Events);
        }

        fast?.Return();
        slow.Batch?.Return();
        return fast is not null ? Verdict.Same : isRefused ? Verdict.Refused : Verdict.OnlySlow;
    }
}
