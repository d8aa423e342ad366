using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Countinghouse.RateLimits;

/// <summary>A server with routes that answer in every way, and what the tests of limits ask of it.</summary>
internal static class LimitedServer
{
    public static Task<TestServer> Start(
        Engine engine,
        TestDatabase? shared = null,
        TestClock? clock = null,
        params (string Setting, string Value)[] settings) =>
        TestServer.Start(
            engine,
            clock,
            builder =>
            {
                foreach (var (setting, value) in settings)
                {
                    builder.Configuration[setting] = value;
                }
            },
            shared,
            Map);

    public static async Task<string> Key(
        this TestServer server, int perMinute = 0, int perDay = 0, KeyKind kind = KeyKind.Csb) =>
        await server.NewKey(await server.NewOrganization("Limited"), kind, perMinute: perMinute, perDay: perDay);

    public static Task<Answer> Ask(this TestServer server, string? key = null) =>
        server.Send(HttpMethod.Get, "test/ok", key);

    /// <summary>Requests left, as the answer tells.</summary>
    public static int Remaining(this Answer answer) => int.Parse(
        answer.Headers["RateLimit-Remaining"], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Asks until refused, and returns how often it was not.</summary>
    public static async Task<int> UseUp(this TestServer server, string? key = null)
    {
        for (var answered = 0; ; answered++)
        {
            if ((await server.Ask(key)).Status == 429)
            {
                return answered;
            }
        }
    }

    /// <summary>Waits until a background job has brought something about.</summary>
    public static async Task Until(Func<Task<bool>> isSo)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            if (await isSo())
            {
                return;
            }

            await Task.Delay(100);
        }

        Assert.Fail("It has not come about within ten seconds.");
    }

    private static void Map(IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup(HttpOptions.BasePath);
        api.MapRead("/test/ok", () => "ok");
        api.MapGet("/test/broken", string () => throw new InvalidOperationException("broken on purpose"));
        api.MapGet("/test/away", string () => throw new Npgsql.NpgsqlException("away on purpose"));
        api.MapPost("/test/body", async (HttpContext context) =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            return "ok";
        });
        api.MapPost("/test/sign-in", () => "in").LimitSignIn();
        api.MapPost("/ads/test", () => "ok").RequireCors(HttpSetup.AnyOrigin);
        routes.MapGet("/health/test", () => "ok");
    }
}
