"""What `uplion-installation`, the tests' harness as a program, starts on free ports of this machine."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
DEBUG, RELEASE = TARGET / "debug", TARGET / "release"


class Installation:
    """Runs as long as the block; what the harness says of it (`control`, `gateways`, `api_key` …) are its attributes.

    `arguments` are those of `uplion-installation`, which lies in `build`; `uplion` is another binary than the one beside it.
    """

    def __init__(self, *arguments, build=DEBUG, uplion=None):
        self.command = [str(part) for part in [build / "uplion-installation", *arguments]]
        self.environment = {**os.environ, **({"UPLION_BIN": str(uplion)} if uplion else {})}

    def __enter__(self):
        self.harness = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.harness.stdout.readline()
        if not line:
            sys.exit(f"{' '.join(self.command)} failed with {self.harness.wait()}; its reason is above")
        self.__dict__ |= json.loads(line)
        return self

    def __exit__(self, *_):
        self.harness.stdin.close()
        self.harness.wait()

    def get(self, path):
        return self.ask(path, None)

    def post(self, path, body):
        return self.ask(path, json.dumps(body).encode())

    def ask(self, path, body):
        request = urllib.request.Request(f"{self.control}/control/v1/{path}", body, {
            "Authorization": f"Bearer {self.admin_key}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"control refused {path}: {error.read().decode()}")
