using System.Net;
using System.Security.Cryptography;
using System.Text;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Credentials;

/// <summary>
/// Finds the client that a request to an OAuth endpoint comes from, by HTTP Basic or by the body. An unknown client, a
/// wrong secret and a revoked client cost the same work and get the same answer.
/// </summary>
public sealed class OAuthSignIn(OAuthClientStore clients)
{
    private const string Scheme = "Basic ";
    private const string IdParameter = "client_id";
    private const string SecretParameter = "client_secret";

    /// <summary>An unknown client's secret is held against this.</summary>
    private static readonly byte[] Nobodys = new byte[SHA256.HashSizeInBytes];

    /// <summary>The client, or the error to answer with.</summary>
    public async Task<(OAuthClient? Client, OAuthError? Error)> Find(
        HttpRequest request, OAuthForm form, CancellationToken cancellation)
    {
        var (id, secret) = (form.Text(IdParameter), form.Text(SecretParameter));
        if (request.Headers.Authorization is { Count: > 0 } authorization)
        {
            if (authorization.Count > 1 || secret is not null)
            {
                return (null, OAuthErrors.TwoWaysToSignIn());
            }

            // Some libraries name the client in the body too; that does no harm if it is the same.
            var named = id;
            (id, secret) = Basic(authorization.ToString());
            if (named is not null && id is not null && named != id)
            {
                return (null, OAuthErrors.TwoWaysToSignIn());
            }
        }

        if (id is null || secret is null)
        {
            return (null, OAuthErrors.InvalidClient());
        }

        var client = ShortUuid.TryParse(id, out var value) ? new ClientId(value) : default;
        var found = await clients.FindSecretOf(client, cancellation);
        var isRight = CryptographicOperations.FixedTimeEquals(
            CredentialFormat.Hash(secret), found?.Hash ?? Nobodys);
        return found is not null && isRight ? (found.Client, null) : (null, OAuthErrors.InvalidClient());
    }

    /// <summary>Both parts were encoded as in a form before they were joined (RFC 6749, 2.3.1).</summary>
    private static (string? Id, string? Secret) Basic(string header)
    {
        var coded = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : "";
        var bytes = new byte[coded.Length];
        if (!Convert.TryFromBase64String(coded, bytes, out var length))
        {
            return (null, null);
        }

        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':');
        return colon < 0
            ? (null, null)
            : (WebUtility.UrlDecode(text[..colon]), WebUtility.UrlDecode(text[(colon + 1)..]));
    }
}
