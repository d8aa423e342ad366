using System.ComponentModel.DataAnnotations;
using Countinghouse.Primitives;
using Microsoft.Extensions.Options;

namespace Countinghouse.RevenueShare;

/// <summary>What an operator decides once about revenue share.</summary>
public sealed class RevenueShareOptions
{
    public const string Section = "RevenueShare";

    /// <summary>
    /// The platform's part before any rate is set, as a fraction: "0.15" is 15 %. Read when a database is first used
    /// and kept there; from then on rates change from a future month, over the API.
    /// </summary>
    [Required]
    [RegularExpression(
        @"^(0(\.\d{1,6})?|1(\.0{1,6})?)$", ErrorMessage = "DefaultFeeRate must be a fraction such as 0.15.")]
    public string DefaultFeeRate { get; init; } = "0.15";

    /// <summary>Closes each month by itself 72 hours after its end. Off: somebody has to ask for it.</summary>
    public bool CloseAutomatically { get; init; } = true;

    public FeeRate FirstRate => FeeRate.TryParse(DefaultFeeRate, out var rate)
        ? rate
        : throw new InvalidOperationException("The options were used before they were validated.");
}

[OptionsValidator]
public sealed partial class RevenueShareOptionsValidator : IValidateOptions<RevenueShareOptions>;
