using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Countinghouse.Load;

/// <summary>The product's HTTP API with one key, for setting the stage.</summary>
internal sealed class Api(int port, string key) : IDisposable
{
    public const string BasePath = "/advertising/api/v1";

    private readonly HttpClient _http = Create(port, key);

    public Task<JsonNode> Post(string path, object body) => Send(HttpMethod.Post, path, body);

    public Task<JsonNode> Get(string path) => Send(HttpMethod.Get, path, null);

    public void Dispose() => _http.Dispose();

    private async Task<JsonNode> Send(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, BasePath + path);
        request.Content = body is null ? null : JsonContent.Create(body);
        using var answer = await _http.SendAsync(request);
        return answer.IsSuccessStatusCode
            ? (await answer.Content.ReadFromJsonAsync<JsonNode>())!
            : throw new BenchException($"{method} {path}: {await answer.Content.ReadAsStringAsync()}");
    }

    private static HttpClient Create(int port, string key)
    {
        var http = new HttpClient
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromMinutes(2),
        };
        http.DefaultRequestHeaders.Add("X-API-Key", key);
        return http;
    }
}
