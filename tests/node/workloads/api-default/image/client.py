"""Asks the Kubernetes API with the token of its account, and serves what that said."""

import http.server
import json
import os
import signal
import ssl
import sys
import urllib.request

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def api(path, body=None):
    def text(name):
        with open(f"{ACCOUNT}/{name}") as file:
            return file.read()

    server = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    request = urllib.request.Request(server + path.replace("NAMESPACE", text("namespace")), data=body)
    request.add_header("Authorization", f"Bearer {text('token')}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10, context=ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")) as reply:
        return json.load(reply)


def answer():
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    found = api("/apis/authentication.k8s.io/v1/selfsubjectreviews", json.dumps(review).encode())
    return found["status"]["userInfo"]["username"]


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = 200, answer()
        except OSError as error:
            status, text = 500, f"{type(error).__name__}: {error}"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit())
http.server.ThreadingHTTPServer(("", 8080), Server).serve_forever()
