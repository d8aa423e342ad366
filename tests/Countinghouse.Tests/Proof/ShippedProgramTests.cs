using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Countinghouse.Commands;

namespace Countinghouse.Proof;

/// <summary>
/// Points to die at and ways to be broken are in the FAULTS flavour, and in no program that is shipped.
/// </summary>
public sealed class ShippedProgramTests
{
    private static readonly string[] Names =
    [
        .. KillExperiments.FlushPoints, .. KillExperiments.BackgroundPoints, .. CloseExperiments.ClosePoints,
        .. PayoutKillExperiments.Points, PayoutKillExperiments.LostRace,
        .. BrokenBuildContract.Pairs.Select(pair => pair.Sabotage),
    ];

    [Fact]
    public void The_shipped_program_knows_no_fault() =>
        Assert.Empty(Names.Intersect(Texts(typeof(Server).Assembly.Location)));

    [Fact]
    public void The_other_flavour_knows_each_by_the_name_that_the_proofs_use() =>
        Assert.Empty(Names.Except(Texts(ProofNode.Assembly)));

    private static HashSet<string> Texts(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var texts = new HashSet<string>();
        var at = MetadataTokens.UserStringHandle(0);
        do
        {
            texts.Add(metadata.GetUserString(at));
            at = metadata.GetNextHandle(at);
        }
        while (!at.IsNil);

        return texts;
    }
}
