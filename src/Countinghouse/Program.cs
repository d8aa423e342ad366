using System.CommandLine;
using Countinghouse.Commands;

// The command line, one file per command in Commands/. Without a command the program serves.
var program = new DocumentedCommand(
    "countinghouse",
    "A retail-media back end: records ad events, reports on them, and shares the revenue with the retailers.",
    """
    countinghouse                                      serve from ./data on http://127.0.0.1:8000
    countinghouse --urls http://127.0.0.1:9000 --no-demo
    countinghouse --postgres "Host=db;Database=ads;Username=ads;Password=..."
    countinghouse keys list --organization CXvDk7dyZhWZ7U5u4E3S9F
    """)
{
    new VersionOption(),
    ServeCommand.Create(),
    OrganizationsCommand.Create(),
    KeysCommand.Create(),
    UsersCommand.Create(),
    AdjustmentsCommand.Create(),
    CloseCommand.Create(),
    PayoutsCommand.Create(),
    ExportCommand.Create(),
    ImportCommand.Create(),
    VerifyCommand.Create(),
    RebuildCommand.Create(),
    BackupCommand.Create(),
    RestoreCommand.Create(),
    MoveCommand.Create(),
    ArchiveCommand.Create(),
    TrafficCommand.Create(),
    DistributeCommand.Create(),
    ConfigCommand.Create(),
    DoctorCommand.Create(),
    HealthCommand.Create(),
    FakeStripeCommand.Create(),
};
ServeCommand.MakeDefaultOf(program);

return await CommandLine.Run(program, args);
