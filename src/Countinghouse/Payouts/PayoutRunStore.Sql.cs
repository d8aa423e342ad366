namespace Countinghouse.Payouts;

public sealed partial class PayoutRunStore
{
    private const string Candidates = """
        SELECT r.org_id, r.share_id, r.revision, r.share_cents, a.provider, a.destination, a.hold_reason,
               o.name
        FROM revenue_share r JOIN organization o ON o.org_id = r.org_id
        LEFT JOIN payout_account a ON a.org_id = r.org_id
        WHERE r.status = 'APPROVED' AND r.payout_id IS NULL
        """;

    private const string InOrder = " ORDER BY r.org_id, r.period";

    private const string OfOne = " AND r.org_id = @org";

    private const string InsertRun = """
        INSERT INTO payout_run (run_id, state, fingerprint, minimum_cents, created_at, created_by, decided_at,
                                decided_by)
        VALUES (@run, 'PREVIEWED', @fingerprint, @minimum, @now, @actor, NULL, NULL)
        """;

    private const string InsertPlan = """
        INSERT INTO payout_plan (run_id, org_id, outcome, amount_cents, provider, destination, records)
        VALUES (@run, @org, @outcome, @amount, @provider, @destination, @records)
        """;

    private const string Runs = """
        SELECT r.run_id, r.state, r.fingerprint, r.minimum_cents, r.created_at, r.created_by, r.decided_at,
               r.decided_by,
               (SELECT COUNT(*) FROM payout_plan p WHERE p.run_id = r.run_id AND p.outcome IN ('PLANNED', 'RESERVED')),
               (SELECT CAST(COALESCE(SUM(p.amount_cents), 0) AS bigint) FROM payout_plan p
                WHERE p.run_id = r.run_id AND p.outcome IN ('PLANNED', 'RESERVED')),
               (SELECT COUNT(*) FROM payout_plan p
                WHERE p.run_id = r.run_id AND p.outcome NOT IN ('PLANNED', 'RESERVED'))
        FROM payout_run r
        """;

    private const string FindRun = Runs + " WHERE r.run_id = @run";

    private const string ListRuns = Runs + " ORDER BY r.created_at DESC, r.run_id DESC LIMIT @size OFFSET @offset";

    private const string CountRuns = "SELECT COUNT(*) FROM payout_run";

    // The name is asked for by itself: a row of the plan that is locked takes no lock on the organization with it.
    private const string PlanColumns = """
        SELECT p.org_id, p.outcome, p.amount_cents, p.provider, p.destination, p.records,
               (SELECT o.name FROM organization o WHERE o.org_id = p.org_id)
        FROM payout_plan p WHERE p.run_id = @run
        """;

    private const string ListPlan = PlanColumns + " ORDER BY p.org_id LIMIT @size OFFSET @offset";

    private const string CountPlan = "SELECT COUNT(*) FROM payout_plan WHERE run_id = @run";

    private const string DecideRun = """
        UPDATE payout_run SET state = @state, decided_at = @now, decided_by = @actor
        WHERE run_id = @run AND state = 'PREVIEWED'
        """;

    private const string ListLeft = """
        SELECT p.run_id, p.org_id FROM payout_plan p JOIN payout_run r ON r.run_id = p.run_id
        WHERE p.outcome = 'PLANNED' AND r.state = 'CONFIRMED' ORDER BY p.run_id, p.org_id LIMIT @limit
        """;

    private const string OnePlan = PlanColumns + " AND p.org_id = @org AND p.outcome = 'PLANNED'";

    private const string SetOutcome = """
        UPDATE payout_plan SET outcome = @outcome WHERE run_id = @run AND org_id = @org
        """;

    private const string StillPayable = """
        SELECT share_id, revision, share_cents FROM revenue_share
        WHERE org_id = @org AND status = 'APPROVED' AND payout_id IS NULL ORDER BY share_id
        """;
}
