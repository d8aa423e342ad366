using System.Net;
using System.Net.Sockets;

namespace Countinghouse.Proof;

/// <summary>
/// One address before several nodes, as a balancer of connections is: it asks each node four times a second whether it
/// is ready, and gives each new connection to the next one that is. When none is, it takes any that can be reached:
/// whose answer it is that something is wrong should say so itself.
/// </summary>
internal sealed class OneAddress : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly List<Node> _nodes = [];
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpClient _health = new() { Timeout = TimeSpan.FromSeconds(3) };
    private readonly List<Task> _work = [];
    private int _next;

    public OneAddress(IReadOnlyList<Uri> nodes)
    {
        _listener.Start();
        Origin = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        foreach (var node in nodes)
        {
            Add(node);
        }

        _work.Add(Accept());
    }

    public Uri Origin { get; }

    /// <summary>How often a node that had been ready said that it is not, without being dead.</summary>
    public int TurnedAway { get; private set; }

    /// <summary>One more node.</summary>
    public void Add(Uri origin)
    {
        var node = new Node(origin);
        lock (_nodes)
        {
            _nodes.Add(node);
        }

        _work.Add(Watch(node));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_work);
        _health.Dispose();
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task Watch(Node node)
    {
        while (!_stopping.IsCancellationRequested)
        {
            var isReady = false;
            try
            {
                using var answer = await _health.GetAsync(new Uri(node.Origin, "/health/ready"), _stopping.Token);
                isReady = answer.IsSuccessStatusCode;
                TurnedAway += node.IsReady && !isReady ? 1 : 0;
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                // Dead, or not yet there.
            }

            node.IsReady = isReady;
            await Task.Delay(Look, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Accept()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                _ = Serve(client);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // It is stopped, or the client has thought better of it.
            }
        }
    }

    private async Task Serve(Socket client)
    {
        using (client)
        {
            using var node = await Connect();
            if (node is null)
            {
                return;
            }

            client.NoDelay = node.NoDelay = true;
            await Task.WhenAny(Copy(client, node), Copy(node, client));

            // One side is done: a connection that is half open is of no use to anybody here.
        }
    }

    /// <summary>Nothing has been sent yet, so trying the next node is safe.</summary>
    private async Task<Socket?> Connect()
    {
        var first = Interlocked.Increment(ref _next);
        List<Node> order;
        lock (_nodes)
        {
            var turned = (int)((uint)first % (uint)_nodes.Count);
            order = [.. _nodes.Skip(turned).Concat(_nodes.Take(turned)).OrderByDescending(node => node.IsReady)];
        }

        foreach (var node in order)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, node.Origin.Port);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    private static async Task Copy(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer)) > 0;)
            {
                await to.SendAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // One of them is gone; the other will be closed.
        }
    }

    private sealed class Node(Uri origin)
    {
        private volatile bool _isReady;

        public Uri Origin => origin;

        public bool IsReady
        {
            get => _isReady;
            set => _isReady = value;
        }
    }
}
