"""A server of this machine that has files of weights, and behaves well or badly."""

import contextlib
import http.server
import threading

__all__ = ["Mirror"]


class Mirror(http.server.ThreadingHTTPServer):
    """Answers with ``content`` in the way that ``manner`` says; counts the requests."""

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.manner, self.num_requests = content, "well", 0
        self.go_on = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/models"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Let those go who wait, and answer nobody any more."""
        self.go_on.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        content, manner = self.server.content, self.server.manner
        self.server.num_requests += 1
        if manner == "redirect" and "elsewhere" not in self.path:
            self.send_response(302)
            self.send_header("Location", f"/elsewhere{self.path}")
            self.end_headers()
            return
        if manner == "nothing here":
            self.send_error(404)
            return
        self.send_response(200)
        if manner != "without end":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if manner == "cut off":
            content = content[: len(content) // 2]
        if manner == "altered":
            content = content[:-1] + bytes([content[-1] ^ 1])
        if manner == "without end":
            content = content * 4
        if manner in ("silent", "slow"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.server.go_on.wait(300)
            content = content[len(content) // 2 :]
        with contextlib.suppress(OSError):  # whoever asked may have gone
            self.wfile.write(content)
