using Spectre.Console;

namespace Countinghouse.Commands;

/// <summary>How far a long piece of work is: a bar at a terminal, one line where output is kept.</summary>
internal static class ProgressBar
{
    /// <summary>Does the work; it calls back with how much of <paramref name="total"/> is done.</summary>
    public static async Task<T> Show<T>(string what, long total, Func<Action<long>, Task<T>> work)
    {
        if (Console.IsErrorRedirected || Console.IsOutputRedirected)
        {
            // A bar redraws itself, which only a terminal can show.
            await Console.Error.WriteLineAsync(what);
            return await work(_ => { });
        }

        T? result = default;
        await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .StartAsync(async console =>
            {
                var task = console.AddTask(what, maxValue: Math.Max(1, total));
                result = await work(done => task.Value = done);
            });
        return result!;
    }
}
