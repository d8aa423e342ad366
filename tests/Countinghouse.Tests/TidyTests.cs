using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Countinghouse.Commands;
using Countinghouse.Support;

namespace Countinghouse;

/// <summary>The style that a machine can hold.</summary>
public sealed partial class TidyTests
{
    private const int FileLinesMax = 400;
    private const int LineCharactersMax = 120;
    private const int MethodLinesMax = 70;
    private const int ReadmeLinesMax = 40;

    /// <summary>Where money is split, kept and paid: nothing there is ever approximate.</summary>
    private static readonly string[] ExactFolders = ["Ledger", "RevenueShare", "Payouts"];

    [Fact]
    public void No_file_is_longer_than_400_lines() => AssertNone(
        Repository.Files(".cs").Concat(Repository.Files(".sql"))
            .Where(file => file.Lines.Length > FileLinesMax)
            .Select(file => $"{file.Path}: {file.Lines.Length} lines"));

    [Fact]
    public void No_line_is_longer_than_120_characters() => AssertNone(
        Lines(".cs").Concat(Lines(".sql"))
            .Where(line => line.Text.Length > LineCharactersMax)
            .Select(line => $"{line.Place}: {line.Text.Length} characters"));

    [Fact]
    public void No_method_is_longer_than_70_lines() => AssertNone(
        Methods(typeof(Server).Assembly.Location).Concat(Methods(typeof(TidyTests).Assembly.Location))
            .Where(method => method.Lines > MethodLinesMax)
            .Select(method => $"{method.Name}: {method.Lines} lines"));

    [Fact]
    public void What_is_left_to_do_has_an_issue() => AssertNone(
        Lines(".cs").Where(line => OpenEnd().IsMatch(line.Text)).Select(line => $"{line.Place}: {line.Text.Trim()}"));

    [Fact]
    public void Money_is_never_approximate() => AssertNone(
        Lines(".cs")
            .Where(line => ExactFolders.Any(folder => line.Place.StartsWith($"src/Countinghouse/{folder}/")))
            .Where(line => Approximate().IsMatch(Comment().Replace(line.Text, "")))
            .Select(line => $"{line.Place}: {line.Text.Trim()}"));

    [Fact]
    public void Time_and_chance_are_passed_in() => AssertNone(
        Lines(".cs").Where(line => Ambient().IsMatch(line.Text)).Select(line => $"{line.Place}: {line.Text.Trim()}"));

    [Fact]
    public void A_log_message_has_a_number_of_its_own() => AssertNone(
        Lines(".cs")
            .Select(line => (line.Place, Number: LogNumber().Match(line.Text).Groups[1].Value))
            .Where(line => line.Number.Length > 0)
            .GroupBy(line => line.Number)
            .Where(same => same.Count() > 1)
            .Select(same => $"{same.Key}: {string.Join(" and ", same.Select(line => line.Place))}"));

    [Fact]
    public void Every_slice_has_a_readme_of_at_most_40_lines()
    {
        var slices = Directory.EnumerateDirectories(Repository.Product)
            .Where(folder => Directory.EnumerateFiles(folder, "*.cs").Any() && Path.GetFileName(folder) != "Commands");

        AssertNone(slices.Select(ReadmeFault).OfType<string>());
    }

    private static string? ReadmeFault(string slice)
    {
        var readme = Path.Combine(slice, "README.md");
        if (!File.Exists(readme))
        {
            return $"{Path.GetFileName(slice)}: no README.md";
        }

        var lines = File.ReadAllLines(readme).Length;
        return lines > ReadmeLinesMax ? $"{Path.GetFileName(slice)}: README.md of {lines} lines" : null;
    }

    private static IEnumerable<(string Place, string Text)> Lines(string extension) =>
        Repository.Files(extension).SelectMany(
            file => file.Lines.Select((text, index) => ($"{file.Path.Replace('\\', '/')}:{index + 1}", text)));

    /// <summary>
    /// The lines that the statements of a method stand on, from the debugging symbols: exact where a text scan would
    /// stumble over braces in strings. Constructors are left out, because initializers all over the type count as
    /// theirs.
    /// </summary>
    private static List<(string Name, int Lines)> Methods(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        using var symbols = MetadataReaderProvider.FromPortablePdbStream(
            File.OpenRead(Path.ChangeExtension(assembly, ".pdb")));
        var metadata = file.GetMetadataReader();
        var debug = symbols.GetMetadataReader();
        var methods = new List<(string, int)>();
        foreach (var handle in metadata.MethodDefinitions)
        {
            var method = metadata.GetMethodDefinition(handle);
            var information = debug.GetMethodDebugInformation(handle);
            if (metadata.GetString(method.Name) is ".ctor" or ".cctor"
                || information.Document.IsNil
                || Generated().IsMatch(debug.GetString(debug.GetDocument(information.Document).Name)))
            {
                continue;
            }

            var points = information.GetSequencePoints().Where(point => !point.IsHidden).ToList();
            if (points.Count > 0)
            {
                var document = Path.GetFileName(debug.GetString(debug.GetDocument(information.Document).Name));
                var first = points.Min(point => point.StartLine);
                methods.Add(($"{document}:{first}", points.Max(point => point.EndLine) - first + 1));
            }
        }

        return methods;
    }

    private static void AssertNone(IEnumerable<string> faults)
    {
        var found = faults.ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }

    [GeneratedRegex(@"\b(TO[D]O|FIXM[E]|HAC[K])\b(?!.*#\d+)")]
    private static partial Regex OpenEnd();

    [GeneratedRegex(@"\bEventId = (\d+)")]
    private static partial Regex LogNumber();

    [GeneratedRegex(@"\b(double|float|decimal)\b")]
    private static partial Regex Approximate();

    [GeneratedRegex(@"\.(g|generated)\.cs$")]
    private static partial Regex Generated();

    [GeneratedRegex("//.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bDateTime(Offset)?\.((Utc)?Now|Today)\b|\b(NewGuid|CreateVersion7)\(\)|\bThread\.Sleep\(")]
    private static partial Regex Ambient();
}
