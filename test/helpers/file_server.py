"""A web server on 127.0.0.1 that misbehaves on request."""

import contextlib
import http.server
import threading

CONTENT = bytes(range(256)) * 400  # 102400 bytes: more than one read


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a path with what its name says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.agents.append(self.headers["User-Agent"])
        self.close_connection = True
        with contextlib.suppress(ConnectionError):  # the client may have gone, that is its right
            getattr(self, self.path.strip("/").replace("-", "_").replace(".", "_"))()

    def begin(self, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def whole(self):
        self.begin(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT)

    lpr_bin = whole

    def truncated(self):
        self.begin(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT[:70000])

    def longer(self):
        self.begin(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT + b"more")

    def other(self):
        self.begin(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT[::-1])

    def empty(self):
        self.begin(Content_Length=0)

    def until_closed(self):
        self.begin()
        self.wfile.write(CONTENT)

    def cut_until_closed(self):
        self.begin()
        self.wfile.write(CONTENT[:70000])

    def chunked(self, chunks=(CONTENT[:5], CONTENT[5:], b"")):
        self.begin(Transfer_Encoding="chunked")
        for chunk in chunks:
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")

    def cut_chunks(self):
        self.chunked((CONTENT[:50000],))

    def missing(self):
        self.begin(404, Content_Length=0)

    def broken(self):
        self.begin(503, Content_Length=0)

    def moved(self):
        self.begin(302, Location="/whole", Content_Length=0)

    def round(self):
        self.begin(301, Location="/round", Content_Length=0)

    def to_a_file(self):
        self.begin(302, Location="file:///etc/hostname", Content_Length=0)

    def to_ftp(self):
        self.begin(302, Location="ftp://127.0.0.1/whole", Content_Length=0)

    def endless(self):
        self.begin()
        while True:
            self.wfile.write(CONTENT)

    def huge(self):
        self.begin(Content_Length=1 << 40)

    def dripping(self):
        self.begin(Content_Length=len(CONTENT))
        for byte in CONTENT:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.over.wait(0.02):
                break

    def silent(self):
        self.server.over.wait(30)

    def no_http(self):
        self.wfile.write(b"220 ready\r\n")

    def both(self):
        """Sends half, waits until another client has come as far, and sends the rest."""
        self.begin(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT[:50000])
        self.wfile.flush()
        self.server.both.wait(10)
        self.wfile.write(CONTENT[50000:])

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def file_server():
    """Yield the server's address, such as ``http://127.0.0.1:40123``, and the server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, True
    server.over, server.both, server.agents = threading.Event(), threading.Barrier(2), []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
