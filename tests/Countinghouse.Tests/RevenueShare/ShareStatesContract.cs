using Countinghouse.Proof;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>
/// Experiment 7 of docs/proof.md: random commands of two operators and the retailer at once. Whatever the order
/// in which the server took them, there must be one in which each answer is what the table of states says, and which
/// ends where the record is now; its history has exactly the commands that were granted, in that order.
/// </summary>
public abstract class ShareStatesContract(Engine engine) : IAsyncLifetime
{
    private const int AtOnceMax = 4;

    /// <summary>From, command, to, and whether a new revision comes of it. What is not here is a conflict.</summary>
    private static readonly (string From, string Command, string To, bool IsRevised)[] Moves =
    [
        ("CALCULATED", "approve", "APPROVED", false),
        ("CALCULATED", "dispute", "DISPUTED", false),
        ("APPROVED", "dispute", "DISPUTED", false),
        ("DISPUTED", "resolve", "CALCULATED", true),
    ];

    /// <summary>Who may give a command, and how it goes over the wire.</summary>
    private static readonly (string Command, bool IsRetailers, Func<Given, object> Body)[] Commands =
    [
        ("approve", false, given => new { revision = given.Revision }),
        ("dispute", true, given => new { revision = given.Revision, reason = given.Reason }),
        ("resolve", false, given => new { revision = given.Revision, reason = given.Reason }),
    ];

    private readonly List<string> _operators = [];
    private TestServer _server = null!;
    private Books _books = null!;
    private string _retailer = "";
    private string _path = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        var brand = await _books.Organization("brand");
        var shop = await _books.Organization("shop");
        foreach (var name in new[] { "first", "second" })
        {
            _operators.Add(await _server.NewKey(await _books.Organization(name, isOperator: true)));
        }

        _retailer = await _server.NewKey(shop);
        await _books.Click(brand, shop, "2026-06", 2_345_678);
        await _server.Get<Settlements>().CloseDue("test", CancellationToken.None);
        _path = $"revenue-share/{shop}/{CloseStore.ShareOf(shop, Books.Month("2026-06"))}";
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(7_001, 150)]
    public Task Commands_at_once_follow_the_table_of_states_in_some_order(int seed, int rounds) => Follow(seed, rounds);

    [Theory]
    [Trait("Length", "Long")]
    [InlineData(7_101, 2_000)]
    [InlineData(7_102, 2_000)]
    public Task Thousands_of_commands_at_once_follow_the_table_of_states(int seed, int rounds) => Follow(seed, rounds);

    private async Task Follow(int seed, int rounds)
    {
        var random = new Random(seed);
        var states = new List<State> { new("CALCULATED", 1) };
        var granted = new List<string> { ">CALCULATED " };
        var (commands, contested) = (0, 0);
        for (var round = 0; round < rounds; round++)
        {
            var given = Enumerable.Range(0, random.Next(1, AtOnceMax + 1))
                .Select(number => Choose(random, states[^1], $"{round}.{number}")).ToList();
            var answers = await Task.WhenAll(given.Select(Send));
            var record = await _server.GetJson(_path, _operators[0]);
            var end = new State(record.GetProperty("status").GetString()!, record.GetProperty("revision").GetInt32());

            var taken = given.Zip(answers, (one, answer) => new Taken(one, answer)).ToList();
            var order = Explain(states[^1], taken, end);
            Assert.True(
                order is not null,
                $"seed {seed}, round {round}: no order explains from {states[^1]} to {end}:\n"
                    + string.Join('\n', taken.Select(one => $"{one.Given}: {one.Answer.Status} {one.Answer.Text}")));
            foreach (var (from, to, one) in order)
            {
                states.Add(to);
                granted.Add($"{from.Status}>{to.Status} {one.Reason}");
            }

            commands += given.Count;
            contested += order.Count > 0 && given.Count > 1 ? 1 : 0;
        }

        Assert.True(states[^1].Revision > rounds / 50, $"seed {seed}: only {states[^1].Revision} revisions");
        Assert.True(contested > rounds / 4, $"seed {seed}: only {contested} rounds were contested");
        Assert.Equal(granted, await History());
        ProofReport.Add("events", "7 commands at once", engine, commands, $"seed {seed}");
        ProofReport.Add("events", "7 changes of a record", engine, granted.Count - 1, $"seed {seed}");
    }

    /// <summary>Mostly what was seen last; sometimes a revision that is not there, yet or any more.</summary>
    private Given Choose(Random random, State seen, string reason)
    {
        var (command, _, _) = Commands[random.Next(Commands.Length)];
        var who = random.Next(_operators.Count + 1);
        var revision = random.Next(4) == 0 ? seen.Revision - 1 + random.Next(3) : seen.Revision;
        return new Given(command, who, revision, command == "approve" ? "" : reason);
    }

    private Task<Answer> Send(Given given) => _server.Send(
        HttpMethod.Post,
        $"{_path}/{given.Command}",
        given.Who < _operators.Count ? _operators[given.Who] : _retailer,
        Commands.Single(one => one.Command == given.Command).Body(given));

    /// <summary>
    /// The changes in an order in which every answer is right, and which ends at <paramref name="end"/>; null: there is
    /// none.
    /// </summary>
    private List<(State From, State To, Given By)>? Explain(State from, List<Taken> open, State end)
    {
        if (open.Count == 0)
        {
            return from == end ? [] : null;
        }

        foreach (var next in open)
        {
            var (status, to) = Expect(from, next.Given);
            if (status != next.Answer.Status || (status == 200 && to != StateOf(next.Answer)))
            {
                continue;
            }

            if (Explain(to, open.Where(one => one != next).ToList(), end) is { } rest)
            {
                return status == 200 ? [(from, to, next.Given), .. rest] : rest;
            }
        }

        return null;
    }

    /// <summary>The table's answer.</summary>
    private (int Status, State To) Expect(State from, Given given)
    {
        if (given.Who == _operators.Count && !Commands.Single(one => one.Command == given.Command).IsRetailers)
        {
            return (403, from);
        }

        if (given.Revision < 1)
        {
            return (422, from);
        }

        foreach (var move in Moves)
        {
            if (move.From == from.Status && move.Command == given.Command && given.Revision == from.Revision)
            {
                return (200, new State(move.To, from.Revision + (move.IsRevised ? 1 : 0)));
            }
        }

        return (409, from);
    }

    private static State StateOf(Answer answer) => new(
        answer.Json.GetProperty("status").GetString()!, answer.Json.GetProperty("revision").GetInt32());

    private Task<List<string>> History() => _server.Database.Read(
        connection => connection.Query(
            "SELECT from_status, to_status, reason FROM share_transition ORDER BY seq",
            row => $"{row.GetString(0)}>{row.GetString(1)} {row.GetString(2)}",
            CancellationToken.None),
        CancellationToken.None);

    private sealed record State(string Status, int Revision);

    private sealed record Given(string Command, int Who, int Revision, string Reason);

    private sealed record Taken(Given Given, Answer Answer);
}

public sealed class SqliteShareStates() : ShareStatesContract(Engine.Sqlite);

public sealed class PostgresShareStates() : ShareStatesContract(Engine.Postgres);
