"""An API server that has a few of each kind and where nothing changes, so that the program knows its facts.

Run with a port, which is 127.0.0.1's.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAMESPACES = ["default", "platform", "shop-prod"]


def items(path):
    if path.endswith("/namespaces"):
        return [{"metadata": {"name": name}} for name in NAMESPACES]
    if path.endswith("/serviceaccounts"):
        return [{"metadata": {"namespace": name, "name": "default"}} for name in NAMESPACES]
    return []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.send_response(200)
        self.send_header("content-type", "application/json")
        if "watch=true" in query:
            # The server asks anew after its own time.
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            time.sleep(3600)
            return
        page = {"metadata": {"resourceVersion": "1"}, "items": items(path)}
        page = json.dumps(page | {"kind": "List", "apiVersion": "v1"}).encode()
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


def kubeconfig(port):
    """How this one is reached."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "bench", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "bench", "user": {}}],
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "current-context": "bench",
    }


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    server.serve_forever()
