namespace Countinghouse.WebConsole;

/// <summary>On a group of pages that only the platform's own people may see.</summary>
public sealed class OperatorsOnly
{
    public static readonly OperatorsOnly Instance = new();

    private OperatorsOnly()
    {
    }
}

/// <summary>
/// How pages and their forms are put into the route table. The framework would work out at each start what a handler
/// takes, by compiling it; here that is always the same, so nothing is compiled and a start does not get longer with
/// every page.
/// </summary>
public static class PageRoutes
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>A page for somebody signed in.</summary>
    public static IEndpointConventionBuilder MapPage(
        this IEndpointRouteBuilder routes, string pattern, Func<ConsolePage, Task<IResult>> show) =>
        routes.MapMethods(pattern, Reading, async context => await Answer(
            context, await show(await ConsolePage.Open(context))));

    /// <summary>A page for somebody signed in that needs nothing more of the API.</summary>
    public static IEndpointConventionBuilder MapPage(
        this IEndpointRouteBuilder routes, string pattern, Func<ConsolePage, IResult> show) =>
        routes.MapPage(pattern, page => Task.FromResult(show(page)));

    /// <summary>Where a form of such a page is sent.</summary>
    public static IEndpointConventionBuilder MapForm(
        this IEndpointRouteBuilder routes, string pattern, Func<ConsolePage, FormState, Task<IResult>> take) =>
        routes.MapPost(pattern, async context => await Answer(
            context, await take(await ConsolePage.Open(context), await FormState.Read(context))));

    /// <summary>A page for anybody.</summary>
    public static IEndpointConventionBuilder MapPublicPage(
        this IEndpointRouteBuilder routes, string pattern, Func<Api, Task<IResult>> show) =>
        routes.MapMethods(pattern, Reading, async context => await Answer(context, await show(new Api(context))));

    /// <summary>A page for anybody that needs nothing of the API.</summary>
    public static IEndpointConventionBuilder MapPublicPage(
        this IEndpointRouteBuilder routes, string pattern, Func<Api, IResult> show) =>
        routes.MapPublicPage(pattern, api => Task.FromResult(show(api)));

    /// <summary>Where a form of a page for anybody is sent.</summary>
    public static IEndpointConventionBuilder MapPublicForm(
        this IEndpointRouteBuilder routes, string pattern, Func<Api, FormState, Task<IResult>> take) =>
        routes.MapPost(pattern, async context => await Answer(
            context, await take(new Api(context), await FormState.Read(context))));

    private static Task Answer(HttpContext context, IResult result) => result.ExecuteAsync(context);
}
