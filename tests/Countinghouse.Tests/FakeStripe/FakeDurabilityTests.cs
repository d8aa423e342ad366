using Microsoft.Data.Sqlite;

namespace Countinghouse.FakeStripe;

public sealed class FakeDurabilityTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-fake-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_restart_goes_on_as_if_nothing_had_been()
    {
        Assert.Equal(History(Named("steady"), isRestarted: false), History(Named("restarted"), isRestarted: true));
    }

    [Fact]
    public void An_effect_whose_answer_was_cut_is_there_after_a_restart_and_replays()
    {
        using var world = new FakeWorld(Named("a"));
        world.Next(FakeFault.DropAfter);
        world.Pay("k");
        world.Reopen();

        var again = world.Pay("k");

        Assert.True(again.IsReplayed);
        Assert.Equal(FakeWorld.IdOf(again), Assert.Single(world.Bank.Truth().Transfers).Id);
        Assert.Equal(1, world.Fired(FakeFault.DropAfter));
    }

    [Fact]
    public void Late_effects_and_names_in_next_survive_a_restart()
    {
        using var world = new FakeWorld(Named("a"));
        world.Bank.SetFaults(new FakeFaults
        {
            Next = [FakeFault.SlowEffect, FakeFault.Conflict],
            SlowEffectSeconds = 5,
        });
        world.Pay("k");
        world.Reopen();

        Assert.Equal(FakeFault.Conflict, Assert.Single(world.Bank.Faults.Next));
        Assert.Equal(1, world.Bank.Truth().PendingEffects);
        world.Pass(TimeSpan.FromSeconds(5));
        world.Reopen();
        Assert.Single(world.Bank.Truth().Transfers);
    }

    [Fact]
    public void Webhooks_that_were_not_delivered_are_sent_again_after_a_restart()
    {
        using var world = new FakeWorld(Named("a"));
        world.Pay();
        world.Pay();
        var taken = world.Bank.TakeWebhooks();
        world.Bank.Forget(taken[0]);
        world.Reopen();

        Assert.Equal(taken[1].EventId, Assert.Single(world.Bank.TakeWebhooks()).EventId);
    }

    [Fact]
    public void Two_banks_do_not_share_a_file_or_ids()
    {
        using var first = new FakeWorld(Named("a"));
        using var other = new FakeWorld(Named("b"));
        other.Pass(TimeSpan.FromMinutes(1));
        other.Dispose();
        _folder.EnumerateFiles("b.db*").ToList().ForEach(file => file.Delete());
        using var later = FakeBank.Open(Named("b"), other.Clock);
        var answer = later.Handle(new FakeRequest(
            "POST", "/v1/transfers", new Dictionary<string, string>(), FakeWorld.Order(), null, IsAuthorized: true));

        Assert.NotEqual(FakeWorld.IdOf(first.Pay()), FakeWorld.IdOf(answer));
        Assert.Throws<SqliteException>(() => FakeBank.Open(Named("a"), first.Clock).Dispose());
    }

    [Fact]
    public void A_file_of_another_version_is_left_alone()
    {
        new FakeWorld(Named("a")).Dispose();
        using (var connection = new SqliteConnection($"Data Source={Named("a")};Pooling=False"))
        {
            connection.Open();
            using var command = new SqliteCommand("PRAGMA user_version = 2", connection);
            command.ExecuteNonQuery();
        }

        Assert.Throws<InvalidDataException>(() => new FakeWorld(Named("a")).Dispose());
    }

    private string Named(string name) => Path.Combine(_folder.FullName, name + ".db");

    private static string History(string path, bool isRestarted)
    {
        using var world = new FakeWorld(path);
        world.Bank.SetBalance(100_000);
        world.Bank.SetFaults(new FakeFaults
        {
            Seed = 3,
            Rates = FakeFaults.OfTransfers.ToDictionary(fault => fault, _ => 0.06),
            ListLagSeconds = 100,
            SlowEffectSeconds = 300,
        });
        var heard = new List<string>();
        for (var request = 0; request < 60; request++)
        {
            var answer = world.Pay($"{request / 3}");
            heard.Add($"{answer.Status} {answer.Delivery} {answer.IsReplayed} {answer.Json}");
            world.Pass(TimeSpan.FromSeconds(20));
            if (isRestarted && request % 4 == 0)
            {
                world.Reopen();
            }
        }

        return string.Join('\n', heard.Append(FakeWorld.Text(world.Bank.Truth())));
    }
}
