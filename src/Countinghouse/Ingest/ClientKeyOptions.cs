using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>How long client keys are kept.</summary>
public sealed class ClientKeyOptions
{
    public const string Section = "Ingest";

    /// <summary>
    /// Days after which the client keys of stored events are erased. A restarted node reads the last day's again.
    /// </summary>
    [Range(2, 90)]
    public int ClientKeyDays { get; init; } = 90;
}

[OptionsValidator]
public sealed partial class ClientKeyOptionsValidator : IValidateOptions<ClientKeyOptions>;
