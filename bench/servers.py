"""The servers that are measured: each on a core of its own, and what the kernel says of it."""

import contextlib
import http.client
import os
import socket
import subprocess
import time

# Of those that there are.
CORE, OTHER = (str(number) for number in [*sorted(os.sched_getaffinity(0)) * 2][:2])
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class Server:
    """A process on `core`, what it writes, read on OTHER, and the port where it is asked. Its errors go to the file `errors`, where there is
    one, and are shown if it ends."""

    def __init__(self, command, port, ready=None, core=CORE, errors=None):
        began = time.monotonic()
        self.errors = errors
        with errors.open("w") if errors else contextlib.nullcontext(subprocess.STDOUT) as stderr:
            self.process = subprocess.Popen(["taskset", "-c", core, *command], stdout=subprocess.PIPE, stderr=stderr)
        reader = ["taskset", "-c", OTHER, "cat"]
        self.reader = subprocess.Popen(reader, stdin=self.process.stdout, stdout=subprocess.DEVNULL)
        self.process.stdout.close()
        self.port = port
        wait = ready or (lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True)
        self.ready_ms = self._until(wait, began)

    def _until(self, is_ready, began):
        while time.monotonic() < began + 60:
            if self.process.poll() is not None:
                said = self.errors.read_text()[-2000:] if self.errors else ""
                raise SystemExit(f"{self.process.args} ended: {self.process.returncode}\n{said}")
            with contextlib.suppress(OSError):
                if is_ready():
                    return (time.monotonic() - began) * 1000
            time.sleep(0.001)
        raise SystemExit(f"{self.process.args} is not ready after a minute")

    def cpu(self):
        """Seconds of CPU, user and system, of all its threads."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self, name):
        """`VmRSS`, what is resident, or `VmHWM`, the most that ever was; in MB of a million bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith(name + ":"))
        return int(line.split()[1]) * 1024 / 1e6

    def stop(self):
        """Asks it to end, and waits until it has."""
        self.process.terminate()
        self.process.wait()
        self.reader.wait()

    def end(self):
        # Nothing is under way, and nothing of it is kept.
        self.process.kill()
        self.process.wait()
        self.reader.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def plain(binary, *arguments):
    port = free_port()
    return Server([binary, f"127.0.0.1:{port}", *arguments], port)


def product(binary, kubeconfig, config, connections=500, flags=()):
    port, admin = free_port(), free_port()

    def ready():
        connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=1)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200

    command = [binary, "serve", "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"]
    command += ["--config", config, "--kubeconfig", kubeconfig, "--max-connections", str(connections), *flags]
    # The log is as full as it can be.
    usage = subprocess.run([binary, "serve", "--help"], capture_output=True, text=True, check=True)
    if "--decision-log" in usage.stdout:
        command += ["--decision-log", "full"]
    server = Server(command, port, ready)
    server.admin = admin
    return server
