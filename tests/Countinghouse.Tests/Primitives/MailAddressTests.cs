namespace Countinghouse.Primitives;

public sealed class MailAddressTests
{
    [Theory]
    [InlineData("kim@example.com", "kim@example.com")]
    [InlineData("Kim.O'Hara+ads@Example.CO.UK", "kim.o'hara+ads@example.co.uk")]
    [InlineData("root@localhost", "root@localhost")]
    public void An_address_is_kept_in_lower_case(string text, string kept)
    {
        Assert.True(MailAddress.TryParse(text, out var address));
        Assert.Equal(kept, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("kim")]
    [InlineData("@example.com")]
    [InlineData("kim@")]
    [InlineData("kim@@example.com")]
    [InlineData("a@b@example.com")]
    [InlineData(" kim@example.com")]
    [InlineData("kim@example.com\n")]
    [InlineData("kim@example.com\r\nBcc: lou@example.com")]
    [InlineData("kim@example.com,lou@example.com")]
    [InlineData("Kim <kim@example.com>")]
    [InlineData("\"kim\"@example.com")]
    [InlineData("kim..o@example.com")]
    [InlineData(".kim@example.com")]
    [InlineData("kim@-example.com")]
    [InlineData("kim@example..com")]
    [InlineData("kïm@example.com")]
    [InlineData("kim@[192.0.2.1]")]
    public void Anything_else_is_none(string text) => Assert.False(MailAddress.TryParse(text, out _));

    [Fact]
    public void No_part_is_longer_than_mail_allows()
    {
        Assert.False(MailAddress.TryParse(new string('a', 65) + "@example.com", out _));
        Assert.False(MailAddress.TryParse("kim@" + new string('a', 64) + ".com", out _));
        Assert.False(MailAddress.TryParse(
            "kim@" + string.Join('.', Enumerable.Repeat(new string('a', 50), 5)) + ".com", out _));
    }
}
