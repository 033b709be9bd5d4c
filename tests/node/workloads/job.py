"""What the jobs of the workloads have in common: phases, HTTP, load, kubectl.

A job ends with the first thing that is not as it should be, said in one line. WAIT, in seconds, is how long `do` and `restarted`
go on trying before that: a server may still be starting.
"""

import http.client
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import threading
import time

IP = os.environ.get("POD_IP", "127.0.0.1")
POD = os.environ.get("POD", "")
NAMESPACE = os.environ.get("NAMESPACE", "default")
STATE = pathlib.Path(os.environ.get("STATE", "."))
WAIT = float(os.environ.get("WAIT", "40"))
MEGABYTES_200 = 200 * 1024 * 1024
PAUSE = 0.05  # between the calls of a thread under load, in seconds: several workloads are under load at once


class DoesNotWork(Exception):
    """One line for a person."""


def check(holds, otherwise):
    if not holds:
        raise DoesNotWork(otherwise)


def phases(**by_name):
    """Runs the phase that the command line names; `temporary` is the same for all that have a shell."""
    name, *rest = sys.argv[1:]
    phase = {"temporary": write_200_megabytes, **by_name}[name]
    deadline = time.monotonic() + (WAIT if name in ("do", "restarted") else 0)
    while True:
        try:
            phase(*(int(argument) for argument in rest))
            return
        except (DoesNotWork, OSError, EOFError, http.client.HTTPException, subprocess.SubprocessError) as error:
            if time.monotonic() >= deadline:
                print(" ".join(f"{name}: {error or type(error).__name__}".split()))
                sys.exit(1)
        time.sleep(0.5)


def soon(call, seconds=20):
    """Waits until a call does what it should, as after a reload."""
    end = time.monotonic() + seconds
    while True:
        try:
            return call()
        except (DoesNotWork, OSError, http.client.HTTPException):
            if time.monotonic() >= end:
                raise
        time.sleep(0.5)


def remember(name, value):
    (STATE / name).write_text(value)


def recall(name):
    return (STATE / name).read_text()


# --- sockets and HTTP

def connect(port, seconds=10):
    return socket.create_connection((IP, port), timeout=seconds)


def http_call(port, path="/", method="GET", body=None, headers=(), seconds=30):
    """Status, body and headers."""
    connection = http.client.HTTPConnection(IP, port, timeout=seconds)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers
    finally:
        connection.close()


def get(port, path="/", **more):
    """The text of a page; anything but 200 does not work."""
    status, body, _ = http_call(port, path, **more)
    check(status == 200, f"{more.get('method', 'GET')} {path} answered {status}: {body[:200].decode(errors='replace')}")
    return body.decode(errors="replace")


def put(port, path, body, method="PUT", **more):
    status, text, _ = http_call(port, path, method=method, body=body, **more)
    check(status in (200, 201, 202, 204), f"{method} {path} answered {status}: {text[:200].decode(errors='replace')}")
    return text.decode(errors="replace")


def zeros(size):
    """A body of this many bytes that is never in memory as a whole."""
    block = bytes(1 << 20)
    while size > 0:
        yield block[:size]
        size -= len(block)


def load(call, seconds, at_once=4):
    """Calls from several threads for so long, up to eighty a second; not one may fail."""
    end = time.monotonic() + seconds
    failures, counts = [], []

    def go():
        count = 0
        while time.monotonic() < end and not failures:
            try:
                call()
                count += 1
                time.sleep(PAUSE)
            except Exception as error:  # whatever it is, the request failed
                failures.append(error)
        counts.append(count)

    threads = [threading.Thread(target=go) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not failures, f"failed under load after {sum(counts)} calls: {failures[:1]}")
    check(all(counts), f"only {counts} calls in {seconds} s")


# --- the cluster

def kubectl(*arguments, stdin=None):
    command = shlex.split(os.environ["KUBECTL"]) + ["--namespace", NAMESPACE, *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=50)
    check(done.returncode == 0, f"{' '.join(arguments[:2])}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def inside(*command, container=None, stdin=None):
    """What a command prints in the container."""
    where = ["--container", container] if container else []
    return kubectl("exec", *(["--stdin"] if stdin else []), POD, *where, "--", *command, stdin=stdin)


def logs(container=None):
    return kubectl("logs", POD, *(["--container", container] if container else []))


def write_200_megabytes(folder="/tmp", container=None):
    """What a build, an upload or a sort does to its folder for temporary files."""
    wrote = inside(
        "sh", "-c", f"f={folder}/two-hundred && dd if=/dev/zero of=$f bs=1M count=200 2>/dev/null && wc -c <$f; rm -f $f", container=container
    )
    check(wrote.strip() == str(MEGABYTES_200), f"wrote {wrote.strip()} of 200 MB to {folder}")


# --- names

def resolve(name, port=53):
    """The IPv4 addresses that the pod's name server has for a name."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    identity = os.urandom(2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(5)
        udp.connect((IP, port))
        udp.send(identity + b"\1\0\0\1\0\0\0\0\0\0" + question)
        reply = udp.recv(4096)
    check(reply[:2] == identity, "an answer to another question")
    check(reply[3] & 15 == 0, f"{name}: answered with code {reply[3] & 15}")
    at, addresses = 12 + len(question), []
    for _ in range(int.from_bytes(reply[6:8], "big")):
        while reply[at] and reply[at] < 192:
            at += 1 + reply[at]
        at += 2 if reply[at] else 1
        kind, size = int.from_bytes(reply[at : at + 2], "big"), int.from_bytes(reply[at + 8 : at + 10], "big")
        if kind == 1:
            addresses.append(".".join(str(byte) for byte in reply[at + 10 : at + 14]))
        at += 10 + size
    return addresses
