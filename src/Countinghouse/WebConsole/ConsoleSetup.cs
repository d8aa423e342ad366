using System.Security.Cryptography;
using Countinghouse.Http;
using Countinghouse.WebConsole.Advertiser;
using Countinghouse.WebConsole.Everyone;
using Countinghouse.WebConsole.Platform;
using Countinghouse.WebConsole.Retailer;
using Countinghouse.WebConsole.Signing;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace Countinghouse.WebConsole;

/// <summary>Puts the pages into the program.</summary>
public static class ConsoleSetup
{
    private const string AssetsPath = ConsolePage.Root + "/assets";

    /// <summary>Everything from here and nothing inline; pictures in the stylesheet are in it.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly EmbeddedFileProvider Assets =
        new(typeof(ConsoleSetup).Assembly, "Countinghouse.WebConsole.assets");

    /// <summary>In the addresses of the assets, so that browsers may keep them for good.</summary>
    private static readonly string Version = HashAssets();

    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddSingleton<InnerServer>();
        services.AddRazorComponents();
        return services;
    }

    /// <summary>What comes after here answers the pages' own requests too.</summary>
    public static IApplicationBuilder UseInnerServer(this IApplicationBuilder app) =>
        app.Use(app.ApplicationServices.GetRequiredService<InnerServer>().Attach);

    /// <summary>The address of an asset.</summary>
    public static string Asset(string name) => $"{AssetsPath}/{name}?v={Version}";

    /// <summary>Assets, the headers of pages, and pages for what goes wrong.</summary>
    public static IApplicationBuilder UseConsole(this IApplicationBuilder app) => app.UseWhen(
        context => context.Request.Path.StartsWithSegments(ConsolePage.Root),
        console =>
        {
            console.UseStaticFiles(new StaticFileOptions
            {
                RequestPath = AssetsPath,
                FileProvider = Assets,
                OnPrepareResponse = file =>
                    file.Context.Response.Headers.CacheControl = "public, max-age=31536000, immutable",
                ContentTypeProvider = new FileExtensionContentTypeProvider(),
            });
            console.Use(Guard);
        });

    public static WebApplication MapConsole(this WebApplication app)
    {
        var console = app.MapGroup(ConsolePage.Root).ExcludeFromDescription();
        console.MapSigning();
        console.MapAdvertiser();
        console.MapRetailer();
        console.MapPlatform();
        console.MapAccount();
        console.MapKeys();
        console.MapClients();
        console.MapMembers();
        console.MapAudit();
        console.MapSettings();
        return app;
    }

    private static async Task Guard(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            if (IsFromElsewhere(context.Request))
            {
                throw new RefusedByApiException(new ApiProblem(
                    StatusCodes.Status403Forbidden,
                    "Sent from another site",
                    "Forms of the console are only taken from its own pages. Open the page here and send it again."));
            }

            if (context.GetEndpoint() is null)
            {
                throw new RefusedByApiException(new ApiProblem(
                    StatusCodes.Status404NotFound, "Not found", "There is no such page."));
            }

            await next(context);
            if (context.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false })
            {
                await Refuse(context, new ApiProblem(
                    StatusCodes.Status405MethodNotAllowed,
                    "Not a page",
                    "This address only takes a form that was filled in. Go back to the page that it is on."));
            }
        }
        catch (Exception error) when (error is InvalidDataException or BadHttpRequestException
            && !context.Response.HasStarted)
        {
            var status = (error as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status400BadRequest;
            await Refuse(context, new ApiProblem(
                status,
                "The form cannot be read",
                status == StatusCodes.Status413PayloadTooLarge
                    ? $"It is larger than {HttpOptions.BodyBytesMax / 1024} KB. Go back and send less at once."
                    : "It has characters that no text has. Go back, remove them and send it again."));
        }
        catch (RefusedByApiException refused) when (!context.Response.HasStarted)
        {
            await Refuse(context, refused.Problem);
        }
    }

    /// <summary>
    /// Browsers say where a form comes from. The API asks for the anti-forgery token as well; this is for signing in,
    /// where there is none yet.
    /// </summary>
    private static bool IsFromElsewhere(HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method))
        {
            return false;
        }

        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        return site.Length > 0
            ? site is not ("same-origin" or "none")
            : origin.Length > 0 && (!Uri.TryCreate(origin, UriKind.Absolute, out var from)
                || !from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    private static Task Refuse(HttpContext context, ApiProblem problem)
    {
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            // A form's address takes forms alone; once it was read, the request is known by its page's address.
            var isPage = !HttpMethods.IsPost(context.Request.Method) || context.Request.HasFormContentType;
            var wanted = isPage ? context.Request.Path + context.Request.QueryString : ConsolePage.Root;
            return ConsolePage.SeeOther(SigningPages.SignInAddress(wanted)).ExecuteAsync(context);
        }

        if (problem.RetryAfterSeconds is { } seconds)
        {
            context.Response.Headers.RetryAfter = $"{seconds}";
        }

        return new RazorComponentResult<Problem>(new Dictionary<string, object?>
        {
            ["What"] = problem,
            ["Context"] = context,
        })
        {
            StatusCode = problem.Status,
            PreventStreamingRendering = true,
        }.ExecuteAsync(context);
    }

    private static string HashAssets()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Assets.GetDirectoryContents(""))
        {
            using var content = file.CreateReadStream();
            using var bytes = new MemoryStream();
            content.CopyTo(bytes);
            hash.AppendData(bytes.GetBuffer(), 0, (int)bytes.Length);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
