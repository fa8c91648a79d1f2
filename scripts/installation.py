"""An installation of separate processes on free ports of this machine, for the benchmark and for the tests of the SDKs."""

import contextlib
import json
import os
import pathlib
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve() / "debug"
UPLION = os.environ.get("UPLION_BIN") or str(BUILD / "uplion")
ADMIN_KEY = "an-admin-key-for-an-hour"


class Processes:
    """Started in order, ended by pid in the opposite order; each with a log in `folder`."""

    def __init__(self, folder):
        self.folder, self.running = pathlib.Path(folder), {}
        # Postgres is another user, and its data lies below.
        self.folder.chmod(0o755)

    def start(self, name, *command, user=None, env=None):
        as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        with open(self.folder / f"{name}.log", "wb") as log:
            self.running[name] = subprocess.Popen(
                [str(part) for part in command], stdout=log, stderr=log, env={**os.environ, **(env or {})}, **as_user)

    def until(self, what, condition, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ValueError):
                if condition():
                    return
            time.sleep(0.05)
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
        sys.exit(f"{what} did not come within {seconds} s; the logs are above")

    def stop(self):
        for process in reversed(self.running.values()):
            # To Postgres SIGINT is the fast stop, to the others a request to stop as well.
            process.send_signal(signal.SIGINT)
        for process in self.running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Installation:
    """NATS, Postgres, and the roles before one upstream; `model` is served, and `api_key` may use it."""

    def __init__(self, processes, uplion, upstream, model="mock", replicas=1, gateways=1, workers=1, max_in_flight=256, env=None):
        self.processes, self.model = processes, model
        self.servers = servers = installed()
        nats_url, self.monitoring = nats(processes, servers, replicas)
        self.database_url = postgres(processes, servers)
        broker = {"UPLION_NATS_URL": nats_url, "UPLION_NATS_REPLICAS": str(replicas), **(env or {})}
        stored = {**broker, "UPLION_DATABASE_URL": self.database_url, "UPLION_ADMIN_KEY": ADMIN_KEY}
        ports = {}
        for role, count in [("control", 1), ("projector", 1), ("gateway", gateways), ("worker", workers)]:
            for number in range(count):
                name, port = role if number == 0 else f"{role}-{number + 1}", free_port()
                ports[name] = port
                processes.start(name, uplion, role, "--listen", f"127.0.0.1:{port}",
                                env=stored if role in ("control", "projector") else broker)
        for name, port in ports.items():
            processes.until(name, lambda: answers(f"http://127.0.0.1:{port}/ready"))
        self.control = f"http://127.0.0.1:{ports['control']}"
        self.gateways = [f"127.0.0.1:{port}" for name, port in ports.items() if name.startswith("gateway")]
        self.post("projects", {"name": "tests"})
        self.api_key = self.post("keys", {"project": "tests", "name": "tests"})["secret"]
        self.post("models", {"name": model, "upstreams": [{"url": upstream, "model": model, "max_in_flight": max_in_flight}]})
        self.post("prices", {"model": model, "input": "0.15", "output": "0.60"})
        for gateway in self.gateways:
            processes.until("an answer", lambda: complete(gateway, self.api_key, model))

    def get(self, path):
        return self.ask(path, None)

    def post(self, path, body):
        return self.ask(path, json.dumps(body).encode())

    def ask(self, path, body):
        request = urllib.request.Request(f"{self.control}/control/v1/{path}", body, {
            "Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"control refused {path}: {error.read().decode()}")


def mock_upstream(processes, bench=BUILD / "uplion-bench", name="upstream", script="{}"):
    """Starts it; gives its URL, up to /v1."""
    url = f"http://127.0.0.1:{free_port()}/v1"
    address = url.removeprefix("http://").removesuffix("/v1")
    processes.start(name, bench, "upstream", "--listen", address, "--script", script)
    processes.until("the upstream", lambda: answers(f"{url}/models"))
    return url


def local(processes, upstream):
    """Starts `uplion dev`; gives where it is and its admin key, as variables of a test."""
    address, data = f"127.0.0.1:{free_port()}", processes.folder / "data"
    processes.start("dev", UPLION, "dev", "--listen", address, "--data", data, "--upstream", upstream)
    processes.until("uplion dev", lambda: answers(f"http://{address}/ready"))
    known = json.loads((data / "credentials.json").read_text())
    return {"CONTROL_URL": f"http://{address}", "BASE_URL": known["base_url"], "ADMIN_KEY": known["admin_key"]}


def venv(name, requirements):
    """The interpreter of a Python environment beside the build."""
    made = subprocess.run([ROOT / "scripts/venv", name, requirements], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.strip()


def packages(folder):
    """The folder, with the Node packages of its lock file in it."""
    if not shutil.which("npm"):
        sys.exit("the clients for Node need Node 20 or later, with npm")
    marker = folder / "node_modules/.package-lock.json"
    if not marker.exists() or marker.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
        marker.touch()
    return folder


def installed():
    printed = subprocess.run([ROOT / "scripts/servers"], stdout=subprocess.PIPE, check=True, text=True).stdout
    lines = (line.split("=", 1) for line in printed.splitlines())
    return {name: "".join(shlex.split(value)) for name, value in lines}


def nats(processes, servers, replicas):
    """Starts it; gives its URL, and where each node tells how it is."""
    ports, routes, monitors = ([free_port() for _ in range(replicas)] for _ in range(3))
    always = ', sync_interval: "always"' if replicas > 1 else ""
    others = ", ".join(f'"nats://127.0.0.1:{route}"' for route in routes)
    for number, (port, route, monitor) in enumerate(zip(ports, routes, monitors)):
        name = f"nats-server-{number + 1}" if replicas > 1 else "nats-server"
        store = processes.folder / f"{name}.store"
        cluster = f'cluster {{ name: one, port: {route}, routes: [{others}] }}' if replicas > 1 else ""
        config = processes.folder / f"{name}.conf"
        config.write_text(f"""
port: {port}
http: "127.0.0.1:{monitor}"
server_name: {name}
jetstream {{ store_dir: "{store}", max_memory_store: 1GB, max_file_store: 20GB{always} }}
{cluster}
""")
        processes.start(name, servers["NATS_SERVER"], "-c", config)
    for port in ports:
        processes.until("nats-server", lambda: socket.create_connection(("127.0.0.1", port), 1).close() is None)
    return ",".join(f"nats://127.0.0.1:{port}" for port in ports), [f"http://127.0.0.1:{port}" for port in monitors]


def postgres(processes, servers):
    port, data, user = free_port(), processes.folder / "postgres", servers["POSTGRES_USER"] or None
    subprocess.run(["cp", "-a", servers["POSTGRES_18_TEMPLATE"], data], check=True)
    processes.start("postgres", pathlib.Path(servers["POSTGRES_18_BIN"]) / "postgres", "-D", data, "-p", port, "-k", data,
                    "-c", "listen_addresses=127.0.0.1", user=user)
    processes.until("Postgres", lambda: socket.create_connection(("127.0.0.1", port), 1).close() is None)
    return f"postgres://{user or pwd.getpwuid(os.geteuid()).pw_name}@127.0.0.1:{port}/postgres"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url):
    with urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status == 200


def complete(gateway, api_key, model):
    body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 4}
    request = urllib.request.Request(f"http://{gateway}/v1/chat/completions", json.dumps(body).encode(), {
        "Authorization": f"Bearer {api_key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.status == 200
