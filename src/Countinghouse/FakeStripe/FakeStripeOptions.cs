namespace Countinghouse.FakeStripe;

/// <summary>Where the fake answers, where it keeps its books, and whom it tells.</summary>
public sealed record FakeStripeOptions
{
    public const string DefaultUrl = "http://127.0.0.1:8900";
    public const string DefaultDataDirectory = "data/fake-stripe";

    /// <summary>Addresses to listen on, separated by semicolons.</summary>
    public string Urls { get; init; } = DefaultUrl;

    /// <summary>Folder of the SQLite file; it has to be there.</summary>
    public string DataDirectory { get; init; } = DefaultDataDirectory;

    /// <summary>The only key that is accepted; null accepts any that begins with sk_.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Where webhooks are posted; null: they stay in the outbox.</summary>
    public Uri? WebhookUrl { get; init; }

    /// <summary>What webhooks are signed with.</summary>
    public string? WebhookSecret { get; init; }

    public string BankFile => Path.Combine(DataDirectory, "fake-stripe.db");
}
