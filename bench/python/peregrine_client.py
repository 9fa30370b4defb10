"""A client of Peregrine for the scripts of this folder: an instance, its REST API, its runs and its store."""

import json
import math
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[2]
REQUEST_SECONDS = 60
STORE_SCHEME = "store:"
POLL_SECONDS = 0.1

# An object as REST answers it.
Json = dict[str, Any]


def request_json(address: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
    """What an address answers, read as JSON: GET, or POST of a JSON body.

    Raises urllib.error.HTTPError for an error status, and OSError where the service does not answer.
    """
    content_type = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(address, body, content_type | dict(headers or {}))
    with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
        return json.load(answer)


def moment(text: str) -> float:
    """Seconds since 1970 of a time as REST writes it."""
    return datetime.fromisoformat(text).timestamp()


def exit_if_ended(run: Json) -> None:
    """Ends this process if a run has failed or was cancelled, with the run's failure as the message."""
    if run["state"] in ("failed", "cancelled"):
        raise SystemExit(f"run {run['run']} {run['state']}: {json.dumps(run.get('failure', run), indent=1)[:2000]}")


class Store:
    """The store of an instance: a folder of files that are named by their content."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def path(self, name: str) -> Path:
        """The file of a reference into the store (`store:shard/3f/3fab...`), or a file outside by its own path."""
        return self.root / name.removeprefix(STORE_SCHEME) if name.startswith(STORE_SCHEME) else Path(name)

    def json(self, name: str) -> Any:
        return json.loads(self.path(name).read_text(encoding="utf-8"))

    def tensors(self, name: str) -> dict[str, np.ndarray]:
        """The tensors of a safetensors file by name."""
        return load_file(self.path(name))


class Peregrine:
    """All of Peregrine, brought up over a data folder of its own, on free ports."""

    def __init__(self, data: Path, roots: list[Path], environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.environment = os.environ | dict(environment or {})
        began = time.monotonic()
        words: list[str | Path] = ["up", "--data", data, "--ports", "free"]
        for root in roots:
            words += ["--root", root]
        self.command(*words)
        self.startup = time.monotonic() - began
        # The address of each service by its short name, such as "ingest".
        self.instance: dict[str, str] = json.loads((data / "peregrine.json").read_text())
        keys = (data / "keys").read_text().splitlines()
        self.key = next((line.split()[2] for line in keys if " maintain " in line), "")

    def command(self, *words: object) -> str:
        """What `./peregrine` prints with these words. Raises subprocess.CalledProcessError where it fails."""
        return subprocess.run(
            [ROOT / "peregrine", *map(str, words)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
        ).stdout

    def down(self) -> None:
        self.command("down", "--data", self.data)

    def get(self, address: str) -> Any:
        """GET with the API key; errors as `request_json` raises them."""
        return request_json(address, headers=self.authorization())

    def post(self, address: str, body: Json | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """POST of a JSON body, or of none, with the API key; errors as `request_json` raises them."""
        sent = b"" if body is None else json.dumps(body).encode()
        return request_json(address, sent, self.authorization() | dict(headers or {}))

    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def run_address(self, run: str, service: str = "cluster") -> str:
        return f"{self.instance[service]}/api/v1/runs/{run}"

    def publish(self, folder: Path, spec: Path) -> str:
        """Starts a run of a folder of images with a specification, by the command line; its id."""
        return self.command("publish", folder, "--data", self.data, "--spec", spec).split()[-1]

    def publish_once(self, spec: Json, idempotency_key: str) -> str:
        """Starts a run by REST, or finds the run that this key has started; its id."""
        address = f"{self.instance['ingest']}/api/v1/datasets"
        return self.post(address, spec, {"Idempotency-Key": idempotency_key})["run"]

    def wait_for(
        self, run: str, reached: Callable[[Json], bool], poll_seconds: float = 1.0, timeout_seconds: float = math.inf
    ) -> Json:
        """The run's details once `reached` holds of them. Ends this process if the run fails, is cancelled or is late."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() <= deadline:
            # Each answer takes work from what is measured.
            time.sleep(poll_seconds)
            try:
                details = self.get(self.run_address(run))
            except OSError:
                continue
            if reached(details):
                return details
            exit_if_ended(details)
        raise SystemExit(f"run {run} has not reached what was waited for within {timeout_seconds:.0f} s")

    def cancel(self, run: str) -> None:
        """Cancels what is left of a run; a run that has ended stays as it is."""
        try:
            self.post(f"{self.run_address(run)}/cancel")
        except urllib.error.HTTPError as answer:
            if answer.code != 409:
                raise

    def delete(self, run: str) -> None:
        """Deletes a run and waits until balance-service has received that.

        A run of the same images that is planned earlier would take over what the deleted one has found.
        """
        self.command("delete", run, "--data", self.data)
        while True:
            try:
                self.get(f"{self.run_address(run, 'balance')}/balance")
            except urllib.error.HTTPError as answer:
                if answer.code != 404:
                    raise
                return
            time.sleep(POLL_SECONDS)

    def pid(self, module: str) -> int | None:
        """The process of a service, such as "balance-service": the one that works for this data folder."""
        for process in Path("/proc").iterdir():
            try:
                line = (process / "cmdline").read_bytes()
                if module.encode() + b"/target/quarkus-app" not in line:
                    continue
                if str(self.data / "store").encode() in (process / "environ").read_bytes():
                    return int(process.name)
            except (OSError, ValueError):
                continue
        return None
