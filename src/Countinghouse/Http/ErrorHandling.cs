using Countinghouse.Storage;
using Microsoft.AspNetCore.Diagnostics;

namespace Countinghouse.Http;

/// <summary>Turns what escapes a handler into the answer that belongs to it; the log has the rest.</summary>
public sealed partial class ErrorHandling(ILogger<ErrorHandling> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(
        HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        await Answer(exception).ExecuteAsync(httpContext);
        return true;
    }

    private Problem Answer(Exception exception)
    {
        if (exception is BadHttpRequestException bad)
        {
            return Problems.ForStatus(bad.StatusCode);
        }

        if (Database.IsUnavailable(exception))
        {
            LogUnavailable(exception.Message);
            return Problems.ServiceUnavailable(HttpOptions.RetryAfterSeconds);
        }

        LogUnexpected(exception);
        return Problems.InternalError();
    }
}
