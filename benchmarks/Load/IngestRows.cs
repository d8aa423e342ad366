namespace Countinghouse.Load;

/// <summary>Over what the events of a row are spread.</summary>
internal enum Spread
{
    TwentyCampaigns = 1,
    TwoThousandPairs = 2,
    OneCampaign = 3,
}

/// <summary>A row of the ingest table.</summary>
internal sealed record IngestRow(Spread Spread, int Batch)
{
    public IdForm Ids { get; init; } = IdForm.Dated;

    public int Nodes { get; init; } = 1;

    /// <summary>The server is ended by force in the middle.</summary>
    public bool Kills { get; init; }

    /// <summary>Set: the row fills the database with so many events, however long it takes.</summary>
    public long? EventsMax { get; init; }

    public string Name => string.Join(", ", Words());

    public int Connections => Batch switch
    {
        < 100 => 64,
        < 1000 => 32,
        _ => 16,
    };

    /// <summary>All rows, in the order in which they are measured.</summary>
    public static IReadOnlyList<IngestRow> All(bool hasNodes, BenchOptions options)
    {
        int[] batches = options.Scale > 0 ? [100] : [1, 10, 100, 1000];
        var spreads = options.IsQuick ? [Spread.TwentyCampaigns] : Enum.GetValues<Spread>();
        var usual = new IngestRow(Spread.TwentyCampaigns, 100);
        return
        [
            .. spreads.SelectMany(spread => batches.Select(batch => new IngestRow(spread, batch))),
            usual with { Ids = IdForm.DatedShort },
            usual with { Ids = IdForm.Random },
            .. hasNodes ? [usual with { Nodes = 2 }] : Array.Empty<IngestRow>(),
            usual with { Kills = true },
        ];
    }

    /// <summary>The row of the name that was asked for, or all that have the text in their names.</summary>
    public static IEnumerable<IngestRow> Chosen(bool hasNodes, BenchOptions options)
    {
        var rows = All(hasNodes, options);
        var exact = rows.Where(row => row.Name == options.Rows).ToList();
        return exact.Count > 0
            ? exact
            : rows.Where(row => row.Name.Contains(options.Rows, StringComparison.OrdinalIgnoreCase));
    }

    private IEnumerable<string> Words()
    {
        yield return $"batch {Batch}";
        yield return Spread switch
        {
            Spread.TwentyCampaigns => "20 campaigns",
            Spread.TwoThousandPairs => "2000 pairs",
            Spread.OneCampaign => "1 campaign",
        };
        if (Ids != IdForm.Dated)
        {
            yield return Ids == IdForm.Random ? "v4 ids" : "shortuuids";
        }

        if (Nodes > 1)
        {
            yield return $"{Nodes} nodes";
        }

        if (Kills)
        {
            yield return "kill -9";
        }

        if (EventsMax is { } events)
        {
            yield return $"{events / 1_000_000} million";
        }
    }
}

/// <summary>What a row came to. Figures are null when it did not add up.</summary>
internal sealed record IngestFigures
{
    public required string Row { get; init; }

    public required int Batch { get; init; }

    public required int Connections { get; init; }

    public double? EventsPerSecond { get; init; }

    public double? RequestsPerSecond { get; init; }

    public double? P50Milliseconds { get; init; }

    public double? P99Milliseconds { get; init; }

    /// <summary>Mean events of a transaction.</summary>
    public double? EventsPerCommit { get; init; }

    public double? ServerProcessorMicrosPerEvent { get; init; }

    /// <summary>
    /// Of the database's own processes on this machine; null when they are the server's or elsewhere.
    /// </summary>
    public double? EngineProcessorMicrosPerEvent { get; init; }

    public double? LoadProcessorMicrosPerEvent { get; init; }

    /// <summary>Rows a second of the raw ceiling with the same ids and rows a commit.</summary>
    public double? RawRowsPerSecond { get; set; }

    /// <summary>Events a second of Kestrel reading the same bodies and storing nothing.</summary>
    public double? DropEventsPerSecond { get; set; }

    /// <summary>What the same server answers when it need not store anything.</summary>
    public double? RejectedEventsPerSecond { get; set; }

    public required long Accepted { get; init; }

    public required long Duplicates { get; init; }

    public required long Stored { get; init; }

    /// <summary>Stored events that were charged.</summary>
    public required long Charged { get; init; }

    public required long Busy { get; init; }

    public required long LostConnections { get; init; }

    public IReadOnlyList<long> ServerMemory { get; init; } = [];

    public double? RestartMilliseconds { get; init; }

    /// <summary>First event of a node that joins others: it reads what they have written, under their lock.</summary>
    public double? JoiningMilliseconds { get; init; }

    /// <summary>What does not add up; empty when all does.</summary>
    public required IReadOnlyList<string> Faults { get; init; }
}
