using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Countinghouse.Http;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands;

/// <summary>The addresses to listen on: can they be read, and are they free?</summary>
internal static class Addresses
{
    /// <summary>What is wrong with the text of --urls; null when nothing is.</summary>
    /// <param name="urls">The text.</param>
    /// <param name="speaksHttps">False: the program has no certificate.</param>
    public static string? Complaint(string urls, bool speaksHttps = true)
    {
        foreach (var url in Split(urls))
        {
            if (TryParse(url) is not { } address || address.PathBase.Length > 0)
            {
                return $"'{url}' is no address to listen on; write it like {ServerSettings.DefaultUrl}.";
            }

            if (!address.Scheme.Equals(Uri.UriSchemeHttp, StringComparison.OrdinalIgnoreCase)
                && !(speaksHttps && IsHttps(address)))
            {
                return $"'{url}' cannot be served: this speaks http{(speaksHttps ? " and https" : "")}.";
            }
        }

        return Split(urls).Length == 0 ? $"--urls is empty; write it like {ServerSettings.DefaultUrl}." : null;
    }

    /// <summary>
    /// What is wrong when an address wants https and there is no certificate, or one that cannot be read; else null.
    /// </summary>
    public static string? CertificateComplaint(string urls, Func<ServerCertificate> certificate)
    {
        if (Complaint(urls) is not null || !Split(urls).Select(BindingAddress.Parse).Any(IsHttps))
        {
            return null;
        }

        try
        {
            if (!certificate().IsConfigured)
            {
                return "An address with https needs a certificate: set Http:CertificateFile (and "
                    + "Http:CertificateKeyFile), for example in the environment as "
                    + "COUNTINGHOUSE_Http__CertificateFile=/etc/countinghouse/tls.pem, or leave https to a proxy in "
                    + "front.";
            }

            _ = certificate().Leaf;
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return $"The certificate of Http:CertificateFile cannot be read: {error.Message}";
        }
        catch (OptionsValidationException)
        {
            // The settings are complained about already.
            return null;
        }
    }

    /// <summary>
    /// Fails when a port is taken, before any work is done on the database. Somebody may still take it before the
    /// server does; then the server's own failure says so.
    /// </summary>
    public static void RefuseTaken(string urls)
    {
        foreach (var address in Split(urls).Select(BindingAddress.Parse))
        {
            if (address.IsUnixPipe || address.IsNamedPipe || address.Port == 0)
            {
                continue;
            }

            // Bound, never listening: a client that came just now would be accepted and then cut off.
            var endpoint = Endpoint(address);
            using var probe = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(endpoint);
            }
            catch (SocketException error)
            {
                throw new CommandException(error.SocketErrorCode == SocketError.AddressAlreadyInUse
                    ? $"Port {address.Port} is already taken; stop the program that has it, or choose another with "
                        + $"--urls, for example --urls http://{address.Host}:{Another(address.Port)}"
                    : $"Cannot listen on {address}: {error.Message}. Choose another address with --urls.");
            }
        }
    }

    /// <summary>Where programs on this machine reach the first address; null when its port is yet to be found.
    /// </summary>
    public static Uri? ForNeighbors(string urls)
    {
        var address = BindingAddress.Parse(Split(urls)[0]);
        if (address.IsUnixPipe || address.IsNamedPipe || address.Port == 0)
        {
            return null;
        }

        var host = Endpoint(address).Address;
        var near = host.Equals(IPAddress.Any) ? IPAddress.Loopback
            : host.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : host;
        return IsHttps(address) ? null : new UriBuilder(Uri.UriSchemeHttp, near.ToString(), address.Port).Uri;
    }

    private static bool IsHttps(BindingAddress address) =>
        address.Scheme.Equals(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase);

    private static string[] Split(string urls) =>
        urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static BindingAddress? TryParse(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            return address.IsUnixPipe || address.IsNamedPipe || address.Port is >= 0 and <= IPEndPoint.MaxPort
                ? address
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>As the web server understands it: a name other than localhost means every address.</summary>
    private static IPEndPoint Endpoint(BindingAddress address) => new(
        string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
            : IPAddress.TryParse(address.Host.Trim('[', ']'), out var host) ? host
            : IPAddress.Any,
        address.Port);

    private static int Another(int port) => port < IPEndPoint.MaxPort ? port + 1 : port - 1;
}
