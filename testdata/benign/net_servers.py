"""Servers that Python's own library starts on ports that the kernel picks, and their clients."""
import concurrent.futures
import http.client
import http.server
import multiprocessing
import multiprocessing.connection
import multiprocessing.managers
import os
import selectors
import socket
import socketserver
import threading
import urllib.error
import urllib.request
import xmlrpc.client
import xmlrpc.server
import asyncio


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello " + self.path.encode())

    def log_message(self, *args):
        pass


def in_background(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def web(host):
    with http.server.ThreadingHTTPServer((host, 0), Hello) as server:
        port = in_background(server)
        print("web on", repr(host), urllib.request.urlopen(f"http://127.0.0.1:{port}/a").read())
        print(urllib.request.urlopen(f"http://localhost:{port}/b").read())
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            got = pool.map(lambda i: urllib.request.urlopen(f"http://127.0.0.1:{port}/{i}").read(), range(100))
            print(len(set(got)), "answers")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=50)
        connection.request("GET", "/c")
        print(connection.getresponse().read())
        server.shutdown()
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/gone")
    except urllib.error.URLError as e:
        print("gone:", e.reason.errno, e.reason.strerror)


def remote_calls():
    with xmlrpc.server.SimpleXMLRPCServer(("localhost", 0), logRequests=False) as server:
        server.register_function(pow)
        port = in_background(server)
        print("pow:", xmlrpc.client.ServerProxy(f"http://localhost:{port}").pow(2, 10))
        server.shutdown()


def datagrams():
    class Echo(socketserver.BaseRequestHandler):
        def handle(self):
            data, sock = self.request
            sock.sendto(data.upper(), self.client_address)

    for host in "127.0.0.1", "":
        with socketserver.ThreadingUDPServer((host, 0), Echo) as server:
            port = in_background(server)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(50)
                s.sendto(b"udp", ("127.0.0.1", port))
                print(s.recvfrom(100)[0])
            server.shutdown()


def double(x):
    return 2 * x


def add(target, n):
    with target.get_lock():
        target.value += n


def processes(method):
    ctx = multiprocessing.get_context(method)
    with ctx.Pool(3) as pool:
        print(method, pool.map(double, range(5)))
    q, value = ctx.Queue(), ctx.Value("i", 0)
    children = [ctx.Process(target=add, args=(value, i)) for i in range(4)]
    for c in children:
        c.start()
    for c in children:
        c.join()
    q.put("queued")
    print(value.value, q.get())
    # A manager's process is reached by a unix socket, with a handshake.
    with ctx.Manager() as manager:
        shared = manager.dict(a=1)
        shared["b"] = 2
        print(dict(shared))


def listeners():
    for family, address in ("AF_INET", ("127.0.0.1", 0)), ("AF_UNIX", None), ("AF_UNIX", "\0sydbox-python-" + os.urandom(8).hex()):
        with multiprocessing.connection.Listener(address, family, authkey=b"key") as listener:
            pid = os.fork()
            if pid == 0:
                with multiprocessing.connection.Client(listener.address, authkey=b"key") as c:
                    c.send([1, "two"])
                    c.recv()
                os._exit(0)
            with listener.accept() as c:
                print(family, c.recv())
                c.send("bye")
            os.waitpid(pid, 0)


def handed_over():
    """A listening socket for each worker, passed by descriptor."""
    a, b = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        pid = os.fork()
        if pid == 0:
            _, fds, _, _ = socket.recv_fds(b, 10, 1)
            conn, _ = socket.socket(fileno=fds[0]).accept()
            conn.sendall(b"from a worker")
            os._exit(0)
        socket.send_fds(a, [b"fd"], [server.fileno()])
        with socket.create_connection(("localhost", port)) as c:
            print(c.recv(100))
        os.waitpid(pid, 0)


def dual():
    if not socket.has_dualstack_ipv6():
        print("no IPv6")
        return
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        for host in "127.0.0.1", "::1", "localhost":
            with socket.create_connection((host, port)):
                conn, peer = server.accept()
                conn.close()
                print(host, "comes as", peer[0])


async def tasks():
    async def serve(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def ask(port, i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"%d\n" % i)
        line = await reader.read()
        writer.close()
        return line

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        lines = await asyncio.gather(*(ask(port, i) for i in range(60)))
        print("asyncio", len(set(lines)))
    path = os.path.join(os.getcwd(), "asyncio.sock")
    async with await asyncio.start_unix_server(serve, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"by path\n")
        print(await reader.read())
        writer.close()
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except OSError as e:
        print("asyncio:", e.errno)


if __name__ == "__main__":
    web("127.0.0.1")
    web("")
    remote_calls()
    datagrams()
    processes("fork")
    processes("spawn")
    listeners()
    handed_over()
    dual()
    asyncio.run(tasks())
