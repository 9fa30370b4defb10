#!/usr/bin/env python3
"""Peregrine's balancing against imbalanced-learn on the same packs, both in one run, in turn.

    ./peregrine bench balance [PART ...] [--to FILE]

Parts, and what each takes on two cores:
    short       small sizes, no times asserted: only equality of rows (3 minutes; what `verify` runs)
    pairs       the three fair pairs on a folder of images at side 224, `auto`, medians of 3 (13 minutes)
    growth      class size and side doubled; the exponents of both sides (5 minutes)
    wikiart     13,350 images of 3 x 416 x 416 in WikiArt's 27 class sizes, `auto`; then kill -9 five times; imbalanced-learn
                on the same with a limit of 20 GiB of address space (16 minutes, 30 GB of disk: the gallery is painted first)
    large       100,000 images at side 64, one class of 40,000, {"atLeast": 45000} (14 minutes)
    replicas    a killed worker and two workers at once: the same shards (2 minutes; a part of 'short')
    uint8       what imbalanced-learn makes of uint8 images, as an image in docs/pictures (2 minutes)
Without a part: pairs and growth. (200 random small cases against imbalanced-learn are a test: PythonReaderTest.)

Peregrine is measured as it runs: broker, database and services, brought up over a folder of its own; a run goes first,
so that the service is warm. Its time is from the moment when it heard that the packs are complete to the last shard
fsynced, by the database's clock. Threads are equal on both sides. Anonymous memory (RssAnon) is sampled every 50 ms on
both sides. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for Python. Exit status 1: some rows or shards are not
equal, or two workers did not share their work.
"""

import argparse
import json
import math
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from peregrine_client import POLL_SECONDS, ROOT, Json, Peregrine, exit_if_ended, moment

SIDE_ENVIRONMENT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def say(*words: object) -> None:
    print(*words, flush=True)


class Memory:
    """Memory of a process, in bytes, sampled while the block runs: anonymous, or another field of its status."""

    def __init__(self, pid: int | None, field: str = "RssAnon") -> None:
        self.pid, self.field, self.stopped = pid, field, threading.Event()
        # (seconds since 1970, bytes)
        self.samples: list[tuple[float, int]] = []

    @property
    def peak(self) -> int:
        return max((size for _, size in self.samples), default=0)

    def sample(self) -> None:
        while not self.stopped.is_set():
            try:
                for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                    if line.startswith(self.field + ":"):
                        self.samples.append((time.time(), 1024 * int(line.split()[1])))
            except OSError:
                pass
            self.stopped.wait(0.05)

    def __enter__(self) -> "Memory":
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()


