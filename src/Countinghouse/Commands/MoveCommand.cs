using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Countinghouse.Copies;
using Countinghouse.Retention;
using Countinghouse.Storage;
using Npgsql;

namespace Countinghouse.Commands;

/// <summary>"move": everything in a SQLite database into a PostgreSQL one.</summary>
internal static class MoveCommand
{
    private const string Again =
        "Nothing is lost: run the same command again to go on, or \"countinghouse move --undo\" to keep to the file.";

    // No default value in the library's sense: the help prints those, and this one holds a password.
    private static readonly Option<string?> To = new("--to")
    {
        Description = "The PostgreSQL database to move into, empty [environment: COUNTINGHOUSE_POSTGRES]",
        HelpName = "CONNECTION",
    };

    private static readonly Option<bool> Undo = new("--undo")
    {
        Description = "Let the file be served again, as it was when the move began",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "move",
            "Copy everything from the SQLite database of --data into an empty PostgreSQL database, compare both, and "
                + "switch over. Servers are stopped meanwhile. A move that was interrupted goes on when run again.",
            """
            countinghouse move --data /var/lib/countinghouse --to "Host=db;Database=ads;Username=ads;Password=..."
            countinghouse move --undo
            """)
        {
            To, Undo,
        };
        DatabaseOptions.AddDataTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var source = DatabaseOptions.ReadData(line);
        if (!source.DatabaseExists)
        {
            throw new CommandException(
                $"There is no SQLite database in '{source.DataDirectory}' to move: choose its folder with --data.");
        }

        if (line.GetValue(Undo))
        {
            return await TakeBack(source, cancellation);
        }

        var target = new ServerSettings { Postgres = Read(line) };
        await Prepare(source, target, cancellation);
        await using var move = await DatabaseMove.Begin(
            source.SqliteFile, target.Postgres!, TimeProvider.System, cancellation);
        if (!move.IsCompared)
        {
            try
            {
                await Copy(move, target, cancellation);
            }
            catch (OperationCanceledException)
            {
                await Console.Error.WriteLineAsync(Again);
                throw;
            }
        }

        await move.Finish(cancellation);
        await Console.Error.WriteLineAsync(
            "The database is in PostgreSQL now. Start the servers with --postgres or COUNTINGHOUSE_POSTGRES; keys, "
            + $"sessions and links go on as they are. '{source.SqliteFile}' is kept, and is refused by every server: "
            + "remove it once PostgreSQL is backed up.");
        return 0;
    }

    private static async Task<int> TakeBack(ServerSettings source, CancellationToken cancellation)
    {
        var was = await DatabaseMove.Undo(source.SqliteFile, TimeProvider.System, cancellation);
        await Console.Error.WriteLineAsync(was switch
        {
            MoveState.Moving =>
                "The file can be served again. Drop the database that it was being moved to: it is not complete.",
            MoveState.Away =>
                "The file can be served again, without anything that was recorded in PostgreSQL since the move. Never "
                + "serve both: they would count and pay apart.",
            MoveState.Filling or null => "No move of this database has begun: nothing was changed.",
        });
        return was is null ? CommandLine.Failed : 0;
    }

    private static string Read(ParseResult line)
    {
        var connection = line.GetValue(To) ?? DatabaseOptions.FromEnvironment("COUNTINGHOUSE_POSTGRES")
            ?? throw new CommandException("Name the PostgreSQL database to move into with --to.");
        try
        {
            return new NpgsqlConnectionStringBuilder(connection).ToString();
        }
        catch (ArgumentException error)
        {
            // The text itself stays out of the message: it holds a password.
            throw new CommandException(
                $"The connection string (--to or COUNTINGHOUSE_POSTGRES) cannot be read: {error.Message.TrimEnd('.')}. "
                + "Write it as \"Host=...;Database=...;Username=...;Password=...\".");
        }
    }

    /// <summary>
    /// Both sides get this program's schema, unless a move has begun; the target, which was looked at first, gets the
    /// months that the journal has, so that they can leave it one by one later.
    /// </summary>
    private static async Task Prepare(ServerSettings source, ServerSettings target, CancellationToken cancellation)
    {
        var here = await DatabaseMove.MarkOf(source.SqliteFile, cancellation);
        var there = await DatabaseMove.Look(target.Postgres!, cancellation);
        if (here is null)
        {
            await using var workplace = await Workplace.Open(source, cancellation);
        }

        if (there is null && here?.State != MoveState.Away)
        {
            await using var workplace = await Workplace.Open(target, cancellation);
            var months = workplace.GetRequiredService<JournalMonths>();
            var known = await months.Names(cancellation);
            foreach (var month in await DatabaseMove.Months(source.SqliteFile, cancellation))
            {
                if (!known.Contains(JournalMonths.NameOf(month)))
                {
                    await months.Add(month, isAhead: false, cancellation);
                }
            }
        }
    }

    private static async Task Copy(DatabaseMove move, ServerSettings target, CancellationToken cancellation)
    {
        if (move.RowsBefore > 0)
        {
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"Going on after {move.RowsBefore:N0} of {move.Rows:N0} rows that are there already."));
        }

        var clock = Stopwatch.StartNew();
        await Show("Copying", move.Rows, progress => move.Copy(progress, cancellation));
        var copied = clock.Elapsed;
        await Show("Comparing", move.Rows, progress => move.Compare(progress, cancellation));
        var compared = clock.Elapsed - copied;
        await Verify(target, cancellation);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{move.Rows:N0} rows of {move.Tables} tables: copied in {copied.TotalSeconds:N1} s, compared in ")
            + string.Create(
                CultureInfo.InvariantCulture,
                $"{compared.TotalSeconds:N1} s, verified in {(clock.Elapsed - copied - compared).TotalSeconds:N1} s."));
    }

    private static Task<bool> Show(string what, long total, Func<Action<long>, Task> work) => ProgressBar.Show(
        what,
        total,
        async progress =>
        {
            await work(progress);
            return true;
        });

    /// <summary>
    /// The same as "verify", on the target as it is. What it finds was so before: rows were compared already.
    /// </summary>
    private static async Task Verify(ServerSettings target, CancellationToken cancellation)
    {
        await using var workplace = Workplace.OpenAsItIs(target);
        var result = await Workplace.Verify(workplace, cancellation);
        if (result.Differences is [var first, ..])
        {
            throw new CommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"Every row was copied, and {result.DifferenceCount:N0} figures are not what the events come to, the ")
                + $"first in {first.Table} ({first.Key}: {first.Figure}). The file has them too: \"move --undo\", then "
                + "\"verify\" and \"rebuild\" there, and move into a new database.");
        }
    }
}
