using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;

namespace Countinghouse.WebConsole;

/// <summary>Which of the forms of a page was refused, where it has several.</summary>
/// <param name="Which">Its name, as the page's handlers call it.</param>
/// <param name="Form">What was typed, and why not.</param>
public sealed record Refusal(string Which, FormState Form)
{
    /// <summary>The form as it was sent when it is the one that was refused, else a fresh one.</summary>
    public static FormState FormOf(Refusal? refusal, string which, params (string Name, string? Value)[] values) =>
        refusal?.Which == which ? refusal.Form : FormState.Fresh(values);
}

/// <summary>
/// A form as it was sent, so that what was typed is shown again beside what was wrong with it. A page that shows a
/// fresh form makes one with <see cref="Fresh"/>.
/// </summary>
public sealed class FormState
{
    public const string TokenField = "csrf_token";
    public const string KeyField = "idempotency_key";

    /// <summary>The address of the page that the form is on.</summary>
    public const string PageField = "page_address";

    private readonly Dictionary<string, StringValues> _values;

    private FormState(Dictionary<string, StringValues> values) => _values = values;

    /// <summary>Proves to the API that the form is ours.</summary>
    public string Token => Text(TokenField);

    /// <summary>Makes sending the same form twice do its work once.</summary>
    public string Key => Text(KeyField);

    /// <summary>Why it was refused; null when it was not.</summary>
    public ApiProblem? Problem { get; private set; }

    /// <summary>The form of a request; a fresh one when it has none.</summary>
    public static async Task<FormState> Read(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            return Fresh();
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        GoBackTo(context.Request, form[PageField].ToString());
        return new FormState(form.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal));
    }

    /// <summary>
    /// A refused form is answered with its page, whose links must not lead to where only forms are taken: from here on
    /// the request is known by the page's address. Its route is long decided.
    /// </summary>
    private static void GoBackTo(HttpRequest request, string page)
    {
        if (Addresses.IsOurs(page))
        {
            var split = page.IndexOf('?', StringComparison.Ordinal);
            request.Path = split < 0 ? page : page[..split];
            request.QueryString = new QueryString(split < 0 ? null : page[split..]);
        }
    }

    /// <summary>A form nobody has sent yet, with what its fields begin with.</summary>
    public static FormState Fresh(params (string Name, string? Value)[] values) => new(values
        .GroupBy(pair => pair.Name, pair => pair.Value ?? "")
        .ToDictionary(same => same.Key, same => new StringValues([.. same]), StringComparer.Ordinal));

    /// <summary>What a page asks of the API by itself where that takes a form, though nothing is changed.</summary>
    public static FormState Of(ConsolePage page) => Fresh(
        (TokenField, page.Session.CsrfToken), (KeyField, RandomNumberGenerator.GetHexString(32, lowercase: true)));

    /// <summary>What was typed; empty when nothing was.</summary>
    public string Text(string name) => _values.GetValueOrDefault(name).ToString().Trim();

    /// <summary>What was typed, as it is, spaces and all.</summary>
    public string Secret(string name) => _values.GetValueOrDefault(name).ToString();

    /// <summary>What was typed; null when nothing was.</summary>
    public string? Optional(string name) => Text(name) is { Length: > 0 } text ? text : null;

    /// <summary>What was typed as a whole number; null when it is none, for the API to refuse.</summary>
    public int? Number(string name) => int.TryParse(Text(name), out var number) ? number : null;

    /// <summary>True when the box was ticked.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Everything chosen under one name.</summary>
    public IReadOnlyList<string> Many(string name) =>
        [.. _values.GetValueOrDefault(name).OfType<string>().Where(value => value.Length > 0)];

    /// <summary>The lines that were typed.</summary>
    public IReadOnlyList<string> Lines(string name) => Text(name).Split(
        ['\n', ',', ' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Keeps why it was refused.</summary>
    public FormState Refused(ApiProblem problem)
    {
        Problem = problem;
        return this;
    }

    /// <summary>Refuses a field by ourselves, where the API could not be asked.</summary>
    public FormState Refused(string field, string message) => Refused([new ApiFault(field, message)]);

    /// <summary>Refuses fields by ourselves, where the API could not be asked.</summary>
    public FormState Refused(IReadOnlyList<ApiFault> faults) => Refused(new ApiProblem(
        StatusCodes.Status422UnprocessableEntity, "Please correct this", "", faults));

    /// <summary>What is wrong with a field; null when nothing is.</summary>
    public string? Fault(string name) =>
        Problem?.Errors?.FirstOrDefault(fault => IsAbout(fault, name))?.Message
            .Replace(" as a JSON string", "", StringComparison.Ordinal);

    /// <summary>What is wrong with no field of the form.</summary>
    internal IEnumerable<ApiFault> OtherFaults(IReadOnlyCollection<string> shown) =>
        (Problem?.Errors ?? []).Where(fault => !shown.Any(name => IsAbout(fault, name)));

    /// <summary>A list's field also stands for its items: offers[3].</summary>
    private static bool IsAbout(ApiFault fault, string name) =>
        fault.Field == name || fault.Field.StartsWith(name + "[", StringComparison.Ordinal);
}
