namespace Countinghouse.Support;

/// <summary>The source tree that the tests were built from.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Folder of the product's slices.</summary>
    public static string Product => Path.Combine(Root, "src", "Countinghouse");

    /// <summary>
    /// All hand-written files with the extension below src, tests and benchmarks, as (path from the root, lines).
    /// </summary>
    public static IEnumerable<(string Path, string[] Lines)> Files(string extension) =>
        new[] { "src", "tests", "benchmarks" }
            .Select(folder => Path.Combine(Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*" + extension, SearchOption.AllDirectories))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
            .Select(file => (Path.GetRelativePath(Root, file), File.ReadAllLines(file)));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Countinghouse.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not lie in their repository.");
        }

        return folder.FullName;
    }
}
