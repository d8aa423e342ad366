using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Countinghouse.Commands.Configuring;

/// <summary>
/// What settings mean: the comments of the options classes, from the documentation file that the compiler writes and
/// packages keep beside the program. Nothing but texts for people depends on that file.
/// </summary>
internal static partial class Meanings
{
    /// <summary>By documentation id, such as "P:Countinghouse.Http.HttpOptions.ConnectionsMax".</summary>
    public static IReadOnlyDictionary<string, string> Read()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "countinghouse.xml");
        try
        {
            return XDocument.Load(file).Descendants("member")
                .Select(member => (Id: (string?)member.Attribute("name"), Summary: member.Element("summary")))
                .Where(member => member is { Id: ['P', ':', ..], Summary: not null })
                .ToDictionary(member => member.Id!, member => Text(member.Summary!));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or XmlException)
        {
            return new Dictionary<string, string>();
        }
    }

    /// <summary>A reference becomes the last part of its name.</summary>
    private static string Text(XElement summary)
    {
        var parts = summary.DescendantNodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "see" } see =>
                ((string?)see.Attribute("cref") ?? (string?)see.Attribute("langword") ?? "").Split('.', ':')[^1],
            _ => "",
        });
        return Spaces().Replace(string.Concat(parts), " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
