using Countinghouse.Primitives;

namespace Countinghouse.Accounts;

public sealed class TotpTests
{
    /// <summary>"12345678901234567890" in base32: the secret of RFC 6238, appendix B.</summary>
    private const string Secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    [Theory]
    [InlineData(59L, "287082")]
    [InlineData(1_111_111_109L, "081804")]
    [InlineData(1_111_111_111L, "050471")]
    [InlineData(1_234_567_890L, "005924")]
    [InlineData(2_000_000_000L, "279037")]
    [InlineData(20_000_000_000L, "353130")]
    public void The_vectors_of_the_RFC_come_out(long second, string code) =>
        Assert.Equal(code, Totp.Code(Secret, Totp.StepOf(At(second))));

    [Theory]
    [InlineData(-31, false)]
    [InlineData(-30, true)]
    [InlineData(0, true)]
    [InlineData(59, true)]
    [InlineData(60, false)]
    public void A_code_is_good_one_step_either_way(int secondsOff, bool isGood)
    {
        var step = Totp.StepOf(At(1_200_000_000));

        Assert.Equal(
            isGood ? step : null, Totp.Match(Secret, Totp.Code(Secret, step), At(1_200_000_000 + secondsOff), 0));
    }

    [Fact]
    public void A_code_that_was_used_or_is_older_is_good_no_more()
    {
        var now = At(1_200_000_000);
        var step = Totp.StepOf(now);

        Assert.Null(Totp.Match(Secret, Totp.Code(Secret, step), now, step));
        Assert.Null(Totp.Match(Secret, Totp.Code(Secret, step - 1), now, step));
        Assert.Equal(step + 1, Totp.Match(Secret, Totp.Code(Secret, step + 1), now, step));
    }

    [Theory]
    [InlineData("")]
    [InlineData("28708")]
    [InlineData("2870820")]
    [InlineData("٢٨٧٠٨٢")]
    public void What_is_no_code_matches_nothing(string code) => Assert.Null(Totp.Match(Secret, code, At(59), 0));

    [Fact]
    public void A_new_secret_is_160_bits_in_base32_and_its_address_names_the_person()
    {
        var secret = Totp.NewSecret();

        Assert.Matches("^[A-Z2-7]{32}$", secret);
        Assert.NotEqual(secret, Totp.NewSecret());
        Assert.Equal(
            $"otpauth://totp/Countinghouse:kim%40example.com?secret={secret}&issuer=Countinghouse&algorithm=SHA1"
            + "&digits=6&period=30",
            Totp.Uri(secret, MailAddress.FromText("kim@example.com")));
    }

    private static Instant At(long second) => new(second * 1_000_000);
}
