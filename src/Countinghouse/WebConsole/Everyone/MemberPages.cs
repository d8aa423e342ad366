using Countinghouse.Access;

namespace Countinghouse.WebConsole.Everyone;

/// <summary>
/// A place that waits for somebody; the link only in the answer that made it, where no mail is set up.
/// </summary>
public sealed record Invitation(
    string LinkId,
    string Email,
    string Role,
    string CreatedAt,
    string CreatedBy,
    string ExpiresAt,
    bool IsMailed = false,
    string? Link = null);

/// <summary>What the list of members shows.</summary>
public sealed record MembersModel(TableView Members, TableView Invitations, FormState Invite);

/// <summary>What the page of a member shows; of its forms the one that was refused says why.</summary>
public sealed record MemberModel(Member Member, FormState Edit, FormState? Remove);

/// <summary>What the page of an invitation shows.</summary>
public sealed record InvitationModel(Invitation Invitation, string CreatedBy, FormState? Withdraw);

/// <summary>The people of an organization, and those who are invited.</summary>
public static class MemberPages
{
    private const string InvitationsTable = "invitations";

    public static IEndpointRouteBuilder MapMembers(this IEndpointRouteBuilder console)
    {
        var members = console.MapGroup("/{organization_id}/members");
        members.MapPage("", List);
        members.MapForm("", Invite);
        members.MapPage("/{user_id}", Show);
        members.MapForm("/{user_id}", Change);
        members.MapForm("/{user_id}/remove", Remove);
        members.MapPage("/invitations/{link_id}", ShowInvitation);
        members.MapForm("/invitations/{link_id}/withdraw", Withdraw);
        return console;
    }

    /// <summary>
    /// What can be given to somebody: nobody gives a role above their own, and the platform's people stand above all
    /// organizations but the platform's.
    /// </summary>
    public static IReadOnlyList<(string Value, string Text)> Roles(ConsolePage page) =>
    [
        .. new (string Value, string Text)[]
        {
            ("owner", "Owner: everything, the organization and its audit log too"),
            ("manager", "Manager: campaigns, revenue share, members and keys"),
            ("editor", "Editor: reports and campaigns"),
            ("billing", "Billing: reports and revenue share"),
        }.Where(role => (page.Operates && !page.Organization!.IsOperator)
            || RoleWords.Role(role.Value) <= RoleWords.Role(page.Organization!.Role)),
    ];

    private static async Task<IResult> List(ConsolePage page) => page.WantsCsv
        ? page.Query("table") == InvitationsTable
            ? Invitations(page, await Names.Of(page, page.Organization!.OrganizationId))
                .Csv(await page.Api.All<Invitation>(Path(page) + "/invitations"))
            : Members(page).Csv(await page.Api.All<Member>(Path(page) + "/members"))
        : await ShowList(page, FormState.Fresh(("role", "editor")));

    private static async Task<IResult> Invite(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<Invitation>(
            HttpMethods.Post,
            Path(page) + "/invitations",
            form,
            new { email = form.Text("email"), role = form.Text("role") });
        return answer.Value is not { } made ? await ShowList(page, form.Refused(answer.Problem!))
            : made.IsMailed ? page.GoTo(page.Home + "/members", $"An invitation is on its way to {made.Email}.")
            : page.Show<SecretPage>(new SecretModel(
                "Invitation",
                $"Pass this link on to {made.Email}. It is good once, until {Figures.Time(made.ExpiresAt)}.",
                [("Link", made.Link)],
                page.Home + "/members",
                "To the members"));
    }

    private static Task<IResult> Show(ConsolePage page) => ShowMember(page);

    private static async Task<IResult> Change(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<Member>(
            HttpMethods.Patch, MemberPath(page), form, new { role = form.Text("role") });
        return answer.Problem is { } problem
            ? await ShowMember(page, edit: form.Refused(problem))
            : page.GoTo(page.Home + "/members", $"{answer.Value!.Name} has the role {answer.Value.Role} now.");
    }

    private static async Task<IResult> Remove(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<object>(HttpMethods.Delete, MemberPath(page), form);
        return answer.Problem is { } problem
            ? await ShowMember(page, remove: form.Refused(problem))
            : page.Id("user_id") == page.Session.User.UserId
                ? page.GoTo(ConsolePage.Root + "/me", $"You have left {page.Organization!.OrganizationName}.")
                : page.GoTo(page.Home + "/members", "The membership has ended.");
    }

    private static Task<IResult> ShowInvitation(ConsolePage page) => ShowInvited(page);

    private static async Task<IResult> Withdraw(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<object>(
            HttpMethods.Delete, $"{Path(page)}/invitations/{page.Id("link_id")}", form);
        return answer.Problem is { } problem
            ? await ShowInvited(page, form.Refused(problem))
            : page.GoTo(page.Home + "/members", "The invitation is withdrawn; its link is good no more.");
    }

    private static async Task<IResult> ShowList(ConsolePage page, FormState invite)
    {
        var names = await Names.Of(page, page.Organization!.OrganizationId);
        var members = await page.Api.Get<ApiPage<Member>>(Path(page) + "/members", ("page", page.Query("page")));
        var invitations = await page.Api.All<Invitation>(Path(page) + "/invitations");
        return page.Show<MembersPage>(
            new MembersModel(
                Members(page).View(members.Data, "There is nobody here. Invite the first below.", members.Pagination),
                Invitations(page, names).View(invitations, "No invitation is open."),
                invite),
            invite);
    }

    private static async Task<IResult> ShowMember(ConsolePage page, FormState? edit = null, FormState? remove = null)
    {
        var members = await page.Api.All<Member>(Path(page) + "/members");
        var member = members.FirstOrDefault(one => one.UserId == page.Id("user_id"))
            ?? throw RefusedByApiException.NotFound();
        return page.Show<MemberPage>(
            new MemberModel(member, edit ?? FormState.Fresh(("role", member.Role)), remove), edit ?? remove);
    }

    private static async Task<IResult> ShowInvited(ConsolePage page, FormState? withdraw = null)
    {
        var invitations = await page.Api.All<Invitation>(Path(page) + "/invitations");
        var invitation = invitations.FirstOrDefault(one => one.LinkId == page.Id("link_id"))
            ?? throw RefusedByApiException.NotFound();
        var names = await Names.Of(page, page.Organization!.OrganizationId);
        return page.Show<InvitedPage>(
            new InvitationModel(invitation, names.Of(invitation.CreatedBy), withdraw), withdraw);
    }

    private static string Path(ConsolePage page) => $"organizations/{page.Organization!.OrganizationId}";

    private static string MemberPath(ConsolePage page) => $"{Path(page)}/members/{page.Id("user_id")}";

    private static Table<Member> Members(ConsolePage page) => new(
        "members",
        new("Name", member => Cell.Text(member.Name, $"{page.Home}/members/{member.UserId}")),
        new("Mail address", member => Cell.Text(member.Email)),
        new("Role", member => Cell.Text(member.Role)),
        new("One-time codes", member => Cell.Text(member.HasTotp ? "on" : "off")),
        new("Member since", member => Cell.Time(member.CreatedAt)));

    private static Table<Invitation> Invitations(ConsolePage page, Names names) => new(
        InvitationsTable,
        new("Mail address", one => Cell.Text(one.Email, $"{page.Home}/members/invitations/{one.LinkId}")),
        new("Role", one => Cell.Text(one.Role)),
        new("Invited", one => Cell.Time(one.CreatedAt)),
        new("By", one => Cell.Text(names.Of(one.CreatedBy))),
        new("Good until", one => Cell.Time(one.ExpiresAt)));
}
