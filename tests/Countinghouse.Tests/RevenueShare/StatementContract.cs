using System.Security.Cryptography;
using System.Text;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>A statement says all that a record was made of, and its calculation never changes.</summary>
public abstract class StatementContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Market _market = null!;
    private string _operator = "";
    private string _campaign = "";
    private string _location = "";
    private string _event = "";
    private string _share = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _market = await Market.Open(_server);
        _operator = await _server.NewKey(await _server.NewOrganization("Platform", isOperator: true));
        _campaign = await _market.NewCampaign(bid: "1.111111");
        await _market.Click(_campaign, offer: _market.Offers[0]);
        _event = (await _market.Click(_campaign, offer: _market.Offers[0])).Json.GetProperty("event_id").GetString()!;
        _server.Clock.Now = new DateTimeOffset(2026, 9, 4, 0, 0, 0, TimeSpan.Zero);
        await Close("2026-08");
        await _market.Click(_campaign, offer: _market.Offers[1]);
        await _market.Click(_campaign, offer: _market.Offers[1]);
        await _market.Post(
            $"campaigns/{_campaign}/adjustments/events",
            _operator,
            new { event_id = _event, reason = "=A \"bot\" <b>" });
        _server.Clock.Now = new DateTimeOffset(2026, 10, 4, 0, 0, 0, TimeSpan.Zero);
        await Close("2026-09");
        var locations = await _server.GetJson($"organizations/{_market.Retailer}/locations", _market.RetailerKey);
        _location = locations.GetProperty("data")[0].GetProperty("location_id").GetString()!;
        _share = CloseStore.ShareOf(_market.Retailer, Books.Month("2026-09")).ToString();
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task The_csv_has_every_line_correction_carry_and_part_and_the_hash_over_them()
    {
        var csv = await Read("format=csv");

        // August: 2.222222, 222 cents, carry 0.002222; less 1.111111: 111 cents. September: 2.222222 and what is left.
        var expected = $"""
            share_id,section,number,month,day,campaign_id,location_id,event_id,reason,amount,gross,fee_rate,fee,share
            {_share},EVENTS,1,2026-09,,{_campaign},{_location},,,2.222222,,,,
            {_share},ADJUSTMENT,2,2026-08,,{_campaign},{_location},,,-1.111111,,,,
            {_share},CORRECTION,1,2026-08,2026-08-15,{_campaign},{_location},{_event},"'=A ""bot"" <b>",-1.111111,,,,
            {_share},CARRY_IN,,2026-09,,,,,,0.002222,,,,
            {_share},PART,1,2026-09,,,,,,2.223333,2.22,0.15,0.33,1.89
            {_share},PART,2,2026-08,,,,,,-1.111111,-1.11,0.15,-0.17,-0.94
            {_share},CARRY_OUT,,2026-09,,,,,,0.003333,,,,
            {_share},TOTAL,,2026-09,,,,,,,1.11,,0.16,0.95

            """.ReplaceLineEndings("\r\n");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
        Assert.Equal(
            expected
            + $"{_share},HASH,,2026-09,,,,,sha256 {hash},,,,,\r\n{_share},STATUS,,2026-09,,,,,CALCULATED,,,,,\r\n",
            csv);
    }

    [Fact]
    public async Task The_calculation_stays_the_same_to_the_byte_whatever_happens_to_record_and_names()
    {
        var before = Calculation(await Read("format=csv"));

        await _server.Send(
            HttpMethod.Post, $"{Path}/dispute", _market.RetailerKey, new { revision = 1, reason = "No" });
        await _server.Send(HttpMethod.Post, $"{Path}/resolve", _operator, new { revision = 1, reason = "Yes" });
        await _server.Send(
            HttpMethod.Patch, $"organizations/{_market.Retailer}", _operator, new { name = "New & <name>" });
        await _market.Post(
            $"campaigns/{_campaign}/adjustments/days",
            _operator,
            new { start_date = "2026-08-01", end_date = "2026-09-30", fraction = "1", reason = "All of it" });
        _server.Clock.Now = new DateTimeOffset(2026, 11, 4, 0, 0, 0, TimeSpan.Zero);
        await Close("2026-10");
        await new Books(_server.Database).Execute(
            "UPDATE revenue_share SET status = 'PAID', paid_at = 1790000000000000, payout_id = @payout, "
            + "stripe_transfer_id = 'tr_<1>'",
            ("payout", TestRows.Payout));
        await AddPayout("tr_<1>", 1790000000000000);

        var after = await Read("format=csv");
        Assert.Equal(before, Calculation(after));
        Assert.EndsWith(
            $"{_share},STATUS,,2026-09,,,,,PAID,,,,,\r\n"
                + $"{_share},PAYOUT,1,2026-09,2026-09-21,,,,SUCCEEDED {TestRows.Payout} tr_<1>,,51.00,,,0.95\r\n"
                + $"{_share},RETURNED,1,2026-09,,,,,tr_<1>,,-1.00,,,\r\n",
            after);
        var page = await Read("format=html");
        Assert.Contains(
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(before))), page);
        Assert.Contains("New &amp; &lt;name&gt;", page);
        Assert.Contains("tr_&lt;1&gt;", page);
        Assert.DoesNotContain("<name>", page);
    }

    [Fact]
    public async Task The_page_is_for_people_and_runs_nothing()
    {
        var answer = await _server.Send(HttpMethod.Get, $"{Path}/statement?format=html", _market.RetailerKey);

        Assert.Equal("text/html; charset=utf-8", answer.Headers["Content-Type"]);
        Assert.StartsWith("default-src 'none'", answer.Headers["Content-Security-Policy"]);
        Assert.Contains("&quot;bot&quot; &lt;b&gt;", answer.Text);
        Assert.Contains("2026-08 (corrected)", answer.Text);
        Assert.Contains("<td class=\"n\">0.95</td>", answer.Text);
        Assert.Contains(">Shop<", answer.Text);
        Assert.DoesNotContain("<script", answer.Text);
    }

    [Fact]
    public async Task Who_may_not_see_the_record_sees_no_statement()
    {
        var outsider = await _server.NewKey(await _server.NewOrganization("Outsider"));
        Assert.Equal(404, await Status($"{Path}/statement", outsider));
        Assert.Equal(404, await Status($"{Path}/statement", _market.AdvertiserKey));
        Assert.Equal(401, await Status($"{Path}/statement", null));
        Assert.Equal(422, await Status($"{Path}/statement?format=pdf", _market.RetailerKey));
        Assert.Equal(
            404,
            await Status(
                $"revenue-share/{_market.Retailer}/{NamedId.Create("none")}/statement", _market.RetailerKey));
        Assert.Equal(200, await Status($"{Path}/statement", _operator));
    }

    /// <summary>A payout of this record and others, of which a dollar came back.</summary>
    private async Task AddPayout(string transfer, long settledAt)
    {
        foreach (var row in TestRows.PayoutsOf9().Where(row => row.Table is "payout_run" or "payout" or "payout_item"))
        {
            var own = row.Table switch
            {
                "payout" => row.With(
                    ("org_id", _market.Retailer), ("state", "SUCCEEDED"), ("transfer_id", transfer),
                    ("settled_at", settledAt), ("amount_cents", 5_100L), ("reversed_cents", 100L)),
                "payout_item" => row.With(
                    ("org_id", _market.Retailer), ("share_id", ShareOf(_share)), ("share_cents", 95L)),
                _ => row,
            };
            await _server.Database.Write(own.Insert, CancellationToken.None);
        }
    }

    private static ShareId ShareOf(string text) =>
        ShortUuid.TryParse(text, out var id) ? new ShareId(id) : throw new ArgumentException(text);

    private string Path => $"revenue-share/{_market.Retailer}/{_share}";

    /// <summary>Everything before the row with the hash.</summary>
    private static string Calculation(string csv) =>
        csv[..(csv.LastIndexOf('\n', csv.IndexOf(",HASH,", StringComparison.Ordinal)) + 1)];

    private async Task Close(string month) => Assert.Equal(
        CloseOutcome.Closed,
        (await _server.Get<Settlements>().Close(Books.Month(month), "test", dryRun: false, default)).Outcome);

    private async Task<string> Read(string query)
    {
        var answer = await _server.Send(HttpMethod.Get, $"{Path}/statement?{query}", _market.RetailerKey);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Text;
    }

    private async Task<int> Status(string path, string? key) => (await _server.Send(HttpMethod.Get, path, key)).Status;
}

public sealed class SqliteStatements() : StatementContract(Engine.Sqlite);

public sealed class PostgresStatements() : StatementContract(Engine.Postgres);
