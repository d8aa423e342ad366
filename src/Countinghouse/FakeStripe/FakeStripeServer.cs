using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace Countinghouse.FakeStripe;

/// <summary>The bank on HTTP: reads requests, hands them over, and cuts or delays the answers as it is told.</summary>
public static class FakeStripeServer
{
    private const int BodyBytesMax = 256 * 1024;
    private const string FormType = "application/x-www-form-urlencoded";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static WebApplication Build(FakeStripeOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = Environments.Production,
        });
        builder.WebHost.UseUrls(options.Urls.Split(';'));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = BodyBytesMax;
        });
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var clock = TimeProvider.System;
        Storage.Faults.Move(ref clock);
        builder.Services.AddSingleton(clock);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(_ => Open(options, clock));
        if (options.WebhookUrl is not null)
        {
            builder.Services.AddHostedService<FakeWebhookSender>();
        }

        configure?.Invoke(builder);
        var app = builder.Build();
        app.Run(Answer);
        return app;
    }

    private static FakeBank Open(FakeStripeOptions options, TimeProvider clock)
    {
        var bank = FakeBank.Open(options.BankFile, clock);
        bank.WebhookSecret = options.WebhookSecret ?? bank.WebhookSecret;
        return bank;
    }

    private static async Task Answer(HttpContext context)
    {
        FakeAnswer answer;
        try
        {
            var body = await ReadBody(context.Request);
            var bank = context.RequestServices.GetRequiredService<FakeBank>();
            answer = context.Request.Path.StartsWithSegments("/_", out var control)
                ? Control(bank, context.Request.Method, control.Value, body)
                : Read(context, body) is { } request
                    ? bank.Handle(request)
                    : FakeErrors.BadRequest(400, $"Parameters must be {FormType}, in UTF-8.");
        }
        catch (BadHttpRequestException bad)
        {
            answer = FakeErrors.BadRequest(bad.StatusCode, bad.Message);
        }
        catch (DecoderFallbackException)
        {
            answer = FakeErrors.BadRequest(400, "The body is not UTF-8.");
        }

        await Write(context, answer);
    }

    private static async Task<string> ReadBody(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        return Strict.GetString(body.GetBuffer().AsSpan(0, (int)body.Length));
    }

    /// <summary>Null when the parameters cannot be read.</summary>
    private static FakeRequest? Read(HttpContext context, string body)
    {
        var request = context.Request;
        var isForm = body.Length == 0
            || request.ContentType?.Split(';')[0].Trim().Equals(FormType, StringComparison.OrdinalIgnoreCase) == true;
        if (!isForm
            || !FakeForm.TryParse(body, out var form)
            || !FakeForm.TryParse(request.QueryString.Value?.TrimStart('?') ?? "", out var query))
        {
            return null;
        }

        var onlyKey = context.RequestServices.GetRequiredService<FakeStripeOptions>().SecretKey;
        return new FakeRequest(
            request.Method,
            request.Path.Value ?? "/",
            query,
            form,
            Header(request, "Idempotency-Key"),
            FakeRequest.HasKey(Header(request, "Authorization"), onlyKey))
        {
            HasVersion = Header(request, "Stripe-Version") is { Length: > 0 },
        };
    }

    private static string? Header(HttpRequest request, string name) =>
        request.Headers[name] is var values && StringValues.IsNullOrEmpty(values) ? null : values.ToString().Trim();

    /// <summary>What is not Stripe's: the truth, the switches, the balance. It needs no key.</summary>
    private static FakeAnswer Control(FakeBank bank, string method, string? path, string body)
    {
        switch (method, path)
        {
            case ("GET", "/health"):
                return FakeAnswer.Of(200, """{"status":"ok"}""");
            case ("GET", "/truth"):
                return FakeAnswer.Of(200, FakeJson.Truth(bank.Truth()));
            case ("GET", "/faults"):
                return FakeAnswer.Of(200, bank.Faults.ToJson());
            case ("POST", "/faults"):
                if (!FakeFaults.TryRead(body, out var faults, out var complaint))
                {
                    return FakeErrors.BadRequest(400, complaint);
                }

                bank.SetFaults(faults);
                return FakeAnswer.Of(200, bank.Faults.ToJson());
            case ("POST", "/balance"):
                if (!TryReadBalance(body, out var cents))
                {
                    return FakeErrors.BadRequest(
                        400, "Send {\"available_cents\": n}, whole and not below zero, or null for no end.");
                }

                bank.SetBalance(cents);
                return FakeAnswer.Of(200, FakeJson.Available(cents));
            default:
                return FakeErrors.UnknownUrl(method, "/_" + path);
        }
    }

    private static bool TryReadBalance(string body, out long? cents)
    {
        cents = null;
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || json.RootElement.EnumerateObject().ToList() is not [{ Name: "available_cents", Value: var value }])
            {
                return false;
            }

            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0)
            {
                cents = number;
                return true;
            }

            return value.ValueKind == JsonValueKind.Null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static async Task Write(HttpContext context, FakeAnswer answer)
    {
        if (answer.Delay > TimeSpan.Zero && !await Wait(context, answer.Delay))
        {
            return;
        }

        if (answer.Delivery == FakeDelivery.Dropped)
        {
            context.Abort();
            return;
        }

        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = "application/json";
        if (answer.IsReplayed)
        {
            response.Headers["Idempotent-Replayed"] = "true";
        }

        if (answer.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        await response.WriteAsync(answer.Json, context.RequestAborted);
    }

    /// <summary>False when the client has gone, or the fake is ending, which cuts it off.</summary>
    private static async Task<bool> Wait(HttpContext context, TimeSpan delay)
    {
        var services = context.RequestServices;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        try
        {
            await Task.Delay(delay, services.GetRequiredService<TimeProvider>(), ends.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            context.Abort();
            return false;
        }
    }
}
