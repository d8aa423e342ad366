using System.Text.Encodings.Web;
using Countinghouse.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Countinghouse.Access;

/// <summary>
/// Authenticates by API key: the only kind of credential there is, and a bad one is not forgiven.
/// </summary>
public sealed class ApiKeyHandler(
    ApiKeyCache keys,
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public new const string Scheme = "ApiKey";
    public const string Header = "X-API-Key";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!Request.Headers.TryGetValue(Header, out var sent))
        {
            return AuthenticateResult.NoResult();
        }

        var known = sent.Count == 1 ? await keys.Find(sent.ToString(), Context.RequestAborted) : null;
        if (known is null)
        {
            return AuthenticateResult.Fail("The API key is not valid.");
        }

        Context.Features.Set(known.Caller);
        return AuthenticateResult.Success(new AuthenticationTicket(known.Principal, Scheme));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "ApiKey realm=\"Advertising API\", header=\"X-API-Key\"";
        return Problems.Unauthorized().ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.Forbidden().ExecuteAsync(Context);
}
