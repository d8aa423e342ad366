using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Countinghouse.Commands.Configuring;

/// <summary>Where the program keeps its data, and where it answers; there are options of the same names.</summary>
public sealed class PlaceOptions
{
    /// <summary>These stand outside of all sections.</summary>
    public const string Section = "";

    /// <summary>Addresses to answer on, separated by semicolons; port 0 takes a free one.</summary>
    [ListenAddresses]
    public string Urls { get; init; } = ServerSettings.DefaultUrl;

    /// <summary>Folder of the SQLite database and of demo.json.</summary>
    [Required]
    public string Data { get; init; } = ServerSettings.DefaultDataDirectory;

    /// <summary>Connection string of a PostgreSQL database; empty: SQLite.</summary>
    [DataType(DataType.Password), ConnectionString]
    public string Postgres { get; init; } = "";

    /// <summary>
    /// Folder of secret files: each is called after its setting, with __ for the colon, and has its value.
    /// </summary>
    public string Secrets { get; init; } = "";
}

[OptionsValidator]
public sealed partial class PlaceOptionsValidator : IValidateOptions<PlaceOptions>;

/// <summary>Addresses that the server can listen on, separated by semicolons.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ListenAddressesAttribute : ValidationAttribute
{
    public ListenAddressesAttribute()
        : base("Urls must be addresses such as http://127.0.0.1:8000, separated by semicolons.")
    {
    }

    public override bool IsValid(object? value) => value is string urls && Addresses.Complaint(urls) is null;
}

/// <summary>A connection string of PostgreSQL, or nothing. What is wrong with it is told, never the text.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ConnectionStringAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder(value as string);
            return ValidationResult.Success;
        }
        catch (ArgumentException error)
        {
            return new ValidationResult(
                $"the connection string cannot be read: {error.Message.TrimEnd('.')}. Write it as "
                + "\"Host=...;Database=...;Username=...;Password=...\".",
                [validationContext.MemberName!]);
        }
    }
}
