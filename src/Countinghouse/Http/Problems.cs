namespace Countinghouse.Http;

/// <summary>
/// Every error the API can answer with. A slice names what went wrong; the words for people stand here.
/// </summary>
public static class Problems
{
    public static Problem BrokenJson(string why) => new(
        ErrorCode.BadRequest, "Bad request", $"The body is not valid JSON: {why}");

    public static Problem MalformedRequest() => new(
        ErrorCode.BadRequest,
        "Bad request",
        "The request could not be read. Check its headers and body, and send it again.");

    public static Problem Unauthorized() => new(
        ErrorCode.Unauthorized,
        "Not authenticated",
        "No valid credential was sent. Send an API key in X-API-Key, or an access token in Authorization: Bearer, or "
        + "sign in; one that is wrong, expired or revoked is refused.");

    public static Problem Forbidden() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "Your role does not allow this. Ask an owner or manager of the organization.");

    public static Problem PublishableKeyOutsideAds() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "A publishable key (cpk) may only record events under /ads. Use a server key (csb).");

    public static Problem OriginNotAllowed() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "This publishable key is bound to certain web pages, and the request's Origin is none of them.");

    public static Problem AntiforgeryTokenMissing() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "A request of a signed-in browser that changes something needs the anti-forgery token of its session in "
        + "X-CSRF-Token. GET /session gives it.");

    public static Problem SessionNeeded() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "This is for a person who is signed in with a browser; keys and tokens cannot do it.");

    /// <summary>The same words whatever was wrong, so that nobody learns which addresses have an account.</summary>
    public static Problem SignInRefused() => new(
        ErrorCode.Unauthorized,
        "Not signed in",
        "The mail address, the password or the one-time code is wrong, or the account is locked for a while after too "
        + "many tries.");

    public static Problem OneTimeCodeNeeded() => new(
        ErrorCode.Unauthorized,
        "One-time code needed",
        "The account has a second step. Send the code of its authenticator as code.");

    public static Problem SignInToAccept() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "There is an account with this address. Sign in with it and send the token from that session, with its "
        + "anti-forgery token in X-CSRF-Token.");

    public static Problem ScopeMissing(string scope) => new(
        ErrorCode.Forbidden, "Not allowed", $"The access token was not issued for this; it takes the scope {scope}.");

    public static Problem RoleAboveOwn() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "Nobody can give, change or take a role above their own; owners are for owners and the platform's operator.");

    public static Problem MoreThanOwn() => new(
        ErrorCode.Forbidden,
        "Not allowed",
        "This key or client may do more than the credential of this request. Nobody can hand out more than they have.");

    public static Problem CredentialRevoked() => Conflict("It was revoked, for good. Make a new one.");

    public static Problem CredentialExpired() => Conflict(
        "The key has expired, so there is nothing to replace. Make a new one.");

    public static Problem TooManyCredentials(int most) => Conflict(
        $"There are {most} of them that are good, and there may be no more. Revoke those that nobody uses.");

    /// <summary>The same words for what does not exist and for what the caller has no part in.</summary>
    public static Problem NotFound() => new(
        ErrorCode.NotFound, "Not found", "There is nothing at this address, or it is not yours to see.");

    public static Problem UnknownCampaign() => new(
        ErrorCode.NotFound, "Not found", "There is no such campaign, or it is not open to events.");

    public static Problem MethodNotAllowed() => new(
        ErrorCode.MethodNotAllowed,
        "Method not allowed",
        "This address does not take that method; Allow lists those it takes.");

    public static Problem Conflict(string detail) => new(ErrorCode.Conflict, "Conflict", detail);

    public static Problem EventIdReused() => Conflict(
        "This event id was already used for another event: kind, campaign, offer or time differ. Use a new "
        + "id for a new event.");

    public static Problem CampaignNotIn(string status, string allowed) => Conflict(
        $"The campaign is {status}; this is possible from {allowed}.");

    public static Problem CampaignArchived() => Conflict("An archived campaign cannot be changed.");

    public static Problem CampaignHasNoBudget() => Conflict(
        "What is left of the budget does not pay for one event. Top up the budget, then activate.");

    public static Problem CampaignIsOver() => Conflict("The end date has passed. Move end_date, then activate.");

    public static Problem ShareNotIn(string status, string allowed) => Conflict(
        $"The record is {status}; this is possible from {allowed}.");

    public static Problem ShareRevisionMoved(int current) => Conflict(
        $"The record has changed since you read it; its revision is now {current}. Read it again, then decide.");

    public static Problem ShareBeingPaid() => Conflict(
        "The record is in a payout that is under way. Once that has failed or was cancelled, try again; once it has "
        + "succeeded, the record is PAID.");

    public static Problem PeriodTooEarly(string period, string opens) => Conflict(
        $"{period} cannot be closed before {opens}: 72 hours after its end, so that late events are still "
        + "counted in it.");

    public static Problem PeriodOutOfOrder(string period, string first) => Conflict(
        $"{period} cannot be closed yet: months are closed in order and {first} is still open.");

    public static Problem PeriodBeforeFirst(string period, string first) => Conflict(
        $"{period} has nothing to close: {first} is the first month that can still be closed.");

    public static Problem PeriodDoesNotAddUp(string period) => Conflict(
        $"{period} was not closed: its reports do not equal the events they came from. Find the differences first.");

    public static Problem EventsArchived() => Conflict(
        "The events of this month are in the archive. The operator can read them back; amounts and sums are all here.");

    public static Problem AlreadyGivenBack() => Conflict("The charge of this event was given back before.");

    public static Problem MoreThanCharged() => Conflict(
        "All corrections of a campaign at a location in a month together give back at most what was charged there, and "
        + "take back at most what was given. The list of adjustments shows them.");

    public static Problem BudgetDoesNotCover() => Conflict(
        "The campaign's budget does not cover what would be taken back. Top up the budget first.");

    public static Problem RunNotPreviewed(string state) => Conflict(
        $"The run is {state}; only a preview can be confirmed or cancelled. Make a new one.");

    public static Problem RunOtherFingerprint() => Conflict(
        "The fingerprint is not this run's. Read the run and its plan, then confirm what you have read.");

    public static Problem RunSamePerson() => Conflict(
        "Whoever asked for the preview may not confirm it. Another of the operator's credentials has to "
        + "(Payouts:SecondPerson).");

    public static Problem PayoutNotIn(string state) => Conflict(
        $"The payout is {state}. Cancelling takes one of which nothing was sent; trying again, one that is READY after "
        + "an attempt that moved nothing; paid and failed, a manual one that is SENDING; returned, a manual one that "
        + "SUCCEEDED.");

    public static Problem PaymentReferenceUsed() => Conflict(
        "The reference already stands for another payout. One payment pays one payout.");

    public static Problem MoreThanPaid(string amount, string returned) => Conflict(
        $"The payout was {amount} and {returned} has come back before; say what has come back in all.");

    public static Problem DifferenceSettled() => Conflict("The difference was settled before.");

    public static Problem ProviderNotConfigured() => Conflict(
        "Stripe is not set up here. Set Payouts:StripeSecretKey and start again, or pay by hand with the provider "
        + "manual.");

    public static Problem ProviderUnreachable(int retryAfterSeconds) => new(
        ErrorCode.ServiceUnavailable,
        "Service unavailable",
        $"The provider could not be asked about the destination. Try again in {retryAfterSeconds} s.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    public static Problem BadSignature() => new(
        ErrorCode.BadRequest,
        "Bad request",
        "The signature does not fit the body, is older than five minutes, or no webhook secret is set up here.");

    public static Problem NotAnEvent() => new(
        ErrorCode.BadRequest, "Bad request", "The body is not an event: JSON with an id and a type.");

    public static Problem LastOwner() => Conflict(
        "An organization keeps at least one owner. Make somebody else an owner first.");

    public static Problem AlreadyMember() => Conflict("This person is a member already. Change the role instead.");

    public static Problem TooManyInvitations(int max) => Conflict(
        $"The organization has {max} open invitations. Withdraw some first.");

    public static Problem CodesAreOn() => Conflict(
        "One-time codes are on. Turn them off first, to set up another authenticator.");

    public static Problem CodesAreNotSetUp() => Conflict("No authenticator waits to be confirmed. Set one up first.");

    public static Problem CodesAreOff() => Conflict("One-time codes are off already.");

    public static Problem JustChanged() => Conflict(
        "This was changed by another request at the same moment. Look at it again, then try again.");

    public static Problem VerificationUnderWay() => Conflict(
        "A verification is under way; the list of verifications has it. Wait until it has ended.");

    public static Problem IdempotencyKeyReused() => Conflict(
        "This Idempotency-Key was already used for another request. Use a new key for a new request.");

    public static Problem IdempotencyUnderWay() => Conflict(
        "A request with this Idempotency-Key is still under way, or ended without an answer. Wait, then look "
        + "whether it took effect.");

    public static Problem PayloadTooLarge(int bytesMax) => new(
        ErrorCode.PayloadTooLarge,
        "Body too large",
        $"The body is larger than {bytesMax} bytes. Send it in smaller parts.");

    public static Problem NotJson() => new(
        ErrorCode.UnsupportedMediaType,
        "Unsupported media type",
        "The body must be JSON in UTF-8, not compressed, with Content-Type: application/json.");

    public static Problem Invalid(IReadOnlyList<FieldError> errors) => new(
        ErrorCode.ValidationError,
        "Validation failed",
        errors.Count == 1
            ? $"{(errors[0].Field.Length > 0 ? errors[0].Field : "The body")} {errors[0].Message}."
            : $"{errors.Count} fields were refused; errors lists them. Nothing was changed.")
    {
        Errors = errors,
    };

    public static Problem Invalid(string field, string message, string code = "invalid") =>
        Invalid([new FieldError(field, message, code)]);

    public static Problem RateLimited(int retryAfterSeconds) => new(
        ErrorCode.RateLimited, "Too many requests", $"The rate limit is used up. Try again in {retryAfterSeconds} s.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    public static Problem InternalError() => new(
        ErrorCode.InternalError,
        "Internal error",
        "Something broke on our side; the request id finds it in the log. Nothing was half done: it is safe "
        + "to try again.");

    /// <summary>The event queue is full; nothing of the request was kept.</summary>
    public static Problem IngestBusy() => new(
        ErrorCode.ServiceUnavailable,
        "Service unavailable",
        "More events arrive than can be written just now. "
        + $"Try again in {HttpOptions.RetryAfterSeconds} s; resending is safe.")
    {
        RetryAfterSeconds = HttpOptions.RetryAfterSeconds,
    };

    public static Problem SigningInBusy() => new(
        ErrorCode.ServiceUnavailable,
        "Service unavailable",
        $"More people sign in than can be just now. Try again in {HttpOptions.RetryAfterSeconds} s.")
    {
        RetryAfterSeconds = HttpOptions.RetryAfterSeconds,
    };

    public static Problem MailNotSent(int retryAfterSeconds) => new(
        ErrorCode.ServiceUnavailable,
        "Service unavailable",
        $"The mail could not be sent, so nothing was changed. Try again in {retryAfterSeconds} s.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    public static Problem ServiceUnavailable(int retryAfterSeconds) => new(
        ErrorCode.ServiceUnavailable,
        "Service unavailable",
        $"The database cannot be reached or is busy. Try again in {retryAfterSeconds} s; resending is safe.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    public static Problem Stopping(int retryAfterSeconds) => new(
        ErrorCode.ServiceUnavailable,
        "Service unavailable",
        "This node is about to stop. Send requests to another one.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    public static Problem SchemaTooOld(long found, long needed, int retryAfterSeconds) => new(
        ErrorCode.ServiceUnavailable,
        "Service unavailable",
        $"The database has schema version {found}, this program needs {needed}: an older database was put in the place "
        + "of the one it started with. Start it again; starting brings the database up to date.")
    {
        RetryAfterSeconds = retryAfterSeconds,
    };

    /// <summary>For what no handler answered: the body that belongs to a bare status.</summary>
    public static Problem ForStatus(int status) => status switch
    {
        401 => Unauthorized(),
        403 => Forbidden(),
        404 => NotFound(),
        405 => MethodNotAllowed(),
        413 => PayloadTooLarge(HttpOptions.BodyBytesMax),
        415 => NotJson(),
        503 => ServiceUnavailable(HttpOptions.RetryAfterSeconds),
        >= 400 and < 500 => MalformedRequest(),
        _ => InternalError(),
    };
}
