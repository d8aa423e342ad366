using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Countinghouse.Http;

/// <summary>
/// Whose address a request to /ads/* is taken to come from: the one that shoppers are known by. (The rate limits' tests
/// show the same for the address that is counted.)
/// </summary>
public sealed class TrustedProxiesTests
{
    private const string Path = "ads/test/peer";

    [Theory]
    [InlineData("", "203.0.113.7", "127.0.0.1")]
    [InlineData("192.0.2.1", "203.0.113.7", "127.0.0.1")]
    [InlineData("127.0.0.1", "203.0.113.7", "203.0.113.7")]
    [InlineData("127.0.0.1", "203.0.113.7:4711", "203.0.113.7")]
    [InlineData("127.0.0.1", "2001:db8::7", "2001:db8::7")]
    [InlineData("127.0.0.1", "nonsense", "127.0.0.1")]
    [InlineData("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7")]
    [InlineData("127.0.0.1,192.0.2.1", "203.0.113.7, 192.0.2.1", "203.0.113.7")]
    [InlineData("127.0.0.1,192.0.2.1", "198.51.100.1, 203.0.113.7, 192.0.2.1", "203.0.113.7")]
    public async Task The_nearest_address_that_is_no_trusted_proxy_is_the_shoppers(
        string trusted, string forwarded, string peer)
    {
        await using var server = await TestServer.Start(
            Engine.Sqlite,
            configure: builder => builder.Configuration["Http:TrustedProxies"] = trusted,
            map: routes => routes.MapGet(
                $"{HttpOptions.BasePath}/{Path}",
                (HttpContext context) => context.Connection.RemoteIpAddress?.ToString()));
        var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwarded);

        Assert.Equal(peer, (await server.Send(request)).Text);
    }
}
