using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.Access;

/// <summary>How long credentials last.</summary>
public sealed class AccessOptions
{
    public const string Section = "Access";

    /// <summary>A session that nobody used for so long has ended.</summary>
    [Range(5, 1_440)]
    public int SessionIdleMinutes { get; init; } = 60;

    /// <summary>A session ends after so long, however busy it is.</summary>
    [Range(1, 720)]
    public int SessionHours { get; init; } = 12;

    /// <summary>How long an access token is good.</summary>
    [Range(1, 1_440)]
    public int TokenMinutes { get; init; } = 60;
}

[OptionsValidator]
public sealed partial class AccessOptionsValidator : IValidateOptions<AccessOptions>;
