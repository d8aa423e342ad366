using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.Telemetry;

/// <summary>Who is told what goes on inside. OpenTelemetry's own variables (OTEL_...) are read as well.</summary>
public sealed class TelemetryOptions : IValidatableObject
{
    public const string Section = "Telemetry";

    /// <summary>
    /// Collector that gets metrics, traces and logs by OTLP, for example http://127.0.0.1:4318; empty: none, unless
    /// OTEL_EXPORTER_OTLP_ENDPOINT names one.
    /// </summary>
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>How the collector is spoken to: http/protobuf or grpc.</summary>
    [AllowedValues("http/protobuf", "grpc", ErrorMessage = "OtlpProtocol must be http/protobuf or grpc.")]
    public string OtlpProtocol { get; init; } = "http/protobuf";

    /// <summary>
    /// Address of its own, for example http://127.0.0.1:9464, at which /metrics is served for Prometheus; empty: none.
    /// Whoever can reach it can read it.
    /// </summary>
    public string PrometheusUrl { get; init; } = "";

    /// <summary>The part of requests that are traced, from 0 to 1.</summary>
    [Range(0.0, 1.0)]
    public double TraceRatio { get; init; } = 0.01;

    /// <summary>How lines of the log are written: text, or json for machines.</summary>
    [AllowedValues("text", "json", ErrorMessage = "LogFormat must be text or json.")]
    public string LogFormat { get; init; } = "text";

    internal Uri? Prometheus => Address(PrometheusUrl) is { Port: > 0 } url ? url : null;

    internal Uri? Otlp => Address(OtlpEndpoint);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PrometheusUrl.Length > 0 && Prometheus is not { AbsolutePath: "/", Scheme: "http" })
        {
            yield return new ValidationResult(
                "PrometheusUrl must be an address to listen on like http://127.0.0.1:9464.", [nameof(PrometheusUrl)]);
        }

        if (OtlpEndpoint.Length > 0 && Otlp is null)
        {
            yield return new ValidationResult(
                "OtlpEndpoint must be a collector's address like http://127.0.0.1:4318.", [nameof(OtlpEndpoint)]);
        }
    }

    private static Uri? Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
}

[OptionsValidator]
public sealed partial class TelemetryOptionsValidator : IValidateOptions<TelemetryOptions>;
