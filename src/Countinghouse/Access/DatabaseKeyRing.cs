using System.Xml.Linq;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Countinghouse.Access;

/// <summary>
/// Keeps the framework's data-protection keys in the database, so that every node reads what another has protected:
/// anti-forgery tokens and the seeds of one-time codes.
/// </summary>
public sealed class DatabaseKeyRing(Database database, TimeProvider clock) : IXmlRepository
{
    private const string Select = "SELECT xml FROM data_protection_key ORDER BY created_at, name";

    private const string Insert = """
        INSERT INTO data_protection_key (name, xml, created_at) VALUES (@name, @xml, @now)
        ON CONFLICT (name) DO NOTHING
        """;

    // The framework's interface has no asynchronous form. It asks at the start and then about once a day.
    public IReadOnlyCollection<XElement> GetAllElements() => database.Read(
        connection => connection.Query(Select, row => XElement.Parse(row.GetString(0)), CancellationToken.None),
        CancellationToken.None).GetAwaiter().GetResult();

    public void StoreElement(XElement element, string friendlyName) => database.Write(
        connection => connection.Execute(
            Insert,
            CancellationToken.None,
            ("name", friendlyName),
            ("xml", element.ToString(SaveOptions.DisableFormatting)),
            ("now", Instant.Of(clock.GetUtcNow()))),
        CancellationToken.None).GetAwaiter().GetResult();
}
