using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Access;

/// <summary>What people call those whom the trail names: user:ID, key:ID, client:ID.</summary>
public sealed class ActorNames(Database database)
{
    private readonly string _names = $"""
        SELECT 'user', user_id, CASE WHEN name = '' THEN email ELSE name END
        FROM app_user WHERE user_id{database.AnyOf("ids")}
        UNION ALL
        SELECT 'key', key_id, name FROM api_key WHERE key_id{database.AnyOf("ids")}
        UNION ALL
        SELECT 'client', client_id, name FROM oauth_client WHERE client_id{database.AnyOf("ids")}
        """;

    /// <summary>By actor; whoever has no name, the program's own jobs among them, is not in it.</summary>
    public async Task<IReadOnlyDictionary<string, string>> Find(
        IEnumerable<string> actors, CancellationToken cancellation)
    {
        // Whatever kind an id is of, it is looked for among all three: no two things have the same.
        var ids = actors.Distinct().Select(actor => actor[(actor.IndexOf(':') + 1)..])
            .Select(id => ShortUuid.TryParse(id, out var parsed) ? parsed : Guid.Empty)
            .Where(id => id != Guid.Empty)
            .Select(id => new UserId(id))
            .ToList();
        if (ids.Count == 0)
        {
            return new Dictionary<string, string>();
        }

        var names = await database.Read(
            connection => connection.Query(
                _names,
                row => KeyValuePair.Create(
                    $"{row.GetString(0)}:{ShortUuid.Format(row.GetGuid(1))}", row.GetString(2)),
                cancellation,
                ("ids", database.ListOf(ids))),
            cancellation);
        return new Dictionary<string, string>(names);
    }
}
