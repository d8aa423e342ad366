using System.Net;
using Countinghouse.Support;
using Microsoft.Extensions.Options;

namespace Countinghouse.RateLimits;

public sealed class RateLimitSubjectsTests
{
    private readonly RateLimitSubjects _subjects = new();

    public RateLimitSubjectsTests() => _subjects.Use(new byte[32]);

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("::1", "127.0.0.1", false)]
    public void Addresses_are_told_apart_by_what_a_customer_has(string one, string other, bool isSame) =>
        Assert.Equal(isSame, _subjects.OfAddress(IPAddress.Parse(one)) == _subjects.OfAddress(IPAddress.Parse(other)));

    [Fact]
    public void Another_secret_makes_other_subjects()
    {
        var others = new RateLimitSubjects();
        others.Use([1, 2, 3]);

        Assert.NotEqual(_subjects.OfAddress(IPAddress.Loopback), others.OfAddress(IPAddress.Loopback));
        Assert.NotEqual(_subjects.OfCredential("key:1"), others.OfCredential("key:1"));
        Assert.NotEqual(_subjects.OfCredential("key:1"), _subjects.OfCredential("key:2"));
    }

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8:1:2::1")]
    public void An_addresss_tries_to_sign_in_are_counted_apart(string address) => Assert.NotEqual(
        _subjects.OfAddress(IPAddress.Parse(address)), _subjects.OfAttempts(IPAddress.Parse(address)));

    [Fact]
    public void Past_the_bound_new_addresses_share_a_count_and_keys_do_not()
    {
        var clock = new TestClock();
        var counters = new RateLimitCounters(clock);
        var policies = new RateLimitPolicies(Options.Create(new RateLimitOptions { AddressPerMinute = 5 }));
        for (var i = 1; i <= RateLimitCounters.SubjectsMax; i++)
        {
            counters.Take((UInt128)i, policies.Address);
        }

        var news = Enumerable.Range(1, 6)
            .Select(i => counters.Take(UInt128.MaxValue - (UInt128)i, policies.Address)).ToList();

        Assert.Equal([4, 3, 2, 1, 0, 0], news.Select(decision => decision.Remaining));
        Assert.False(news[^1].IsAllowed);
        Assert.Equal(3, counters.Take(1, policies.Address).Remaining);
        Assert.Equal(299, counters.Take(UInt128.MaxValue, policies.Key).Remaining);
        Assert.Equal(6, counters.TakeCrowded());

        clock.Now = clock.Now.AddMinutes(1);
        counters.Send().ForEach(delta => delta.Count.Learn(delta.Seconds, delta.Start, delta.Requests));
        counters.Sweep();
        Assert.Equal(1, counters.Subjects);
        Assert.Equal(4, counters.Take(UInt128.MaxValue - 1, policies.Address).Remaining);
    }
}
