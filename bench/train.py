"""What the program is asked while it counts what it runs: reviews as the API server sends them, and files.

The reviews are not those that are measured, and no two of them are alike: containers that say little, much or nothing of their
security, alone and together, by each profile.
"""

import http.client
import itertools
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

import api
from servers import Server, free_port, product

# The first is what most are asked.
PATHS = ["/harden/strict"] * 12 + ["/harden/restricted", "/harden/compatible", "/audit/strict", "/preview/strict"]
ADMIN = ["/livez", "/readyz", "/readyz?verbose", "/metrics"]
# Connections are kept; each asks a few times.
EACH = 10

PROBE = {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3}
ENVIRONMENT = [{"name": f"SETTING_{number}", "value": f"a value, <{number}>"} for number in range(12)]
MOUNT = {"name": "kube-api-access-x7k2p", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}

CONTAINERS = [
    {"image": "registry.example/team/web:1.4.2", "ports": [{"containerPort": 8080, "protocol": "TCP"}], "livenessProbe": PROBE},
    {"image": "nginx:1.29", "ports": [{"containerPort": 80, "protocol": "TCP"}], "readinessProbe": PROBE},
    {"image": "postgres:18@sha256:" + "0123456789abcdef" * 4, "volumeMounts": [{"name": "data", "mountPath": "/var/lib/data"}]},
    {
        "image": "ghcr.io/example/worker:latest",
        "args": ["--queue", "default", "--verbose"],
        "env": ENVIRONMENT,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    },
    {
        "image": "registry.example/safe:2",
        "env": ENVIRONMENT[:3],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 12345,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    },
    {"image": "busybox", "command": ["sh", "-c", "sleep 1"], "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}},
    {"image": "registry.example/agent", "securityContext": {"privileged": True}, "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},
]
FILLED_IN = {
    "imagePullPolicy": "IfNotPresent",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "serviceAccountName": "default",
    "serviceAccount": "default",
    "schedulerName": "default-scheduler",
    "tolerations": [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for key in ("not-ready", "unreachable")
    ],
    "priority": 0,
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
}
TOKEN = {
    "name": MOUNT["name"],
    "projected": {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
        ],
        "defaultMode": 420,
    },
}
MANAGED = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "apiVersion": "v1",
    "time": "2026-01-01T00:00:00Z",
    "fieldsType": "FieldsV1",
    "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {'k:{"name":"app"}': {"f:image": {}, "f:env": {}}}},
}


def pods():
    """Each of the containers alone, and with every other."""
    for number, together in enumerate([*itertools.combinations(CONTAINERS, 1), *itertools.permutations(CONTAINERS, 2)]):
        containers = [FILLED_IN | {"name": f"app-{at}", "resources": {}} | one for at, one in enumerate(together)]
        for container in containers:
            container["volumeMounts"] = [*container.get("volumeMounts", []), MOUNT]
        spec = SPEC | {"containers": containers, "securityContext": {"fsGroup": 2000} if number % 5 == 4 else {}}
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp", "emptyDir": {}}, TOKEN]
        if number % 3 == 2:
            spec["initContainers"] = [FILLED_IN | {"name": "init", "image": "busybox:1", "volumeMounts": [MOUNT]}]
        metadata = {
            "generateName": f"web-{number}-",
            "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": f"7d9f{number}"},
            "annotations": {"prometheus.io/scrape": "true"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"web-{number}", "uid": "u", "controller": True}],
            "managedFields": [MANAGED],
        }
        yield {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec}


def review(pod, number):
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    resource = {"group": "", "version": "v1", "resource": "pods"}
    request = {
        "uid": f"5c1c8c0a-3b1c-4f0e-9d5e-{number:012}",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "namespace": "shop-prod",
        "operation": "CREATE",
        "userInfo": {
            "username": "system:serviceaccount:kube-system:replicaset-controller",
            "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        },
        "object": pod,
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }
    whole = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
    return json.dumps(whole, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e").encode()


def ask(connection, method, path, body=None):
    connection.request(method, path, body, {"content-type": "application/json"})
    reply = connection.getresponse()
    reply.read()
    if reply.status != 200:
        raise SystemExit(f"{path} is answered by {reply.status}")


def started(binary, config, folder, asked=lambda server: None):
    """A server, from its start to its end; `asked` is given it once it is ready."""
    port = free_port()
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(api.kubeconfig(port)))
    with Server([sys.executable, str(Path(api.__file__)), str(port)], port):
        server = product(str(binary), str(kubeconfig), str(config))
        asked(server)
        server.stop()


def served(binary, config, folder):
    """The reviews, on connections that ask a few times each, and what else a server is asked."""
    reviews = [review(pod, number) for number, pod in enumerate(pods())]
    tls = ssl._create_unverified_context()

    def all_of_it(server):
        for path in PATHS:
            for start in range(0, len(reviews), EACH):
                connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=tls)
                for body in reviews[start : start + EACH]:
                    ask(connection, "POST", path, body)
                connection.close()
            for asked in ADMIN:
                ask(http.client.HTTPConnection("127.0.0.1", server.admin), "GET", asked)

    started(binary, config, folder, all_of_it)


def files(binary, config, folder):
    """The commands on files."""
    for number, pod in enumerate(pods()):
        (folder / f"{number}.yaml").write_text(lines(pod))
    for command in (["check"], ["check", "-o", "sarif"], ["harden", "--check"]):
        # Its exit status says what it found, which is of no concern here.
        subprocess.run([binary, *command, folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    subprocess.run([binary, "config", "check", config], stdout=subprocess.DEVNULL, check=True)


def lines(value, indent=0):
    """JSON as people write YAML."""
    space = "\n" + "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{space}{json.dumps(key) if ':' in key else key}: {lines(one, indent + 1)}" for key, one in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{space}-{lines(one, indent + 1)}" if isinstance(one, dict) else f"{space}- {lines(one)}" for one in value)
    return json.dumps(value)


def run(binary, config, folder):
    """All of it; what each counted is in files of `folder` that begin with its name and end in .profraw."""
    for asked in (started, served, files):
        os.environ["LLVM_PROFILE_FILE"] = f"{folder}/{asked.__name__}-%p.profraw"
        asked(binary, config, folder)
    del os.environ["LLVM_PROFILE_FILE"]
