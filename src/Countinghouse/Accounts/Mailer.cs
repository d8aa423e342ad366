using System.Net.Sockets;
using Countinghouse.Primitives;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;
using MimeKit.Utils;

namespace Countinghouse.Accounts;

/// <summary>Sends mails by the SMTP server of the settings, each on a connection of its own.</summary>
public sealed partial class Mailer(IOptions<AccountOptions> options, TimeProvider clock, ILogger<Mailer> log)
    : IDisposable
{
    /// <summary>Mails under way at once.</summary>
    private const int AtOnceMax = 4;

    private readonly SemaphoreSlim _turns = new(AtOnceMax);

    /// <summary>False: there is no server, and links are passed on by hand.</summary>
    public bool IsConfigured => options.Value.SmtpHost.Length > 0;

    /// <summary>Where a browser opens the link; the secret is after the #, so no server and no log sees it.</summary>
    public string LinkTo(string page, string secret) => $"{options.Value.PublicUrl.TrimEnd('/')}/{page}#{secret}";

    public Task<bool> SendInvitation(
        MailAddress to, string organization, string link, CancellationToken cancellation) => Send(
        to,
        $"Invitation to {OneLine(organization)}",
        $"""
        You have been invited to {OneLine(organization)}. Open this link to accept; it is good for
        {options.Value.InvitationDays} days, once:

        {link}

        If you do not know what this is about, do nothing.
        """,
        cancellation);

    public Task<bool> SendReset(MailAddress to, string link, CancellationToken cancellation) => Send(
        to,
        "A new password",
        $"""
        Somebody asked for a new password for your account. Open this link to set one; it is good for
        {options.Value.ResetMinutes} minutes, once:

        {link}

        If it was not you, do nothing: your password stays.
        """,
        cancellation);

    public void Dispose() => _turns.Dispose();

    /// <summary>False when it could not be sent; the log says why.</summary>
    private async Task<bool> Send(MailAddress to, string subject, string text, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(options.Value.SmtpTimeoutSeconds));
        var isMyTurn = false;
        try
        {
            await _turns.WaitAsync(patience.Token);
            isMyTurn = true;
            await Deliver(to, subject, text, patience.Token);
            return true;
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested && IsOfTheMail(error))
        {
            LogNotSent(error.GetType().Name);
            return false;
        }
        finally
        {
            if (isMyTurn)
            {
                _turns.Release();
            }
        }
    }

    private async Task Deliver(MailAddress to, string subject, string text, CancellationToken cancellation)
    {
        var settings = options.Value;
        using var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(settings.SmtpFrom));
        message.To.Add(new MailboxAddress("", to.ToString()));
        message.Date = clock.GetUtcNow();

        // The framework's choice would name this machine.
        message.MessageId = MimeUtils.GenerateMessageId(settings.SmtpFrom.Split('@')[1]);
        message.Subject = subject;
        message.Body = new TextPart("plain") { Text = text };

        using var client = new SmtpClient();
        await client.ConnectAsync(
            settings.SmtpHost,
            settings.SmtpPort,
            settings.SmtpTls switch
            {
                SmtpEncryption.None => SecureSocketOptions.None,
                SmtpEncryption.StartTls => SecureSocketOptions.StartTls,
                SmtpEncryption.Tls => SecureSocketOptions.SslOnConnect,
            },
            cancellation);
        if (settings.SmtpUser.Length > 0)
        {
            await client.AuthenticateAsync(settings.SmtpUser, settings.SmtpPassword, cancellation);
        }

        await client.SendAsync(message, cancellation);
        await client.DisconnectAsync(quit: true, cancellation);
    }

    /// <summary>A name that somebody chose must not begin a line, or it could look like ours.</summary>
    private static string OneLine(string name) => string.Concat(name.Select(c => char.IsControl(c) ? ' ' : c));

    private static bool IsOfTheMail(Exception error) => error
        is CommandException or ProtocolException or ServiceNotConnectedException or ServiceNotAuthenticatedException
        or AuthenticationException or SslHandshakeException or SocketException or IOException or NotSupportedException
        or OperationCanceledException or TimeoutException;
}
