using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;

namespace Countinghouse.Http;

/// <summary>Limits of what one client may take, headers for browsers, and https by certificate file.</summary>
public sealed class HardeningTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-tls-");

    private readonly List<string> _written = [];

    private string File => Path.Combine(_folder.FullName, "tls.pem");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("organizations")]
    [InlineData("nothing/here")]
    [InlineData("/health/live")]
    [InlineData("/advertising/api/v1/openapi.json")]
    [InlineData("/docs/index.html")]
    [InlineData("/nothing")]
    public async Task Every_answer_tells_browsers_to_be_careful(string path)
    {
        await using var server = await TestServer.Start(Engine.Sqlite);

        var answer = await server.Send(HttpMethod.Get, path);

        Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
        Assert.Equal("no-referrer", answer.Headers["Referrer-Policy"]);
        Assert.Contains("default-src 'none'", answer.Headers["Content-Security-Policy"]);
        Assert.Contains("frame-ancestors 'none'", answer.Headers["Content-Security-Policy"]);
        Assert.DoesNotContain("unsafe", answer.Headers["Content-Security-Policy"]);
        Assert.DoesNotContain("Server", answer.Headers.Keys);
        Assert.DoesNotContain("Strict-Transport-Security", answer.Headers.Keys);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_given_up_and_may_be_sent_again()
    {
        await using var server = await TestServer.Start(
            Engine.Sqlite,
            configure: builder => builder.Configuration["Http:RequestSecondsMax"] = "5",
            map: routes => routes.MapGet(
                $"{HttpOptions.BasePath}/slow",
                async (CancellationToken cancellation) => await Task.Delay(Timeout.Infinite, cancellation)));

        var answer = await server.Send(HttpMethod.Get, "slow");

        Assert.Equal(503, answer.Status);
        Assert.Equal("service_unavailable", answer.Json.GetProperty("error_code").GetString());
        Assert.True(answer.Json.GetProperty("retryable").GetBoolean());
        Assert.NotEmpty(answer.Headers["Retry-After"]);
    }

    [Fact]
    public async Task Headers_have_a_limit_in_bytes_and_in_number()
    {
        await using var server = await TestServer.Start(Engine.Sqlite);

        Assert.Equal(401, await With(1, HttpOptions.HeaderBytesMax / 2));
        Assert.Equal(431, await With(1, HttpOptions.HeaderBytesMax));
        Assert.Equal(431, await With(HttpOptions.HeadersMax + 1, 1));

        async Task<int> With(int count, int length)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "organizations");
            for (var number = 0; number < count; number++)
            {
                request.Headers.Add($"X-Filler-{number}", new string('a', length));
            }

            return (await server.Send(request)).Status;
        }
    }

    [Fact]
    public async Task Connections_have_a_limit_and_those_there_are_go_on()
    {
        const int most = 10;
        await using var server = await TestServer.Start(
            Engine.Sqlite, configure: builder => builder.Configuration["Http:ConnectionsMax"] = $"{most}");
        var open = new List<TcpClient>();
        try
        {
            for (var number = 0; number < most; number++)
            {
                open.Add(await Connect(server.Origin));
                Assert.StartsWith("HTTP/1.1 200", await Ask(open[^1]));
            }

            using var refused = await Connect(server.Origin);
            Assert.Equal("", await Ask(refused));
            Assert.All(await Task.WhenAll(open.Select(Ask)), answer => Assert.StartsWith("HTTP/1.1 200", answer));
        }
        finally
        {
            open.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task A_certificate_file_makes_https_and_its_renewal_needs_no_restart()
    {
        var first = Write("first");
        var clock = new TestClock();
        await using var server = await TestServer.Start(
            Engine.Sqlite,
            clock,
            builder => builder.Configuration["Http:CertificateFile"] = File,
            url: "https://127.0.0.1:0");
        var seen = new List<string>();
        using var client = new HttpClient(new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.Zero,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    seen.Add(certificate!.GetCertHashString());
                    return IsOurs(certificate);
                },
            },
        });

        using var answer = await client.GetAsync(new Uri(server.Origin, "/health/live"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("max-age=31536000", Assert.Single(answer.Headers.GetValues("Strict-Transport-Security")));

        var second = Write("second");
        System.IO.File.SetLastWriteTimeUtc(File, new DateTime(2027, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        clock.Now += TimeSpan.FromMinutes(2);
        using (await client.GetAsync(new Uri(server.Origin, "/health/live")))
        {
            Assert.Equal([first, second], seen);
        }

        await System.IO.File.WriteAllTextAsync(File, "broken");
        clock.Now += TimeSpan.FromMinutes(2);
        using (await client.GetAsync(new Uri(server.Origin, "/health/live")))
        {
            Assert.Equal([first, second, second], seen);
        }

        Assert.Contains("renewed certificate cannot be read", Assert.Single(server.Log.Lines));
    }

    [Fact]
    public async Task Old_versions_of_tls_are_refused()
    {
        Write("old");
        await using var server = await TestServer.Start(
            Engine.Sqlite,
            configure: builder => builder.Configuration["Http:CertificateFile"] = File,
            url: "https://127.0.0.1:0");
        using var tcp = await Connect(server.Origin);
        await using var tls = new SslStream(tcp.GetStream());

#pragma warning disable SYSLIB0039, CA5397 // The old version is what is being tried.
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = SslProtocols.Tls11,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => IsOurs(certificate!),
        }));
#pragma warning restore SYSLIB0039, CA5397
    }

    private bool IsOurs(X509Certificate certificate) => _written.Contains(certificate.GetCertHashString());

    private static async Task<TcpClient> Connect(Uri origin)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, origin.Port);
        return client;
    }

    /// <summary>The beginning of what comes back; empty when the connection was closed instead.</summary>
    private static async Task<string> Ask(TcpClient client)
    {
        var stream = client.GetStream();
        var answer = new byte[4096];
        try
        {
            await stream.WriteAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
            return Encoding.ASCII.GetString(answer, 0, await stream.ReadAsync(answer));
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>A self-signed certificate with its key in one file; returns its hash.</summary>
    private string Write(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(
            new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero));
        System.IO.File.WriteAllText(File, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        _written.Add(certificate.GetCertHashString());
        return _written[^1];
    }
}
