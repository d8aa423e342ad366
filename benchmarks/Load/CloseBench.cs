using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Countinghouse.Load;

/// <summary>What closing a month took.</summary>
internal sealed record CloseFigures
{
    public required int Retailers { get; init; }

    public required int Campaigns { get; init; }

    public required long RollupRows { get; init; }

    /// <summary>Of the import that made the month, through the product's own path.</summary>
    public required double ImportSeconds { get; init; }

    /// <summary>Of "countinghouse close", from the start of the process to its end.</summary>
    public required double Seconds { get; init; }

    /// <summary>Processor time of the program; the rest of the time is the database's, or waiting for it.</summary>
    public required double ProcessorSeconds { get; init; }

    /// <summary>Of statements, over all connections, of which up to a dozen work at once; null on SQLite.</summary>
    public required double? StatementSeconds { get; init; }

    /// <summary>Most resident memory of the program, in bytes.</summary>
    public required long PeakMemory { get; init; }
}

/// <summary>
/// Closes a month of many retailers: organizations, offers and campaigns made over the API, last month's events
/// imported from files, so that everything is as the product makes it. One thing is not: organizations are born with
/// past months closed to them, so that is undone in the database.
/// </summary>
internal sealed class CloseBench(Store store, Servers servers, Stage stage, CommandLineTool tool, BenchOptions options)
{
    private const int Advertisers = 100;
    private const int Hours = 100;
    private const int CallsAtOnce = 24;

    /// <summary>Events may be so old, less half a day for the bench itself.</summary>
    private static readonly TimeSpan OldestEvent = TimeSpan.FromDays(34.5);

    private int Retailers => options.IsQuick ? 100 : 10_000;

    private int Campaigns => options.IsQuick ? 1_000 : 100_000;

    public async Task<CloseFigures> Measure()
    {
        var now = TimeProvider.System.GetUtcNow();
        var monthEnd = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        if (now < monthEnd.AddDays(3) || monthEnd.AddHours(-Hours) < now - OldestEvent)
        {
            throw new BenchException("Closing is measured from the 4th to the 30th: last month must be closable.");
        }

        var offers = await AddOffers();
        var campaigns = await AddCampaigns(offers);
        var file = Path.Combine(options.Folder, "month.ndjson");
        Write(file, campaigns, monthEnd);
        await store.OpenMonths(monthEnd.AddMonths(-2));
        await servers.Have(0);
        var began = Stopwatch.GetTimestamp();
        await tool.Run("import", file);
        var imported = Stopwatch.GetElapsedTime(began);
        File.Delete(file);
        var before = await store.StatementSeconds();
        var (seconds, processor, memory) = await tool.Watch(
            "close", monthEnd.AddDays(-1).ToString("yyyy-MM", CultureInfo.InvariantCulture));
        var after = await store.StatementSeconds();
        await servers.Have(1);
        return new CloseFigures
        {
            Retailers = Retailers,
            Campaigns = Campaigns,
            RollupRows = (long)Campaigns * Hours,
            ImportSeconds = imported.TotalSeconds,
            Seconds = seconds,
            ProcessorSeconds = processor,
            StatementSeconds = after - before,
            PeakMemory = memory,
        };
    }

    /// <summary>An offer of each retailer.</summary>
    private async Task<string[]> AddOffers()
    {
        using var platform = new Api(servers.First.Port, stage.Operator.Key);
        var offers = new string[Retailers];
        await Each(Retailers, async index =>
        {
            var retailer = (string)(await platform.Post("/organizations", new { name = "Retailer" }))
                ["organization_id"]!;
            var location = await platform.Post($"/organizations/{retailer}/locations", new { name = "Shop" });
            var offer = await platform.Post(
                $"/organizations/{retailer}/offers",
                new { name = "Product", location_id = (string)location["location_id"]! });
            offers[index] = (string)offer["offer_id"]!;
        });
        return offers;
    }

    /// <summary>Running campaigns of many advertisers, each with the offer of one retailer.</summary>
    private async Task<(string Campaign, string Offer)[]> AddCampaigns(string[] offers)
    {
        var owners = new List<Member>();
        for (var number = 0; number < Advertisers; number++)
        {
            owners.Add(await stage.Add("Advertiser"));
        }

        using var platform = new Api(servers.First.Port, stage.Operator.Key);
        var campaigns = new (string, string)[Campaigns];
        await Each(Campaigns, async index =>
        {
            var offer = offers[index % offers.Length];

            // One advertiser's stand together, so that an import's batches are of one.
            var owner = owners[(int)((long)index * Advertisers / Campaigns)];
            campaigns[index] = (await Stage.AddCampaign(platform, owner, index, [offer]), offer);
        });
        return campaigns;
    }

    /// <summary>An impression of every campaign in each of the month's last hours, hour by hour.</summary>
    private static void Write(string file, (string Campaign, string Offer)[] campaigns, DateTimeOffset monthEnd)
    {
        using var text = new StreamWriter(file, append: false, new UTF8Encoding(false), bufferSize: 1 << 20);
        for (var hour = Hours; hour > 0; hour--)
        {
            var time = monthEnd.AddHours(-hour).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            foreach (var (campaign, offer) in campaigns)
            {
                text.Write("{\"kind\":\"impression\",\"campaign_id\":\"");
                text.Write(campaign);
                text.Write("\",\"offer_id\":\"");
                text.Write(offer);
                text.Write("\",\"occurred_at\":\"");
                text.Write(time);
                text.Write("\"}\n");
            }
        }
    }

    private static Task Each(int count, Func<int, Task> work) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce },
        async (index, _) => await work(index));
}
