using System.Text.Encodings.Web;
using Countinghouse.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Countinghouse.Access;

/// <summary>
/// Authenticates by API key, access token or session, in this order: the first that was sent decides, and a bad one is
/// not forgiven, even if a later one would do.
/// </summary>
public sealed class CredentialHandler(
    CredentialCache credentials,
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public new const string Scheme = "Countinghouse";
    public const string Header = "X-API-Key";
    public const string SessionCookie = "sessionid";

    private const string Bearer = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var cancellation = Context.RequestAborted;
        KnownCaller? known;
        if (Request.Headers.TryGetValue(Header, out var key))
        {
            known = key.Count == 1 ? await credentials.Key(key.ToString(), cancellation) : null;
        }
        else if (Request.Headers.TryGetValue("Authorization", out var authorization))
        {
            var text = authorization.ToString();
            known = authorization.Count == 1 && text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
                ? await credentials.Token(text[Bearer.Length..].Trim(), cancellation)
                : null;
        }
        else if (Request.Cookies.TryGetValue(SessionCookie, out var session))
        {
            known = await credentials.Session(session, cancellation);
        }
        else
        {
            return AuthenticateResult.NoResult();
        }

        if (known is null)
        {
            return AuthenticateResult.Fail("The credential is not valid.");
        }

        Context.Features.Set(known.Caller);
        return AuthenticateResult.Success(new AuthenticationTicket(known.Principal, Scheme));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        const string how = "ApiKey realm=\"Advertising API\", header=\"X-API-Key\"";
        var isBearer = !Request.Headers.ContainsKey(Header) && Request.Headers.ContainsKey("Authorization");
        Response.Headers.WWWAuthenticate = isBearer
            ? new([how, "Bearer realm=\"Advertising API\", error=\"invalid_token\""])
            : new([how, "Bearer realm=\"Advertising API\""]);
        return Problems.Unauthorized().ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.Forbidden().ExecuteAsync(Context);
}
