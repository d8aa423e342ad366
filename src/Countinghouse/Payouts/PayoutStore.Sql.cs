namespace Countinghouse.Payouts;

public sealed partial class PayoutStore
{
    private const string Select = """
        SELECT p.org_id, p.payout_id, p.amount_cents, p.provider, p.destination, p.state, p.version, p.due_at,
               p.transfer_id, p.reversed_cents, a.attempt_no, a.idempotency_key, a.first_sent_at, a.last_sent_at,
               a.sends,
               CASE WHEN EXISTS (SELECT 1 FROM payout_halt) OR EXISTS (
                   SELECT 1 FROM payout_account c WHERE c.org_id = p.org_id AND c.hold_reason IS NOT NULL)
                   THEN 1 ELSE 0 END
        FROM payout p LEFT JOIN payout_attempt a ON a.org_id = p.org_id AND a.payout_id = p.payout_id
            AND a.attempt_no = (SELECT MAX(l.attempt_no) FROM payout_attempt l
                                WHERE l.org_id = p.org_id AND l.payout_id = p.payout_id)
        """;

    private const string SelectOne = Select + " WHERE p.org_id = @org AND p.payout_id = @payout";

    private const string SelectById = Select + " WHERE p.payout_id = @payout";

    private const string SelectDue = """
        SELECT org_id, payout_id FROM payout WHERE due_at <= @now ORDER BY due_at LIMIT @limit
        """;

    private const string Insert = """
        INSERT INTO payout (org_id, payout_id, run_id, amount_cents, currency, provider, destination, state, due_at,
                            failure, transfer_id, reversed_cents, created_at, settled_at, version)
        VALUES (@org, @payout, @run, @amount, 'usd', @provider, @destination, 'READY', @now, '', NULL, 0, @now, NULL, 1)
        """;

    private const string InsertItem = """
        INSERT INTO payout_item (org_id, payout_id, share_id, share_cents, is_active)
        VALUES (@org, @payout, @share, @cents, @active)
        """;

    // What forbids sending is asked again here: what was read a moment ago may have been read before a hold.
    private const string ClaimToSend = """
        UPDATE payout SET state = 'SENDING', due_at = @lease, version = version + 1
        WHERE org_id = @org AND payout_id = @payout AND version = @version
          AND NOT EXISTS (SELECT 1 FROM payout_halt)
          AND NOT EXISTS (SELECT 1 FROM payout_account c WHERE c.org_id = @org AND c.hold_reason IS NOT NULL)
        """;

    private const string SetDue = """
        UPDATE payout SET due_at = @due, version = version + 1
        WHERE org_id = @org AND payout_id = @payout AND version = @version
        """;

    private const string InsertAttempt = """
        INSERT INTO payout_attempt (org_id, payout_id, attempt_no, idempotency_key, request_hash, first_sent_at,
                                    last_sent_at, sends, outcome, http_status, error_code, request_ref)
        VALUES (@org, @payout, @number, @key, @hash, @now, @now, 1, 'IN_FLIGHT', NULL, '', '')
        """;

    private const string SendAttemptAgain = """
        UPDATE payout_attempt SET sends = sends + 1, last_sent_at = @now, outcome = 'IN_FLIGHT'
        WHERE org_id = @org AND payout_id = @payout AND attempt_no = @number AND request_hash = @hash
        """;

    private const string Move = """
        UPDATE payout SET state = @state, due_at = @due, failure = @failure, transfer_id = @transfer,
                          settled_at = @settled, settled_by = @actor, version = version + 1
        WHERE org_id = @org AND payout_id = @payout AND version = @version
        """;

    private const string CloseAttempt = """
        UPDATE payout_attempt SET outcome = @outcome, http_status = @status, error_code = @code, request_ref = @ref
        WHERE org_id = @org AND payout_id = @payout AND attempt_no = @number
        """;

    private const string CountItems = """
        SELECT COUNT(*) FROM payout_item WHERE org_id = @org AND payout_id = @payout AND is_active
        """;

    private const string FreeItems = """
        UPDATE payout_item SET is_active = @inactive WHERE org_id = @org AND payout_id = @payout
        """;

    // A reversal only grows; an older answer that comes late changes nothing.
    private const string SetReversed = """
        UPDATE payout SET reversed_cents = @reversed, version = version + 1,
                          state = CASE WHEN @reversed = amount_cents THEN 'REVERSED' ELSE state END
        WHERE org_id = @org AND payout_id = @payout AND version = @version AND reversed_cents < @reversed
        """;

    private const string InsertHalt = """
        INSERT INTO payout_halt (id, reason, halted_at, halted_by) VALUES (1, @reason, @now, @actor)
        ON CONFLICT (id) DO NOTHING
        """;

    private const string DeleteHalt = "DELETE FROM payout_halt WHERE id = 1";

    private const string SelectHalt = "SELECT reason, halted_at, halted_by FROM payout_halt WHERE id = 1";
}
