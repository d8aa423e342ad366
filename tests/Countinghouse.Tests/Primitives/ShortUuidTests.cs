using System.Numerics;
using System.Text;
using Countinghouse.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Countinghouse.Primitives;

public sealed class ShortUuidTests
{
    private static readonly Gen<Guid> Ids = Gen.OneOf(
        Gen.Choose(0, 255).ArrayOf(16).Select(bytes => new Guid([.. bytes.Select(b => (byte)b)], bigEndian: true)),
        Gen.Elements(Guid.Empty, Guid.AllBitsSet, new Guid("00000000-0000-0000-0000-000000000001"),
            new Guid("80000000-0000-0000-0000-000000000000"), new Guid("00000000-0000-0000-ffff-ffffffffffff")));

    private static readonly Gen<string> Texts = Gen.OneOf(
        Properties.Text(ShortUuid.Alphabet, 22),
        Properties.Text(ShortUuid.Alphabet + "01IOl-_ ", 24),
        Gen.Elements(ShortUuid.Alphabet.ToCharArray()).ArrayOf(22).Select(text => new string(text)));

    [Theory]
    [InlineData("a1b2c3d4-e5f6-7890-abcd-ef1234567890", "WmsG2qe2XXxacqiqo2MfnY")]
    [InlineData("b2c3d4e5-f678-9012-abcd-ef2345678901", "ZowuNEgiULixDa5444gHVT")]
    [InlineData("c3d4e5f6-7890-1234-abcd-ef3456789012", "cr3ZhZC6BG3z7GAjcAmQhp")]
    [InlineData("00000000-0000-0000-0000-000000000000", "2222222222222222222222")]
    public void The_vectors_of_the_contract_hold(string dashed, string expected)
    {
        Assert.Equal(expected, ShortUuid.Format(new Guid(dashed)));
        Assert.True(ShortUuid.TryParse(expected, out var id));
        Assert.Equal(new Guid(dashed), id);
    }

    [Fact]
    public void Printing_agrees_with_long_division() => Properties.Hold(Ids, id =>
    {
        var number = new BigInteger(id.ToByteArray(bigEndian: true), isUnsigned: true, isBigEndian: true);
        var expected = "";
        for (var place = 0; place < 22; place++)
        {
            expected = ShortUuid.Alphabet[(int)(number % 57)] + expected;
            number /= 57;
        }

        Assert.Equal(expected, ShortUuid.Format(id));
    });

    [Fact]
    public void Both_forms_come_back_as_the_same_id() => Properties.Hold(Ids, id =>
    {
        foreach (var text in new[] { ShortUuid.Format(id), id.ToString("D"), id.ToString("D").ToUpperInvariant() })
        {
            Assert.True(ShortUuid.TryParse(text, out var read), text);
            Assert.True(ShortUuid.TryParse(Encoding.UTF8.GetBytes(text), out var same), text);
            Assert.Equal((id, id), (read, same));
        }
    });

    [Fact]
    public void Any_mixture_of_letter_cases_is_one_dashed_id() => Properties.Hold(
        Ids.SelectMany(id => Gen.Elements(true, false).ArrayOf(36).Select(upper => (id, upper))),
        pair =>
        {
            var text = string.Concat(pair.id.ToString("D").Select(
                (letter, index) => pair.upper[index] ? char.ToUpperInvariant(letter) : letter));

            Assert.True(ShortUuid.TryParse(text, out var read));
            Assert.Equal(pair.id, read);
        });

    [Fact]
    public void What_is_read_prints_as_it_was_written() => Properties.Hold(Texts, text =>
    {
        var value = BigInteger.Zero;
        var digits = text.Length == 22;
        foreach (var letter in text)
        {
            var digit = ShortUuid.Alphabet.IndexOf(letter);
            digits &= digit >= 0;
            value = (value * 57) + digit;
        }

        var expected = digits && value < BigInteger.Pow(2, 128);
        Assert.Equal(expected, ShortUuid.TryParse(text, out var id));
        Assert.Equal(expected, ShortUuid.TryParse(Encoding.UTF8.GetBytes(text), out var same));
        Assert.Equal(id, same);
        if (expected)
        {
            Assert.Equal(text, ShortUuid.Format(id));
        }
    });

