using Countinghouse.Primitives;

namespace Countinghouse.Payouts.Providers;

/// <summary>
/// The operator's own bank: what is sent stands in the run's bank file until the operator says that it was paid, or
/// that it was not. There is nobody to ask, so it is never unknown.
/// </summary>
public sealed class ManualProvider : IPayoutProvider
{
    public const string ProviderName = "manual";

    private const int DestinationCharactersMax = 200;

    public string Name => ProviderName;

    public bool IsConfigured => true;

    public bool CanList => false;

    /// <summary>Any text that the bank file can carry, for example an account number and its holder.</summary>
    public Task<DestinationCheck> Check(string destination, CancellationToken cancellation) => Task.FromResult(
        string.IsNullOrWhiteSpace(destination) || destination.Length > DestinationCharactersMax
        || destination.Any(char.IsControl)
            ? DestinationCheck.Malformed
            : DestinationCheck.Fine);

    public Task<SendAnswer> Send(TransferOrder order, CancellationToken cancellation) =>
        Task.FromResult(new SendAnswer(SendOutcome.HandedOver));

    public Task<IReadOnlyList<Transfer>?> OfGroup(string group, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<Transfer>?>(null);

    public Task<Transfer?> Find(string transferId, CancellationToken cancellation) =>
        Task.FromResult<Transfer?>(null);

    public Task<IReadOnlyList<Transfer>?> Since(Instant since, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<Transfer>?>(null);
}
