namespace Countinghouse.Audit;

/// <summary>
/// Who is changing something just now. It goes with the flow of the request, command or job (AsyncLocal), so that every
/// store can write it down without every signature on the way naming it.
/// </summary>
/// <param name="Actor">user:ID, client:ID or key:ID; terminal, job:NAME or program without any of these.</param>
/// <param name="Credential">session:ID, token:ID or key:ID; empty without one.</param>
/// <param name="RequestId">The request's id; empty outside a request.</param>
public sealed record Acting(string Actor, string Credential, string RequestId)
{
    private static readonly AsyncLocal<Acting?> Ambient = new();

    /// <summary>A job of the program itself, which nobody asked for.</summary>
    private static readonly Acting Program = new("program", "", "");

    /// <summary>Whoever the flow belongs to; the program itself when nobody was named.</summary>
    public static Acting Current => Ambient.Value ?? Program;

    /// <summary>Names whoever the rest of this flow belongs to.</summary>
    public static void Begin(Acting acting) => Ambient.Value = acting;

    /// <summary>The same for a job of the program or the terminal, which have no credential.</summary>
    public static void Begin(string actor) => Begin(new Acting(actor, "", ""));
}
