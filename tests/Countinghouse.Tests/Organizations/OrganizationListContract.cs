using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Organizations;

/// <summary>Finding organizations by their name or id, on either engine.</summary>
public abstract class OrganizationListContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private OrganizationId _tea;
    private string _operator = "";
    private string _teaKey = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _operator = await _server.NewKey(await New("Platform", isOperator: true));
        _tea = await New("Tea 100% Ähre");
        await New("Coffee_and tea");
        await New("Coffee");
        _teaKey = await _server.NewKey(_tea);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("", "Platform|Tea 100% Ähre|Coffee_and tea|Coffee")]
    [InlineData("?q=", "Platform|Tea 100% Ähre|Coffee_and tea|Coffee")]
    [InlineData("?q=TEA", "Tea 100% Ähre|Coffee_and tea")]
    [InlineData("?q=100%25 Ä", "Tea 100% Ähre")]
    [InlineData("?q=_", "Coffee_and tea")]
    [InlineData("?q=coffee&page_size=1&page=2", "Coffee")]
    [InlineData("?q=none", "")]
    public async Task The_operator_finds_them_by_a_part_of_the_name(string query, string names) =>
        Assert.Equal(names, await Names(query, _operator));

    [Fact]
    public async Task An_id_in_either_form_finds_its_organization_and_no_part_of_one_does()
    {
        Assert.Equal("Tea 100% Ähre", await Names($"?q={_tea}", _operator));
        Assert.Equal("Tea 100% Ähre", await Names($"?q={_tea.Value.ToString().ToUpperInvariant()}", _operator));
        Assert.Equal("", await Names($"?q={_tea.ToString()[..21]}", _operator));
        var page = await _server.GetJson($"organizations?q={_tea}", _operator);
        Assert.Equal(1, page.GetProperty("pagination").GetProperty("total_count").GetInt32());
    }

    [Fact]
    public async Task Others_find_only_what_they_have_a_part_in()
    {
        Assert.Equal("Tea 100% Ähre", await Names("?q=tea", _teaKey));
        Assert.Equal("Tea 100% Ähre", await Names($"?q={_tea}", _teaKey));
        Assert.Equal("", await Names("?q=coffee", _teaKey));
        Assert.Equal(422, (await _server.Send(HttpMethod.Get, "organizations?name=tea", _teaKey)).Status);
        var tooLong = $"organizations?q={new string('a', 201)}";
        Assert.Equal(422, (await _server.Send(HttpMethod.Get, tooLong, _teaKey)).Status);
    }

    /// <summary>Each a moment later than the one before: they are listed in the order of their making.</summary>
    private Task<OrganizationId> New(string name, bool isOperator = false)
    {
        _server.Clock.Now = _server.Clock.Now.AddSeconds(1);
        return _server.NewOrganization(name, isOperator);
    }

    private async Task<string> Names(string query, string key) => string.Join(
        '|',
        (await _server.GetJson($"organizations{query}", key)).GetProperty("data").EnumerateArray()
            .Select(organization => organization.GetProperty("name").GetString()));
}

public sealed class SqliteOrganizationList() : OrganizationListContract(Engine.Sqlite);

public sealed class PostgresOrganizationList() : OrganizationListContract(Engine.Postgres);
