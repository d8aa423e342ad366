using System.Globalization;
using Spectre.Console;

namespace Countinghouse.Commands.Importing;

/// <summary>Shows how far an import is: a bar at a terminal, a line on standard error every few seconds else.</summary>
internal sealed class ImportView(TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Runs the work, which calls back with the part done (0 to 1) and the lines read.</summary>
    public Task Show(string path, Func<Action<double, long>, Task> work) =>
        Console.IsOutputRedirected ? work(Lines(path)) : ShowBar(path, work);

    private Action<double, long> Lines(string path)
    {
        var begun = clock.GetTimestamp();
        var last = begun;
        return (part, lines) =>
        {
            if (clock.GetElapsedTime(last) >= Pause)
            {
                last = clock.GetTimestamp();
                Console.Error.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}: {lines:N0} lines, {part:P0}, {clock.GetElapsedTime(begun).TotalSeconds:N0} s"));
            }
        };
    }

    /// <summary>A method of its own, so that the library is not even loaded when there is no terminal.</summary>
    private static Task ShowBar(string path, Func<Action<double, long>, Task> work) => AnsiConsole.Progress()
        .Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(),
            new SpinnerColumn())
        .StartAsync(async console =>
        {
            var task = console.AddTask(Markup.Escape(path));
            await work((part, lines) =>
            {
                task.Value = part * 100;
                task.Description = Markup.Escape(
                    string.Create(CultureInfo.InvariantCulture, $"{path}: {lines:N0} lines"));
            });
            task.Value = 100;
        });
}
