using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.Retention;

/// <summary>How long events stay in the database, and where they go.</summary>
public sealed class RetentionOptions : IValidatableObject
{
    public const string Section = "Retention";

    /// <summary>
    /// Whole months of events that stay beside the current one; older ones are archived once they are closed. 0: none
    /// is ever archived by itself.
    /// </summary>
    [Range(0, 1200)]
    public int JournalMonths { get; init; }

    /// <summary>Folder of the archive; the same for all nodes.</summary>
    public string ArchiveDirectory { get; init; } = "";

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (JournalMonths is > 0 and < ArchiveRules.MonthsKeptMin)
        {
            yield return new ValidationResult(
                $"Retention:JournalMonths must be 0 or at least {ArchiveRules.MonthsKeptMin}: ids are remembered for "
                + "35 days.");
        }

        if (JournalMonths > 0 && ArchiveDirectory.Length == 0)
        {
            yield return new ValidationResult(
                "Retention:ArchiveDirectory must name a folder when Retention:JournalMonths is set.");
        }
    }
}

[OptionsValidator]
public sealed partial class RetentionOptionsValidator : IValidateOptions<RetentionOptions>;