    [Fact]
    public void The_largest_id_is_read_and_the_next_number_is_refused()
    {
        var largest = ShortUuid.Format(Guid.AllBitsSet);
        var next = largest[..^1] + ShortUuid.Alphabet[ShortUuid.Alphabet.IndexOf(largest[^1]) + 1];

        Assert.True(ShortUuid.TryParse(largest, out _));
        Assert.False(ShortUuid.TryParse(next, out _));
        Assert.False(ShortUuid.TryParse(new string('z', 22), out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("WmsG2qe2XXxacqiqo2Mfn")]
    [InlineData("WmsG2qe2XXxacqiqo2MfnYY")]
    [InlineData("WmsG2qe2XXxacqiqo2Mfn0")]
    [InlineData("WmsG2qe2XXxacqiqo2Mfn ")]
    [InlineData("WmsG2qe2XXxacqiqo2Mfné")]
    [InlineData("WmsG2qe2XXxacqiqo2Mfn\uD800")]
    [InlineData("a1b2c3d4e5f67890abcdef1234567890")]
    [InlineData("{a1b2c3d4-e5f6-7890-abcd-ef1234567890}")]
    [InlineData("(a1b2c3d4-e5f6-7890-abcd-ef1234567890)")]
    [InlineData(" a1b2c3d4-e5f6-7890-abcd-ef1234567890")]
    [InlineData("a1b2c3d4-e5f6-7890-abcd-ef1234567890 ")]
    [InlineData("a1b2c3d4-e5f6-7890-abcd-ef123456789")]
    [InlineData("a1b2c3d4-e5f6-7890-abcd-ef12345678901")]
    [InlineData("a1b2c3d4-e5f6-7890-abcd-ef123456789g")]
    [InlineData("a1b2c3d4-e5f6-7890-abcd-0xf234567890")]
    [InlineData("+1b2c3d4-e5f6-7890-abcd-ef1234567890")]
    [InlineData("0xb2c3d4-e5f6-7890-abcd-ef1234567890")]
    [InlineData("a1b2c3d4-e5f6-7890-abcd+ef1234567890")]
    [InlineData("a1b2c3d4e-5f6-7890-abcd-ef1234567890")]
    public void Anything_else_is_refused(string text)
    {
        Assert.False(ShortUuid.TryParse(text, out _));
        Assert.False(ShortUuid.TryParse(Encoding.UTF8.GetBytes(text), out _));
    }

    [Fact]
    public void Every_kind_of_id_prints_and_reads_alike() => Properties.Hold(Ids, id =>
    {
        RoundTrip(new OrganizationId(id));
        RoundTrip(new LocationId(id));
        RoundTrip(new OfferId(id));
        RoundTrip(new CampaignId(id));
        RoundTrip(new EventId(id));
        RoundTrip(new ShareId(id));
        RoundTrip(new KeyId(id));
    });

    [Fact]
    public void A_named_id_is_frozen_because_stored_ids_follow_from_it()
    {
        Assert.Equal(new Guid("9720abf1-acd2-513f-bca9-8bc9c1ba0c35"), NamedId.Create("revenue-share/2026-07"));
    }

    [Fact]
    public void A_named_id_is_a_version_5_uuid_and_follows_from_its_name_alone() => Properties.Hold(
        Properties.Text("abcdefghijklmnop/-0123456789", 40),
        name =>
        {
            var id = NamedId.Create(name);

            Assert.Equal(5, id.Version);
            Assert.InRange(id.Variant, 8, 11);
            Assert.Equal(id, NamedId.Create(name));
            Assert.NotEqual(id, NamedId.Create(name + "."));
        });

    private static void RoundTrip<TId>(TId id)
        where TId : struct, IId<TId>
    {
        Assert.Equal(ShortUuid.Format(id.Value), id.ToString());
        Assert.True(TId.TryParse(id.ToString()!, out var read));
        Assert.Equal(id, read);
    }
}