class MeasuredPeregrine(Peregrine):
    """Peregrine whose balancing is measured; `settings` are those of the balance-service."""

    def __init__(self, data: Path, roots: list[Path], **settings: object) -> None:
        super().__init__(
            data, roots, {f"PEREGRINE_BALANCE_{name.upper()}": str(value) for name, value in settings.items()}
        )
        self.before: str | None = None
        self.redone: list[float] = []

    def worker_pid(self) -> int | None:
        return self.pid("balance-service")

    def kill_worker(self) -> None:
        pid = self.worker_pid()
        if pid is None:
            raise SystemExit(f"balance-service is not running; see {self.data / 'logs'}")
        os.kill(pid, signal.SIGKILL)

    def replica(self) -> tuple[subprocess.Popen, Path]:
        """A second balance-service beside the first: same broker, database and store, a port of its own."""
        first = Path(f"/proc/{self.worker_pid()}")
        words = [word.decode() for word in (first / "cmdline").read_bytes().split(b"\0")[:-1]]
        environment = dict(entry.decode().split("=", 1) for entry in (first / "environ").read_bytes().split(b"\0")[:-1])
        log = self.data / "logs/replica.log"
        with log.open("w") as out:
            # It must end with this process, whose child it is; not with the launcher.
            ours = {"QUARKUS_HTTP_PORT": "0", "QUARKUS_MANAGEMENT_PORT": "0", "PEREGRINE_PARENT": str(os.getpid())}
            process = subprocess.Popen(words, env=environment | ours, stdout=out, stderr=out)
        while "Listening on" not in log.read_text():
            time.sleep(POLL_SECONDS)
            if process.poll() is not None:
                raise SystemExit(f"the replica ended; see {log}")
        return process, log

    def balance(self, folder: Path, spec: Json, kills: int = 0) -> tuple[Json, float, int, str]:
        """One run as far as its shards: (plan, seconds, peak anonymous bytes, run). The networks are not trained. The run
        before is deleted, since one of the same images would take over what it has found; its files stay."""
        if self.before:
            self.delete(self.before)
        file = self.data / "spec.json"
        file.write_text(json.dumps(spec))
        run = self.publish(folder, file)
        address = f"{self.run_address(run, 'balance')}/balance"
        # The database's clock is read, so nothing is lost by asking seldom; each answer takes work from what is measured.
        poll = POLL_SECONDS if kills else 1
        kept, kept_at, interval = 0, time.monotonic(), 0.0
        share: float | None = None
        kill_at: float | None = None
        self.redone = []
        with Memory(self.worker_pid()) as watched:
            while True:
                time.sleep(poll)
                try:
                    plan = self.get(address)
                except OSError:
                    self.refuse_failed(run)
                    continue
                if plan["state"] == "balanced":
                    break
                now = time.monotonic()
                if (done := sum(c["productsDone"] for c in plan["classes"])) > kept:
                    kept, kept_at, interval = done, now, now - kept_at
                killed = len(self.redone)
                if share is None and killed < kills:
                    # Early enough that the last one, too, comes before the search's end.
                    share = 0.7 * random.uniform(killed / kills, (killed + 1) / kills)
                if share is not None and kill_at is None and kept >= share * products(plan):
                    # Anywhere between this tile's end and the next one's.
                    kill_at = now + random.uniform(0, interval)
                if kill_at is not None and now >= kill_at:
                    self.kill_worker()
                    self.redone.append(now - kept_at)
                    say(
                        f"    kill -9 at {kept / products(plan):.0%}, {now - kept_at:.1f} s after the last tile was kept"
                    )
                    share, kill_at = None, None
                    while (pid := self.worker_pid()) is None:
                        time.sleep(POLL_SECONDS)
                    watched.pid = pid
        if any(c["shares"] and not c["products"] for c in plan["classes"]):
            raise SystemExit(
                f"nothing was measured: run {run} took over what an earlier run of the same images had found"
            )
        self.command("cancel", run, "--data", self.data)
        self.before = run
        return plan, seconds(plan), watched.peak, run

    def refuse_failed(self, run: str) -> None:
        try:
            exit_if_ended(self.get(self.run_address(run)))
        except OSError:
            return


def seconds(plan: Json) -> float:
    return moment(plan["balancedAt"]) - moment(plan["sealedAt"])


# What a service's JVM is started with, and first what every JVM is.
JVM_OPTIONS = [f"@{ROOT}/deploy/jvm/{name}" for name in ("jvm.options", "service.options")]


def java() -> str:
    home = os.environ.get("JAVA_HOME", "")
    return f"{home}/bin/java" if home else "java"


def of_service(service: str, main: str, *arguments: object, options: Iterable[str] = ()) -> list[str]:
    """The command that runs a class of a service, with what the service itself is given."""
    app = ROOT / service / "target/quarkus-app"
    jars = ":".join(str(p) for p in [*app.glob("app/*.jar"), *app.glob("lib/main/*.jar"), *app.glob("lib/boot/*.jar")])
    return [java(), *options, *JVM_OPTIONS, "-cp", jars, main, *map(str, arguments)]


