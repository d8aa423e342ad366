using Countinghouse.Support;
using FsCheck.Fluent;

namespace Countinghouse.Access;

public sealed class ApiKeyFormatTests
{
    // The checksum of the body, by zlib.crc32 of Python.
    private const string Known = "csb_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3";

    [Theory]
    [InlineData(Known, true)]
    [InlineData("csu_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3", true)]
    [InlineData("cpk_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3", true)]
    [InlineData("csx_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3", false)]
    [InlineData("CSB_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3", false)]
    [InlineData("csb_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_F535F8A3", false)]
    [InlineData("csb_BBCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3", false)]
    [InlineData("csb-ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3", false)]
    [InlineData("csb_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345f535f8a3", false)]
    [InlineData(" csb_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345_f535f8a3", false)]
    [InlineData("", false)]
    [InlineData("csb", false)]
    public void A_key_is_known_by_its_shape_and_checksum(string text, bool wellFormed) =>
        Assert.Equal(wellFormed, ApiKeyFormat.IsWellFormed(text));

    [Theory]
    [InlineData(KeyKind.Csb, "csb_")]
    [InlineData(KeyKind.Csu, "csu_")]
    [InlineData(KeyKind.Cpk, "cpk_")]
    public void A_new_key_is_well_formed_and_like_no_other(KeyKind kind, string prefix)
    {
        var keys = Enumerable.Range(0, 1_000).Select(_ => ApiKeyFormat.Create(kind)).ToList();

        Assert.All(keys, key => Assert.True(ApiKeyFormat.IsWellFormed(key), key));
        Assert.All(keys, key => Assert.Matches($"^{prefix}[0-9A-Za-z]{{32}}_[0-9a-f]{{8}}$", key));
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }

    [Fact]
    public void One_changed_character_is_noticed() => Properties.Hold(
        Gen.Choose(0, Known.Length - 1).SelectMany(place =>
            Gen.Elements("0123456789ABCXYZabcxyz_-".ToCharArray()).Select(letter => (place, letter))),
        change =>
        {
            var changed = Known[..change.place] + change.letter + Known[(change.place + 1)..];

            Assert.Equal(changed == Known, ApiKeyFormat.IsWellFormed(changed));
        });

    [Fact]
    public void A_checksum_made_for_other_characters_does_not_make_them_allowed() =>
        Assert.False(ApiKeyFormat.IsWellFormed("csb_ABCDEFGHIJKLMNOPQRSTUVWXYZ01234-_e65960f5"));
}
