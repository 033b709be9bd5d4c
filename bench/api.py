"""An API server that has a few of each kind, or many, and where nothing changes, so that the program knows its facts.

Run with a port, which is 127.0.0.1's, and where there are to be many, with how many.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

KINDS = ["namespaces", "serviceaccounts", "rolebindings", "clusterrolebindings"]
NAMESPACES = ["default", "platform", "shop-prod"]
MADE = "2026-01-01T00:00:00Z"
# Where there are many, how many accounts each namespace has, and how many bindings.
EACH = 10


def items(kind, many):
    """What there is of a kind: a few, and beside them `many` RoleBindings and as many ServiceAccounts, and a tenth of that of namespaces
    and of ClusterRoleBindings."""
    teams = [f"team-{number:05}" for number in range(many // EACH)]
    services = [(f"service-{number}", team) for team in teams for number in range(EACH)]
    return {
        "namespaces": [made(name) for name in NAMESPACES + teams],
        "serviceaccounts": [made("default", name) for name in NAMESPACES] + [made(*one) for one in services],
        "rolebindings": [made(*one) | bound(*one) for one in services],
        "clusterrolebindings": [made(f"{team}-views-nodes") | bound("service-0", team) for team in teams],
    }.get(kind, [])


def made(name, namespace=None):
    """An object as its API server has it, with what was noted of whoever made it."""
    fields = {"f:metadata": {"f:annotations": {".": {}, "f:meta.helm.sh/release-name": {}}, "f:labels": {".": {}, "f:helm.sh/chart": {}}}}
    entry = {"manager": "helm", "operation": "Update", "apiVersion": "v1", "time": MADE, "fieldsType": "FieldsV1", "fieldsV1": fields}
    metadata = {
        "name": name,
        "uid": "3fb1ff24-d1dd-4f5b-9a0b-6a1a9a4c4a53",
        "resourceVersion": "1",
        "creationTimestamp": MADE,
        "labels": {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "service-1.2.3"},
        "annotations": {"meta.helm.sh/release-name": name},
        "managedFields": [entry],
    }
    return {"metadata": metadata | ({"namespace": namespace} if namespace else {})}


def bound(account, namespace):
    """What a binding says that gives a role to an account."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    return {"subjects": [subject], "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}}


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
        page = self.server.page(path, parse_qs(query))
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


class Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, many):
        # All is written before anybody can ask.
        self.written = {kind: [json.dumps(one) for one in items(kind, many)] for kind in KINDS}
        super().__init__(("127.0.0.1", port), Handler)

    def page(self, path, query):
        """A page of the list of a kind: as many as are asked for, from where the page before has ended."""
        all_of_them = self.written.get(path.rsplit("/", 1)[1], [])
        start = int(query.get("continue", ["0"])[0])
        end = start + int(query.get("limit", [len(all_of_them)])[0])
        then = f',"continue":"{end}"' if end < len(all_of_them) else ""
        found = ",".join(all_of_them[start:end])
        return f'{{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"1"{then}}},"items":[{found}]}}'.encode()


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
    Api(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0).serve_forever()
