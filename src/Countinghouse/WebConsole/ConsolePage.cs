using System.Text;
using Countinghouse.Access;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace Countinghouse.WebConsole;

/// <summary>A part in an organization.</summary>
public sealed record Part(string OrganizationId, string OrganizationName, bool IsOperator, string Role);

/// <summary>Somebody.</summary>
public sealed record Person(string UserId, string Email, string Name, bool HasTotp);

/// <summary>Who is signed in, as GET /session says.</summary>
public sealed record Session(Person User, IReadOnlyList<Part> Memberships, string CsrfToken, string ExpiresAt);

/// <summary>
/// What every page for somebody signed in has: who that is, which organization it is about, the API. Without a session
/// the request ends at the sign-in page instead.
/// </summary>
public sealed class ConsolePage
{
    public const string Root = "/console";

    private const string NoticeCookie = "console_notice";

    private readonly Dictionary<string, string> _colleagues;

    private ConsolePage(HttpContext context, Api api, Session session, Part? organization)
    {
        (Context, Api, Session, Organization) = (context, api, session, organization);
        _colleagues = new Dictionary<string, string> { [$"user:{session.User.UserId}"] = "you" };
        Notice = TakeNotice(context);
    }

    public HttpContext Context { get; }

    public Api Api { get; }

    public Session Session { get; }

    /// <summary>The organization that the address names; null on pages that are about none.</summary>
    public Part? Organization { get; }

    /// <summary>What was just done, to be shown once; null for nothing.</summary>
    public string? Notice { get; }

    /// <summary>True for the platform's own owners and managers.</summary>
    public bool Operates => Session.Memberships.Any(
        part => part.IsOperator && AccessRules.Allows(RoleWords.Role(part.Role), Permission.Operate));

    /// <summary>Where the organization's pages begin.</summary>
    public string Home => $"{Root}/{Organization!.OrganizationId}";

    public bool WantsCsv => Context.Request.Query["format"] == "csv";

    public CancellationToken Cancellation => Context.RequestAborted;

    public DateTimeOffset Now => Context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();

    public UtcDay Today => UtcDay.Of(Now);

    /// <summary>Asks the API who is signed in, and whether the page is for them.</summary>
    public static async Task<ConsolePage> Open(HttpContext context)
    {
        var api = new Api(context);
        var session = await api.Get<Session>("session");
        var named = context.Request.RouteValues["organization_id"] as string;
        var part = named is null ? null : session.Memberships.FirstOrDefault(m => m.OrganizationId == named);
        if (named is not null && part is null)
        {
            // By the id's other form, or by the operator's people, who may look at any: they stand above its own roles.
            // For all others the API says that there is no such thing.
            var found = await api.Get<NamedOrganization>("organizations/" + Uri.EscapeDataString(named));
            part = session.Memberships.FirstOrDefault(m => m.OrganizationId == found.OrganizationId)
                ?? new Part(found.OrganizationId, found.Name, found.IsOperator, RoleWords.Of(Role.Owner));
        }

        var page = new ConsolePage(context, api, session, part);
        if (context.GetEndpoint()?.Metadata.GetMetadata<OperatorsOnly>() is not null)
        {
            await page.OpenForOperators();
        }

        return page;
    }

    /// <summary>
    /// How people call whoever did something: themselves "you", on the platform's pages its other people by their
    /// names; null for all others, whom only the API's own word names.
    /// </summary>
    public string? NameOf(string actor) => _colleagues.GetValueOrDefault(actor);

    /// <summary>What of it the address asks for; empty for nothing.</summary>
    public string Query(string name) => Context.Request.Query[name].ToString();

    /// <summary>An id of the address.</summary>
    public string Id(string name) => Uri.EscapeDataString((string)Context.Request.RouteValues[name]!);

    /// <summary>
    /// True when this person's role allows it here: for showing or hiding what the API would refuse anyway.
    /// </summary>
    public bool May(Permission permission) => Operates
        || (permission != Permission.Operate
            && Organization is { } part
            && AccessRules.Allows(RoleWords.Role(part.Role), permission));

    /// <summary>Answers with a page.</summary>
    /// <param name="model">What the page shows.</param>
    /// <param name="form">A form that was refused makes it a 4xx.</param>
    public IResult Show<TPage>(object model, FormState? form = null)
        where TPage : IComponent => new RazorComponentResult<TPage>(
        new Dictionary<string, object?> { ["Page"] = this, ["Model"] = model })
        {
            PreventStreamingRendering = true,
            StatusCode = form?.Problem?.Status ?? StatusCodes.Status200OK,
        };

    /// <summary>Goes to another page after something was done, which that page says once.</summary>
    public IResult GoTo(string path, string? notice = null)
    {
        if (notice is not null)
        {
            Context.Response.Cookies.Append(
                NoticeCookie,
                WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(notice)),
                new CookieOptions
                {
                    HttpOnly = true,
                    SameSite = SameSiteMode.Lax,
                    Path = Root,
                    MaxAge = TimeSpan.FromMinutes(1),
                    Secure = Context.Request.IsHttps,
                });
        }

        return SeeOther(path);
    }

    /// <summary>After a POST the browser gets what the address names; going back does not send it again.</summary>
    public static IResult SeeOther(string path) => new SeeOtherResult(path);

    /// <summary>
    /// The API refuses everybody else too; this says it before anything is asked. Two people decide about payouts, so
    /// each has to see who the other is.
    /// </summary>
    private async Task OpenForOperators()
    {
        if (!Operates)
        {
            throw new RefusedByApiException(new ApiProblem(
                StatusCodes.Status403Forbidden,
                "For the platform's people only",
                "This page is for owners and managers of the platform itself. Your own pages are at the start."));
        }

        var platform = Session.Memberships.First(part => part.IsOperator).OrganizationId;
        foreach (var member in await Api.All<Person>($"organizations/{platform}/members"))
        {
            _colleagues.TryAdd($"user:{member.UserId}", member.Name);
        }
    }

    private static string? TakeNotice(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method)
            || context.Request.Cookies[NoticeCookie] is not { Length: > 0 } kept)
        {
            return null;
        }

        context.Response.Cookies.Delete(NoticeCookie, new CookieOptions { Path = Root });
        try
        {
            return Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(kept));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private sealed record NamedOrganization(string OrganizationId, string Name, bool IsOperator);

    private sealed class SeeOtherResult(string path) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = path;
            return Task.CompletedTask;
        }
    }
}
