using Countinghouse.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Countinghouse.Credentials;

/// <summary>The parameters of a request to an OAuth endpoint, each given once; an empty one is none.</summary>
public sealed class OAuthForm
{
    public const string MediaType = "application/x-www-form-urlencoded";
    public const int ParametersMax = 20;
    public const int ValueCharsMax = 2_000;

    private static readonly FormOptions Limits = new()
    {
        ValueCountLimit = ParametersMax,
        KeyLengthLimit = ValueCharsMax,
        ValueLengthLimit = ValueCharsMax,
    };

    private readonly IFormCollection _values;

    private OAuthForm(IFormCollection values) => _values = values;

    /// <summary>The value; null when it was not sent, or empty, which OAuth says is the same.</summary>
    public string? Text(string parameter) => _values[parameter].ToString() is { Length: > 0 } text ? text : null;

    /// <summary>Reads the body; with the error to answer when it is no such form.</summary>
    public static async Task<(OAuthForm? Form, OAuthError? Error)> Read(
        HttpRequest request, CancellationToken cancellation)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase)
            || request.Headers.ContentEncoding.Count > 0)
        {
            return (null, OAuthErrors.NotAForm());
        }

        try
        {
            var values = await request.ReadFormAsync(Limits, cancellation);
            return values.Any(parameter => parameter.Value.Count > 1)
                ? (null, OAuthErrors.Repeated())
                : (new OAuthForm(values), null);
        }
        catch (InvalidDataException)
        {
            return (null, OAuthErrors.BrokenForm(ParametersMax, ValueCharsMax));
        }
    }
}
