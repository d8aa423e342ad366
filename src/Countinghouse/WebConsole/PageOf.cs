using Microsoft.AspNetCore.Components;

namespace Countinghouse.WebConsole;

/// <summary>A page: what a handler has found out, drawn. It asks for nothing itself.</summary>
/// <typeparam name="TModel">What it shows.</typeparam>
public abstract class PageOf<TModel> : ComponentBase
{
    [Parameter, EditorRequired]
    public required ConsolePage Page { get; set; }

    [Parameter, EditorRequired]
    public required TModel Model { get; set; }
}
