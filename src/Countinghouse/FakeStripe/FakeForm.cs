using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.FakeStripe;

/// <summary>Form-encoded text: queries, and the bodies of requests.</summary>
public static class FakeForm
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>False when an escape is broken or it is not UTF-8. Of a name given twice the last counts.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IReadOnlyDictionary<string, string>? fields)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        fields = null;
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var middle = pair.IndexOf('=', StringComparison.Ordinal);
            if (Decode(middle < 0 ? pair : pair[..middle]) is not { } name
                || Decode(middle < 0 ? "" : pair[(middle + 1)..]) is not { } value)
            {
                return false;
            }

            read[name] = value;
        }

        fields = read;
        return true;
    }

    /// <summary>The fields in an order of their own: the same fields are always the same text.</summary>
    public static string Write(IReadOnlyDictionary<string, string> fields)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in fields.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            text.Append(text.Length == 0 ? "" : "&")
                .Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        }

        return text.ToString();
    }

    /// <summary>What a key is bound to: the endpoint and every parameter.</summary>
    internal static string Fingerprint(FakeRequest request) => Convert.ToHexString(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}\n{Write(request.Form)}")));

    private static string? Decode(string text)
    {
        if (text.AsSpan().IndexOfAny('%', '+', '\0') < 0)
        {
            return text;
        }

        var raw = Encoding.UTF8.GetBytes(text);
        var bytes = new List<byte>(raw.Length);
        for (var place = 0; place < raw.Length; place++)
        {
            if (raw[place] != '%')
            {
                bytes.Add(raw[place] == '+' ? (byte)' ' : raw[place]);
            }
            else if (place + 2 < raw.Length
                && byte.TryParse(raw.AsSpan(place + 1, 2), NumberStyles.AllowHexSpecifier, null, out var escaped))
            {
                bytes.Add(escaped);
                place += 2;
            }
            else
            {
                return null;
            }
        }

        try
        {
            var decoded = Strict.GetString([.. bytes]);
            return decoded.Contains('\0', StringComparison.Ordinal) ? null : decoded;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
