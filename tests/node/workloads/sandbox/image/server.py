"""Renders each page in a sandbox: namespaces of its own, no network, nothing to write to."""

import http.server
import subprocess

SANDBOX = "bwrap --unshare-user --unshare-net --unshare-uts --unshare-ipc --ro-bind / / --tmpfs /tmp --die-with-parent".split()


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        done = subprocess.run(SANDBOX + ["sh", "-c", "cat /proc/net/dev | grep -c ':'"], capture_output=True)
        self.send_response(500 if done.returncode else 200)
        text = done.stderr if done.returncode else b"interfaces " + done.stdout
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 3000), Pages).serve_forever()
