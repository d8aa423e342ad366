namespace Countinghouse.Proof;

/// <summary>
/// What the events, in the order of the journal, should have cost: one campaign at a time, one event at a time, by the
/// rules and nothing else. Knows nothing of nodes, locks, memory or flushes but the batch number.
/// </summary>
internal sealed class SequentialModel(IReadOnlyList<Terms> terms)
{
    private const int NotRunning = 128;
    private const int BudgetExhausted = 129;
    private const int DailyBudgetExhausted = 130;

    private readonly Dictionary<Guid, Account> _accounts = [];
    private readonly HashSet<(Guid Campaign, long Batch)> _exhausted = [];
    private int _next;

    public List<string> Differences { get; } = [];

    /// <summary>What each campaign should have spent, and its state after the last batch.</summary>
    public IReadOnlyDictionary<Guid, Account> Accounts => _accounts;

    public void Replay(IEnumerable<StoredEvent> events)
    {
        foreach (var batch in events.GroupBy(one => one.Batch))
        {
            TakeTerms(batch.Key - 1);
            var charged = new HashSet<Account>();
            foreach (var item in batch)
            {
                Judge(item, charged);
            }

            foreach (var account in charged.Where(one => one.Terms.Budget - one.Spent < one.Terms.Price))
            {
                account.Status = "completed";
                _exhausted.Add((account.Terms.Campaign, batch.Key));
            }
        }

        TakeTerms(long.MaxValue);
        var stored = terms.Where(one => one.IsExhaustion).Select(one => (one.Campaign, one.After + 1)).ToHashSet();
        if (!stored.SetEquals(_exhausted))
        {
            Differences.Add($"completed for budget {stored.Count} times, should be {_exhausted.Count}");
        }
    }

    private void TakeTerms(long through)
    {
        for (; _next < terms.Count && (terms[_next].After <= through || terms[_next].IsExhaustion); _next++)
        {
            // The model completes campaigns by itself; it is told only what people do to them.
            if (!terms[_next].IsExhaustion)
            {
                var account = _accounts.TryGetValue(terms[_next].Campaign, out var known)
                    ? known
                    : _accounts[terms[_next].Campaign] = new Account();
                (account.Terms, account.Status) = (terms[_next], terms[_next].Status);
            }
        }
    }

    private void Judge(StoredEvent item, HashSet<Account> charged)
    {
        if (!_accounts.TryGetValue(item.Place.Campaign, out var account)
            || account.Status is "draft" or "archived"
            || account.Terms.IsCpm != item.Place.IsCpm
            || account.Terms.Price != item.Place.PriceMicros)
        {
            Differences.Add($"batch {item.Batch}: {item.Id} is stored under terms that its campaign did not have");
            return;
        }

        var reason = item.Price == 0 ? 0 : ReasonOf(account, item);
        if (reason == 0 && item.Price > 0)
        {
            account.Charge(item.Price, item.Day);
            charged.Add(account);
        }

        if (reason != item.Reason && Differences.Count < 100)
        {
            Differences.Add(
                $"batch {item.Batch}: {item.Id} has reason {item.Reason}, should have {reason}; "
                + $"{account.Terms.Budget - account.Spent} micros were left of campaign {item.Place.Campaign}");
        }
    }

    private static int ReasonOf(Account account, StoredEvent item)
    {
        var terms = account.Terms;
        if (account.Status != "active" || item.Day < terms.StartDay || item.Day > terms.EndDay)
        {
            return NotRunning;
        }

        if (terms.Budget - account.Spent < item.Price)
        {
            return BudgetExhausted;
        }

        return terms.DailyCap - account.SpentOn.GetValueOrDefault(item.Day) < item.Price ? DailyBudgetExhausted : 0;
    }

    internal sealed class Account
    {
        public Terms Terms { get; set; } = null!;

        public string Status { get; set; } = "";

        public long Spent { get; private set; }

        public Dictionary<int, long> SpentOn { get; } = [];

        public void Charge(long micros, int day)
        {
            Spent += micros;
            SpentOn[day] = SpentOn.GetValueOrDefault(day) + micros;
        }
    }
}
