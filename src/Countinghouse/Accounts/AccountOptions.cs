using System.ComponentModel.DataAnnotations;
using Countinghouse.Primitives;
using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>How mail leaves for the SMTP server.</summary>
public enum SmtpEncryption
{
    /// <summary>In the clear; for a server on the same machine.</summary>
    None = 1,

    /// <summary>Encrypted after a first exchange in the clear, or not at all (port 587).</summary>
    StartTls = 2,

    /// <summary>Encrypted from the first byte (port 465).</summary>
    Tls = 3,
}

/// <summary>How people sign in, and how links reach them.</summary>
public sealed class AccountOptions : IValidatableObject
{
    public const string Section = "Accounts";

    /// <summary>So many wrong passwords or codes in a row lock an account.</summary>
    [Range(1, 100)]
    public int FailuresMax { get; init; } = 5;

    /// <summary>How long a locked account stays locked.</summary>
    [Range(1, 1_440)]
    public int LockMinutes { get; init; } = 15;

    /// <summary>
    /// A refusal to sign in takes at least so long, so that its time tells nothing of why. More than a password's check
    /// takes, or it covers nothing.
    /// </summary>
    [Range(0, 5_000)]
    public int RefusalMillisecondsMin { get; init; } = 400;

    /// <summary>How long an invitation is good.</summary>
    [Range(1, 60)]
    public int InvitationDays { get; init; } = 7;

    /// <summary>How long a link to a new password is good.</summary>
    [Range(5, 1_440)]
    public int ResetMinutes { get; init; } = 60;

    /// <summary>Where people's browsers find this server; links in mails begin with it.</summary>
    [Required, Url]
    public string PublicUrl { get; init; } = "http://127.0.0.1:8000";

    /// <summary>Sends the mails; empty: nobody does, and links are passed on by hand.</summary>
    public string SmtpHost { get; init; } = "";

    /// <summary>The SMTP server's port.</summary>
    [Range(1, 65_535)]
    public int SmtpPort { get; init; } = 587;

    /// <summary>Empty: the server wants no sign-in.</summary>
    public string SmtpUser { get; init; } = "";

    /// <summary>Goes with the user.</summary>
    public string SmtpPassword { get; init; } = "";

    /// <summary>Whom the mails come from; needed with a host.</summary>
    public string SmtpFrom { get; init; } = "";

    /// <summary>How the connection to the SMTP server is kept private.</summary>
    [EnumDataType(typeof(SmtpEncryption))]
    public SmtpEncryption SmtpTls { get; init; } = SmtpEncryption.StartTls;

    /// <summary>How long the SMTP server may take over one mail.</summary>
    [Range(1, 60)]
    public int SmtpTimeoutSeconds { get; init; } = 10;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SmtpHost.Length > 0 && !MailAddress.TryParse(SmtpFrom, out _))
        {
            yield return new ValidationResult($"SmtpFrom must be {MailAddress.Expected}, when SmtpHost is set.");
        }
    }
}

[OptionsValidator]
public sealed partial class AccountOptionsValidator : IValidateOptions<AccountOptions>;
