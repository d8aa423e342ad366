using System.Diagnostics;
using Countinghouse.Storage;
using Countinghouse.Support;
using Npgsql;

namespace Countinghouse.Proof;

/// <summary>
/// A node of the cluster that ./test --citus names, to be stopped in immediate mode and started again as it was: that
/// takes a cluster whose data lies on this machine. It is running when an experiment ends, as it was when it began.
/// </summary>
internal sealed class ProofClusterNode
{
    private const string OfCoordinator = "SELECT current_setting('data_directory')";

    private const string OfWorker = """
        SELECT result FROM run_command_on_workers('SELECT current_setting(''data_directory'')')
        ORDER BY nodeport LIMIT 1
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _data;

    private ProofClusterNode(string data) => _data = data;

    public static async Task<ProofClusterNode> Find(bool isCoordinator)
    {
        await using var connection = new NpgsqlConnection(TestCluster.ConnectionTo("postgres", pooling: false));
        await connection.OpenAsync();
        var data = (await connection.First(
            isCoordinator ? OfCoordinator : OfWorker, row => row.GetString(0), default))!;
        Assert.True(
            File.Exists(Path.Combine(data, "postmaster.pid")),
            $"No node runs from {data} on this machine, so it cannot be stopped. Leave these experiments out with "
            + "--filter \"Cluster!=Here\".");
        return new ProofClusterNode(data);
    }

    public Task StopImmediately() => Control("stop", "-m", "immediate");

    public Task Start() => Control("start", "-w", "-l", _data + ".log");

    private async Task Control(params string[] arguments)
    {
        var program = Path.Combine(ProofPostgres.Find(), "pg_ctl");
        string[] all = [.. arguments, "-D", _data];
        using var process = Process.Start(new ProcessStartInfo(
            ProofPostgres.Owner == Environment.UserName ? program : "setpriv",
            ProofPostgres.Owner == Environment.UserName
                ? all
                :
                [
                    $"--reuid={ProofPostgres.Owner}", "--regid=" + ProofPostgres.Owner, "--clear-groups", program,
                    .. all,
                ])
        {
            WorkingDirectory = "/",
        })!;
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        Assert.True(process.ExitCode == 0, $"pg_ctl {arguments[0]} ended with {process.ExitCode}.");
    }
}
