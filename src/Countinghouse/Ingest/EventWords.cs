using System.Collections.Frozen;
using System.Text.Json;

namespace Countinghouse.Ingest;

/// <summary>
/// The words for kinds, validities and reasons in files that leave the system or come into it: the members' names in
/// snake_case. They reached other people's disks: never change one.
/// </summary>
public static class EventWords
{
    private static readonly FrozenDictionary<EventReason, string> Reasons = Enum.GetValues<EventReason>()
        .Where(reason => reason != EventReason.None)
        .ToFrozenDictionary(reason => reason, reason => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{reason}"));

    private static readonly FrozenDictionary<string, EventReason> ReasonsByWord =
        Reasons.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    public static string Of(EventKind kind) => kind switch
    {
        EventKind.Impression => "impression",
        EventKind.Click => "click",
    };

    public static string Of(Validity validity) => validity switch
    {
        Validity.Valid => "valid",
        Validity.General => "general",
        Validity.Sophisticated => "sophisticated",
    };

    /// <summary>Null for none.</summary>
    public static string? Of(EventReason reason) => Reasons.GetValueOrDefault(reason);

    public static EventKind? ParseKind(string? word) => word switch
    {
        "impression" => EventKind.Impression,
        "click" => EventKind.Click,
        _ => null,
    };

    public static Validity? ParseValidity(string? word) => word switch
    {
        "valid" => Validity.Valid,
        "general" => Validity.General,
        "sophisticated" => Validity.Sophisticated,
        _ => null,
    };

    /// <summary>None when there is no such reason.</summary>
    public static EventReason ParseReason(string? word) =>
        word is null ? EventReason.None : ReasonsByWord.GetValueOrDefault(word);
}
