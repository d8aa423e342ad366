using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>How often one client may see or click: the settings of <see cref="ClientWindows"/>.</summary>
public sealed class WindowOptions
{
    public const string Section = "Ingest";

    public const int WindowSecondsMax = 86_400;

    /// <summary>A client that sees an ad again sooner than this saw it once; 0: the rule is off.</summary>
    [Range(0, WindowSecondsMax)]
    public int ImpressionWindowSeconds { get; init; } = 60;

    /// <summary>A client that clicks an ad again sooner than this clicked it once; 0: the rule is off.</summary>
    [Range(0, WindowSecondsMax)]
    public int ClickWindowSeconds { get; init; } = 3_600;

    /// <summary>Valid clicks of one client within 60 seconds, whatever the ad.</summary>
    [Range(1, 1_000_000)]
    public int ClicksPerMinuteMax { get; init; } = 1;

    /// <summary>Valid clicks of one client within 600 seconds.</summary>
    [Range(1, 1_000_000)]
    public int ClicksPerTenMinutesMax { get; init; } = 3;

    /// <summary>Valid clicks of one client within 3,600 seconds.</summary>
    [Range(1, 1_000_000)]
    public int ClicksPerHourMax { get; init; } = 10;

    /// <summary>Valid clicks of one client within 86,400 seconds.</summary>
    [Range(1, 1_000_000)]
    public int ClicksPerDayMax { get; init; } = 25;

    /// <summary>
    /// Impressions that are kept for one advertiser's impression window; past it the oldest are let go early. The
    /// default, about 425 MB, is reached at 200,000 valid impressions a second.
    /// </summary>
    [Range(1_000, 500_000_000)]
    public int ImpressionPairsMax { get; init; } = 16_000_000;

    /// <summary>
    /// Clicks that are kept for one advertiser's click window, and again for its clicks per client; past it the oldest
    /// are let go early.
    /// </summary>
    [Range(1_000, 500_000_000)]
    public int ClicksKeptMax { get; init; } = 4_000_000;
}

[OptionsValidator]
public sealed partial class WindowOptionsValidator : IValidateOptions<WindowOptions>;
