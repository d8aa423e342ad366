using System.Net;
using System.Text;

namespace Countinghouse.Ingest;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("2001:db8::8:800:200c:417a")]
    [InlineData("2001:DB8:0:0:8:800:200C:417A")]
    [InlineData("::ffff:192.0.2.1")]
    [InlineData("64:ff9b::192.0.2.33")]
    [InlineData("1:2:3:4:5:6:192.0.2.33")]
    [InlineData("1:2:3:4:5:6:7::")]
    [InlineData("::2:3:4:5:6:7:8")]
    [InlineData("fe80::1%eth0")]
    public void An_address_is_read_as_the_framework_reads_it(string text)
    {
        var withoutZone = IPAddress.Parse(text.Split('%')[0]);

        Assert.True(ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out var address));
        Assert.Equal(ClientAddress.Of(withoutZone), address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.04")]
    [InlineData("1.2.3:80")]
    [InlineData("[1.2.3]:80")]
    [InlineData("[::1")]
    [InlineData("[::1]80")]
    [InlineData("[]")]
    [InlineData("1.2.3.4, 5.6.7.8")]
    [InlineData("1.2.3.4:80:90")]
    [InlineData("1.2..4")]
    [InlineData("1.2.3.-4")]
    [InlineData("unknown")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1:2")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("::1:2:3:4:5:6:7:8")]
    [InlineData("12345::")]
    [InlineData("1:2:3:4:5:6:7:192.0.2.1")]
    [InlineData("1::192.0.2.1:2")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData("g::1")]
    public void What_is_no_address_is_unknown(string text)
    {
        Assert.False(ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out var address));
        Assert.Equal(UInt128.Zero, address);
    }

    [Fact]
    public void Random_addresses_are_read_in_any_spelling()
    {
        var random = new Random(20_260_815);
        var bytes = new byte[16];
        for (var i = 0; i < 5_000; i++)
        {
            random.NextBytes(bytes);
            for (var zero = random.Next(16); zero > 0; zero--)
            {
                bytes[random.Next(16)] = 0;
            }

            var address = new IPAddress(i % 4 == 0 ? bytes[..4] : bytes);
            var text = address.ToString();
            Assert.True(ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out var parsed), text);
            Assert.Equal(ClientAddress.Of(address), parsed);
        }
    }

    [Fact]
    public void Random_text_is_never_read_unless_the_framework_reads_it()
    {
        var random = new Random(20_260_815);
        for (var i = 0; i < 50_000; i++)
        {
            var text = new string(random.GetItems("0123459af::::..%".AsSpan(), random.Next(1, 24)));
            if (ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out var address))
            {
                var bare = text.Count(letter => letter == ':') == 1 ? text.Split(':')[0] : text.Split('%')[0];
                Assert.True(IPAddress.TryParse(bare, out var known), text);
                Assert.Equal(ClientAddress.Of(known), address);
            }
        }
    }

    [Theory]
    [InlineData("192.0.2.1:8080", "192.0.2.1")]
    [InlineData(" 192.0.2.1 ", "192.0.2.1")]
    [InlineData("[2001:db8::1]:443", "2001:db8::1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData(" [::ffff:192.0.2.1]:1", "192.0.2.1")]
    public void What_proxies_add_to_an_address_is_passed_over(string text, string address)
    {
        Assert.True(ClientAddress.TryParse(Encoding.ASCII.GetBytes(text), out var parsed));
        Assert.Equal(ClientAddress.Shorten(ClientAddress.Of(IPAddress.Parse(address))), ClientAddress.Shorten(parsed));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.254", true)]
    [InlineData("192.0.2.1", "192.0.3.1", false)]
    [InlineData("2001:db8:1:2::3", "2001:db8:1:ffff::", true)]
    [InlineData("2001:db8:1::", "2001:db8:2::", false)]
    [InlineData("::ffff:192.0.2.1", "192.0.2.9", true)]
    public void Neighbours_are_one_client(string one, string other, bool same) => Assert.Equal(
        same,
        ClientAddress.Shorten(ClientAddress.Of(IPAddress.Parse(one)))
            == ClientAddress.Shorten(ClientAddress.Of(IPAddress.Parse(other))));
}
