using System.ComponentModel.DataAnnotations;
using Countinghouse.Primitives;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>How retailers are paid.</summary>
public sealed class PayoutOptions
{
    public const string Section = "Payouts";

    /// <summary>Smallest sum worth a transfer, in whole USD. Less stays, and is netted next time.</summary>
    [Range(1, 100_000)]
    public int MinimumUsd { get; init; } = 50;

    /// <summary>
    /// Day of the month, UTC, on which you mean to pay; retailers are told. Nothing is paid by it: people start runs.
    /// </summary>
    [Range(1, 28)]
    public int PayDay { get; init; } = 10;

    /// <summary>A run is confirmed by somebody else than who asked for its preview.</summary>
    public bool SecondPerson { get; init; } = true;

    /// <summary>
    /// This process sends payouts and reconciles. Off on nodes that should not reach the provider; at least one must.
    /// </summary>
    public bool Work { get; init; } = true;

    /// <summary>Pause between two looks for payouts that are due.</summary>
    [Range(1, 3_600)]
    public int PauseSeconds { get; init; } = 5;

    /// <summary>Payouts that are sent side by side.</summary>
    [Range(1, 64)]
    public int AtOnceMax { get; init; } = 8;

    /// <summary>Attempts of one payout, each after the one before has certainly moved nothing; then it fails.</summary>
    [Range(1, 10)]
    public int AttemptsMax { get; init; } = 3;

    /// <summary>How far back the daily reconciliation goes.</summary>
    [Range(2, 400)]
    public int ReconcileDays { get; init; } = 35;

    /// <summary>Stripe's secret key; without one there are no payouts by Stripe.</summary>
    public string StripeSecretKey { get; init; } = "";

    /// <summary>Signs Stripe's webhooks; without one they are refused, and reconciliation finds what they would tell.
    /// </summary>
    public string StripeWebhookSecret { get; init; } = "";

    /// <summary>Where Stripe's API is; another address for a fake one.</summary>
    [Url]
    public string StripeUrl { get; init; } = "https://api.stripe.com";

    /// <summary>How long an answer is waited for; then it is unknown what became of the request.</summary>
    [Range(1, 80)]
    public int StripeTimeoutSeconds { get; init; } = 30;

    public Cents Minimum => new(MinimumUsd * 100L);
}

[OptionsValidator]
public sealed partial class PayoutOptionsValidator : IValidateOptions<PayoutOptions>;