def ceiling(rows: int = 512, seconds: float = 2, element: str = "float32") -> float:
    """The engine's own product, of float32 or int8, on the same shapes, on all cores, in GFLOP/s."""
    answer = subprocess.run(
        of_service(
            "balance-service", "io.peregrine.balance.neighbours.ProductSpeed", rows, os.cpu_count(), seconds, element
        ),
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout
    return float(answer.split()[-1])


def worker(task: str, **given: Any) -> Json:
    """One measurement of imbalanced-learn in a process of its own: bench_imblearn.py's answer, with its peak memory."""
    environment = {k: v for k, v in os.environ.items() if k not in SIDE_ENVIRONMENT}
    environment |= {name: str(os.cpu_count()) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    process = subprocess.Popen(
        [sys.executable, ROOT / "bench/python/bench_imblearn.py", task, json.dumps(given)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with Memory(process.pid) as watched:
        out, _ = process.communicate()
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    answer = lines[-1] if lines else {"failed": f"ended with status {process.returncode}"}
    answer["peak"] = watched.peak
    return answer


def artifacts(peregrine: Peregrine, plan: Json) -> Json:
    return {
        "store": str(peregrine.data / "store"),
        "manifest": plan["manifest"],
        "shards": plan["shards"],
        "balance": {k: plan[k] for k in ("method", "strategy", "neighbours", "baseSampling", "seed")},
    }


class Report:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.equal = True

    def table(self, title: str, head: list[str], rows: list[list], words: str = "") -> None:
        lines = [f"### {title}", ""]
        if words:
            lines += [words, ""]
        lines += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
        self.parts.append("\n".join(lines) + "\n")
        say("\n" + self.parts[-1])

    def check(self, answer: Json) -> str:
        equal = bool(answer.get("equal"))
        self.equal &= equal
        return "bit-equal" if equal else f"NOT EQUAL: {answer.get('why', answer.get('failed'))}"


def gb(count: float) -> str:
    return f"{count / 1e9:.2f} GB"


def products(plan: Json) -> int:
    return sum(c["products"] for c in plan["classes"])


def search_seconds(plan: Json) -> float:
    return sum(c["searchSeconds"] for c in plan["classes"])


def warm_up(peregrine: MeasuredPeregrine, folder: Path) -> None:
    gallery = folder / "warm"
    paint(gallery, side=64, divisor=40)
    peregrine.balance(gallery, {"image": {"side": 64}, "balance": {"strategy": "auto"}, "split": {"test": 0}})


def paint(folder: Path, side: int, divisor: float = 10.0, sizes: dict[str, int] | None = None) -> None:
    """Paintings of the demo's gallery, written once. None is filed twice: equal images would be equal distances."""
    local = ROOT / "launcher/target"
    subprocess.run(
        [
            java(),
            JVM_OPTIONS[0],
            "-cp",
            f"{local}/classes:{local}/lib/*",
            "io.peregrine.launcher.cli.GalleryCommand",
            str(folder),
            "--side",
            str(side),
            "--divisor",
            str(divisor),
            "--no-errors",
            *(word for style, count in (sizes or {}).items() for word in ("--train", f"{style}={count}")),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def settle() -> None:
    """In a process of its own, which gives the memory back: see bench_imblearn.py."""
    subprocess.run(
        [sys.executable, "-c", "import bench_imblearn; bench_imblearn.settle()"], check=True, cwd=ROOT / "bench/python"
    )


def processor() -> str:
    return next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )


def pairs(
    report: Report,
    folder: Path,
    work: Path,
    side: int = 224,
    rounds: int = 3,
    title: str | None = None,
    timed: bool = True,
) -> None:
    """The three fair pairs. Not timed, only the equality of rows means anything: nothing is warmed up for it."""
    peregrine = MeasuredPeregrine(work / "pairs", [folder, work])
    spec = {"image": {"side": side}, "balance": {"strategy": "auto"}}
    ours, theirs, speeds = [], [], []
    try:
        if timed:
            warm_up(peregrine, work)
            # The service's own work once on these images, too: loops are compiled for what they meet.
            peregrine.balance(folder, spec)
        for _ in range(rounds):
            if timed:
                settle()
            speeds.append(ceiling())
            plan, took, peak, run = peregrine.balance(folder, spec)
            if timed:
                settle()
            began = time.monotonic()
            peregrine.command("export", run, "--as", "npy", "--to", work / "npy", "--data", peregrine.data)
            export = time.monotonic() - began
            ours.append({"search": search_seconds(plan), "took": took, "array": took + export, "peak": peak})
            answer = worker(
                "fit_resample", **artifacts(peregrine, plan), save=str(work / "theirs.npy"), export=str(work / "npy")
            )
            shutil.rmtree(work / "npy", ignore_errors=True)
            equal = report.check(answer)
            if "failed" in answer:
                return
            theirs.append(answer | {"array": answer["fit_resample"] + answer["save"]})
            say(f"    {ours[-1]} {theirs[-1]}")
    finally:
        peregrine.down()
    median = lambda side, name: statistics.median(one[name] for one in side)
    # The median of the rounds' ratios: each is of one moment.
    ratio = lambda a, b: f"{statistics.median(t[a] / o[b] for t, o in zip(theirs, ours)):.1f} times"
    row = lambda words, a, b: [words, f"{median(ours, b):.2f} s", f"{median(theirs, a):.2f} s", ratio(a, b)]
    speed = 2e-9 * products(plan) / median(ours, "search")
    highest, lowest = max(one["peak"] for one in ours), min(one["peak"] for one in theirs)
    report.table(
        title
        or f"{folder.name} at side {side}, auto: {plan['rows']:,} rows, {os.cpu_count()} threads on both sides, medians of {rounds}",
        ["", "Peregrine", "imbalanced-learn", ""],
        [
            row("neighbours alone", "kneighbors", "search"),
            row("packs to last shard, against fit_resample (recipes against pixels)", "fit_resample", "took"),
            row("the whole array on disk, fsynced", "array", "array"),
            ["peak anonymous memory", gb(highest), gb(lowest), f"{highest / lowest:.1%}"],
            [
                "products",
                f"{speed:.0f} GFLOP/s",
                f"engine alone, float32 in blocks of 512: {min(speeds):.0f} to {max(speeds):.0f}",
                "",
            ],
            ["start-up of everything", f"{peregrine.startup:.1f} s", f"imports {theirs[0]['imports']:.1f} s", ""],
            ["rows", equal, "", ""],
        ],
    )


def exact_elements() -> list[str]:
    """What the engine multiplies exactly on this processor: bytes only where it has the instructions."""
    try:
        ceiling(seconds=1, element="int8")
    except subprocess.CalledProcessError:
        return ["float32"]
    return ["float32", "int8"]


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Slope of log time over log size."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    return math.log(y1 / y0) / math.log(x1 / x0)


def growth(
    report: Report, work: Path, sizes: tuple[int, ...] = (500, 1000, 2000), sides: tuple[int, ...] = (64, 128, 256)
) -> None:
    peregrine = MeasuredPeregrine(work / "growth", [work])
    rows = []
    try:
        warm_up(peregrine, work)
        for name, settings in (("images", [(n, 128) for n in sizes]), ("side", [(500, s) for s in sides])):
            ours, theirs = [], []
            for count, side in settings:
                folder = work / f"growth-{count}-{side}"
                paint(folder, side, sizes={"Baroque": count, "Cubism": count + 100})
                plan, _, peak, _ = peregrine.balance(
                    folder, {"image": {"side": side}, "balance": {"strategy": "auto"}, "split": {"test": 0}}
                )
                answer = worker("fit_resample", **artifacts(peregrine, plan))
                size = count if name == "images" else 3 * side * side
                ours.append((size, search_seconds(plan)))
                theirs.append((size, answer["kneighbors"]))
                rows.append(
                    [
                        f"{count:,} of side {side}",
                        f"{search_seconds(plan):.2f} s",
                        f"{answer['kneighbors']:.2f} s",
                        gb(peak),
                        gb(answer["peak"]),
                        report.check(answer),
                    ]
                )
                shutil.rmtree(folder)
            rows.append(
                [
                    f"exponent in {'images' if name == 'images' else 'values'}",
                    f"{exponent(ours):.2f}",
                    f"{exponent(theirs):.2f}",
                    "",
                    "",
                    "",
                ]
            )
    finally:
        peregrine.down()
    report.table("Growth of the neighbour search", ["", "Peregrine", "kneighbors", "memory", "memory", "rows"], rows)


def wikiart(report: Report, work: Path, side: int = 416) -> None:
    folder = work / f"wikiart-{side}"
    say("Painting 13,350 images ...")
    paint(folder, side, divisor=1)
    spec = {"image": {"side": side}, "balance": {"strategy": "auto"}, "split": {"test": 0}}
    peregrine = MeasuredPeregrine(work / "wikiart", [work])
    try:
        warm_up(peregrine, work)
        plan, _, _, _ = peregrine.balance(folder, spec)
        drop = (
            subprocess.run(
                ["sh", "-c", "sync; echo 1 > /proc/sys/vm/drop_caches"], stderr=subprocess.DEVNULL
            ).returncode
            == 0
        )
        cold = peregrine.balance(folder, spec)[1] if drop else None
        subprocess.run(["sh", "-c", f"cat {peregrine.data}/store/pack/*/* > /dev/null"], check=True)
        # A processor is faster in a burst than for a while, and a shared host is never twice the same: so the engine
        # multiplies for as long as a search, before and after each of three.
        alone_for = lambda: {element: ceiling(seconds=20, element=element) for element in exact_elements()}
        settle()
        rounds, alone = [], [alone_for()]
        for _ in range(3):
            plan, took, peak, _ = peregrine.balance(folder, spec)
            alone.append(alone_for())
            speed = 2e-9 * products(plan) / search_seconds(plan)
            say(f"    {took:.1f} s at {speed:.0f} GFLOP/s, the engine alone {alone[-2]} before and {alone[-1]} after")
            rounds.append({"took": took, "peak": peak, "speed": speed})
        killed, killed_took, _, _ = peregrine.balance(folder, spec, kills=5)
        redone = peregrine.redone
        same = killed["shards"] == plan["shards"]
        report.equal &= same
        sampled = worker("neighbours", **artifacts(peregrine, plan), recipes=48, seed=7)
        theirs = worker("fit_resample", **artifacts(peregrine, plan), limit=20 << 30)
    finally:
        peregrine.down()
    largest = max(c["products"] for c in plan["classes"])
    report.table(
        f"WikiArt's size: {sum(c['before'] for c in plan['classes']):,} images of 3 x {side} x {side}, auto to {plan['rows']:,} rows",
        ["", ""],
        [
            [
                "packs to last shard, page cache warm, three times",
                ", ".join(f"{one['took']:.1f}" for one in rounds) + " s",
            ],
            ["the same, cache dropped before", f"{cold:.1f} s" if cold else "not measured (may not drop caches)"],
            ["peak anonymous memory", gb(max(one["peak"] for one in rounds))],
            [
                "products",
                f"{2e-12 * products(plan):.2f} TFLOP at "
                + ", ".join(f"{one['speed']:.0f}" for one in rounds)
                + " GFLOP/s",
            ],
            *(
                [
                    f"engine alone by {element}, twenty seconds before, between and after",
                    ", ".join(f"{one[element]:.0f}" for one in alone)
                    + " GFLOP/s; the search against the two beside it: "
                    + f"{statistics.median(2 * one['speed'] / (a[element] + b[element]) for one, a, b in zip(rounds, alone, alone[1:])):.0%} (median)",
                ]
                for element in alone[0]
            ),
            ["expected by the plan", f"{plan['secondsPlanned']:.0f} s"],
            [
                f"kill -9, {len(redone)} times",
                f"{killed_took:.1f} s, the largest class is {2e-12 * largest:.2f} TFLOP; "
                + f"redone {', '.join(f'{one:.1f}' for one in redone)} s, each within one tile; "
                + ("the same shards" if same else "OTHER SHARDS"),
            ],
            [
                "recipes looked at in float64",
                f"{sampled.get('recipes')} of {sampled.get('made', 0):,} drawn at random: neighbours "
                + report.check(sampled).replace("bit-equal", "right"),
            ],
            ["imbalanced-learn with 20 GiB", theirs.get("failed", f"{theirs.get('fit_resample', 0):.0f} s")],
        ],
    )


def large(report: Report, work: Path, counts: tuple[int, ...] = (10_000, 20_000, 40_000), others: int = 60_000) -> None:
    rows, points = [], []
    names = list(json.loads(json.dumps(sorted(CLASSES))))
    peregrine = MeasuredPeregrine(work / "large", [work])
    try:
        warm_up(peregrine, work)
        for count in counts:
            folder = work / f"large-{count}"
            share = count * others // max(counts)
            sizes = {name: max(10, share // 26) for name in names}
            sizes[names[0]] = count
            say(f"Painting {sum(sizes.values()):,} images ...")
            paint(folder, 64, sizes=sizes)
            plan, took, peak, _ = peregrine.balance(
                folder, {"image": {"side": 64}, "balance": {"strategy": {"atLeast": 45_000}}, "split": {"test": 0}}
            )
            big = max(plan["classes"], key=lambda c: c["before"])
            points.append((count, big["searchSeconds"]))
            rows.append(
                [
                    f"{big['before']:,}",
                    f"{big['searchSeconds']:.1f} s",
                    f"{2e-12 * big['products']:.1f} TFLOP, {big['shares']} jobs",
                    f"{took:.1f} s",
                    f"{plan['rows']:,}",
                    gb(peak),
                ]
            )
            shutil.rmtree(folder)
    finally:
        peregrine.down()
    rows.append([f"exponent {exponent(points):.2f}", "", "", "", "", ""])
    report.table(
        'One large class at side 64 among 27, {"atLeast": 45000}',
        ["class", "its neighbours", "products", "all classes", "rows", "memory"],
        rows,
    )


def replicas(
    report: Report, work: Path, side: int = 64, divisor: float = 10.0, kills: int = 1, timed: bool = True
) -> None:
    """One worker, one that is killed, two workers: the same shards each time. In the memory allowed all but the small
    classes are cut into tiles of eight rows, and each of their tile rows is a job: the search takes many times as long as
    an idle worker sleeps, else the second one could miss all of it."""
    folder = work / f"replicas-{side}"
    paint(folder, side, divisor)
    spec = {"image": {"side": side}, "balance": {"strategy": "auto"}}
    peregrine = MeasuredPeregrine(work / "replicas", [work], memory="640K", job_products=20_000_000)
    process = None
    try:
        if timed:
            warm_up(peregrine, work)
        plan, alone, _, _ = peregrine.balance(folder, spec)
        again, with_kills, _, _ = peregrine.balance(folder, spec, kills=kills)
        killed = len(peregrine.redone)
        process, log = peregrine.replica()
        both, together, _, _ = peregrine.balance(folder, spec)
        shares = sum(c["shares"] for c in both["classes"])
        second = log.read_text().count("neighbours found run=")
    finally:
        if process is not None:
            process.terminate()
            process.wait()
        peregrine.down()
    same = plan["shards"] == again["shards"] == both["shards"]
    shared = 0 < second < shares
    report.equal &= same and shared
    report.table(
        f"Kills and replicas: {plan['rows']:,} rows, {shares} jobs",
        ["", "", ""],
        [
            ["one worker", f"{alone:.1f} s", ""],
            [f"killed {killed} times", f"{with_kills:.1f} s, a lease of 10 s for each", ""],
            [
                "two workers",
                f"{together:.1f} s",
                ("" if shared else "NOT SHARED: ") + f"{second} jobs by the second, {shares - second} by the first",
            ],
            ["shards", "the same bytes each time" if same else "NOT THE SAME", ""],
        ],
    )


def short(report: Report, work: Path) -> None:
    folder = work / "short"
    paint(folder, side=32, divisor=40)
    pairs(
        report,
        folder,
        work,
        side=32,
        rounds=1,
        title="Short form: a small gallery, no time means anything here",
        timed=False,
    )
    replicas(report, work, timed=False)


def uint8(report: Report, work: Path) -> None:
    folder = work / "uint8"
    paint(folder, side=128, divisor=40)
    peregrine = MeasuredPeregrine(work / "uint8-data", [work])
    try:
        plan, _, _, _ = peregrine.balance(folder, {"image": {"side": 128}, "balance": {"strategy": "auto"}})
        image = ROOT / "docs/pictures/uint8.png"
        image.parent.mkdir(exist_ok=True)
        answer = worker("uint8", **artifacts(peregrine, plan), image=str(image))
    finally:
        peregrine.down()
    report.table(
        "imbalanced-learn on uint8",
        ["made values", "darker neighbour", "wrapped around", "ours"],
        [[f"{answer['values']:,}", f"{answer['darker']:,}", f"{answer['wrapped']:,}", report.check(answer)]],
        "Base, ours, imbalanced-learn on uint8, neighbour: docs/pictures/uint8.png",
    )


PARTS = {"replicas", "uint8", "short", "pairs", "growth", "wikiart", "large"}
CLASSES = [
    line.split(",")[0]
    for line in (ROOT / "libs/gallery/src/main/resources/gallery/wikiart-classes.csv").read_text().splitlines()[1:]
]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./peregrine bench balance", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(sorted(PARTS)))
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared/images/wikiart6", help="images of 'pairs'")
    parser.add_argument("--work", type=Path, help="folder for packs and arrays (default: a temporary one)")
    parser.add_argument("--to", type=Path, help="also write the tables as markdown to this file")
    given = parser.parse_args()
    parts = given.parts or ["pairs", "growth"]
    if unknown := set(parts) - PARTS:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(sorted(PARTS))}")
    if "pairs" in parts and not given.folder.is_dir():
        parser.error(f"there is no folder {given.folder}; name one with --folder")
    report = Report()
    work = Path(tempfile.mkdtemp(prefix="peregrine-bench-", dir=given.work))
    try:
        for part in parts:
            say(f"== {part}")
            if part == "pairs":
                pairs(report, given.folder.resolve(), work)
            else:
                {
                    "replicas": replicas,
                    "uint8": uint8,
                    "short": short,
                    "growth": growth,
                    "wikiart": wikiart,
                    "large": large,
                }[part](report, work)
    except BaseException:
        say(f"Ended early; packs and the services' logs are kept in {work}.")
        raise
    shutil.rmtree(work)
    if given.to:
        given.to.write_text(
            f"Taken by `./peregrine bench balance {' '.join(parts)}` on {os.cpu_count()} cores ({processor()}).\n\n"
            + "\n".join(report.parts)
        )
    return 0 if report.equal else 1


if __name__ == "__main__":
    sys.exit(main())
