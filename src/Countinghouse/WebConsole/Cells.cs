using System.Globalization;
using Microsoft.AspNetCore.Components;

namespace Countinghouse.WebConsole;

/// <summary>Cells that pages about money have in common.</summary>
public static class Cells
{
    /// <summary>Who did something; a CSV has it as the API spells it.</summary>
    public static Cell Actor(ConsolePage page, string? actor) => page.NameOf(actor ?? "") is { } name
        ? Cell.Drawn(content => content.AddContent(0, name), actor!)
        : Cell.Code(actor);

    /// <summary>True when that is whoever looks at the page.</summary>
    public static bool IsSelf(ConsolePage page, string? actor) => actor == $"user:{page.Session.User.UserId}";

    /// <summary>A fraction in percent, as people say rates: 0.125 is 12.5 %. A CSV has the fraction.</summary>
    public static Cell Rate(string? fraction) =>
        decimal.TryParse(fraction, CultureInfo.InvariantCulture, out var rate)
            ? Cell.Drawn(
                content => content.AddContent(0, (rate * 100).ToString("0.####", CultureInfo.InvariantCulture) + " %"),
                fraction)
            : Cell.Text(fraction);

    /// <summary>An organization by its name, leading to one of its pages; nothing for none.</summary>
    public static Cell Organization(string? id, string? name, string below = "") => id is null
        ? Cell.Text(null)
        : Cell.Text(string.IsNullOrEmpty(name) ? id : name, $"{ConsolePage.Root}/{id}{below}");

    /// <summary>A box to choose a row by.</summary>
    /// <param name="name">Of the form's field.</param>
    /// <param name="value">What is sent when it is ticked.</param>
    /// <param name="label">What is chosen, for those who cannot see the row.</param>
    /// <param name="isChosen">True when it was ticked already.</param>
    public static Cell Box(string name, string value, string label, bool isChosen) => Cell.Drawn(content =>
    {
        content.OpenElement(0, "input");
        content.AddAttribute(1, "type", "checkbox");
        content.AddAttribute(2, "name", name);
        content.AddAttribute(3, "value", value);
        content.AddAttribute(4, "aria-label", label);
        content.AddAttribute(5, "checked", isChosen);
        content.CloseElement();
    });

    /// <summary>A cell that a component draws.</summary>
    public static Cell Drawn<TComponent>(params (string Name, object? Value)[] parameters)
        where TComponent : IComponent => Cell.Drawn(content =>
    {
        content.OpenComponent<TComponent>(0);
        foreach (var (name, value) in parameters)
        {
            content.AddComponentParameter(1, name, value);
        }

        content.CloseComponent();
    });
}
