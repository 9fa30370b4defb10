#!/usr/bin/env python3
"""Tests Peregrine in containers on this machine, with your images.

usage: PEREGRINE_DATA=/folder/of/classes deploy/compose/prove.py [run] [security] [kills] [replicas]

Parts use a separate project, peregrine-prove, with its own volumes and ports, so that a running Peregrine is not
affected. Without arguments all parts run. Requires Docker with compose, and Python 3.
"""
import json, os, random, subprocess, sys, time, urllib.error, urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
PORTS = {"INGEST": "18081", "CLUSTER": "18084-18085", "KAFKA": "19092", "GRAFANA": "13000", "PROMETHEUS": "19090"}
ENVIRONMENT = os.environ | {f"PEREGRINE_{name}_PORT": port for name, port in PORTS.items()}
OURS = ["ingest-service", "balance-service", "trainer-service", "cluster-service"]
# Enough epochs that each container is killed while it works; PEREGRINE_PROVE_EPOCHS=2 suffices on a slow machine.
EPOCHS = int(os.environ.get("PEREGRINE_PROVE_EPOCHS", "8"))
EVENT = {"dataset": "proved", "uri": "file:///data", "image": {"side": 64}, "balance": {"strategy": {"atLeast": 300}},
         "classifier": {"epochs": EPOCHS}, "autoencoder": {"epochs": EPOCHS, "latent": 40}}
failures = []


def run(*command, check=True, **more):
    done = subprocess.run(command, env=ENVIRONMENT, text=True, capture_output=True, **more)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def compose(*arguments, **more):
    return run("docker", "compose", "-p", "peregrine-prove", "-f", str(HERE / "compose.yaml"), *arguments, **more)


def holds(what, condition):
    print(("ok    " if condition else "FAILED ") + what, flush=True)
    if not condition:
        failures.append(what)


key = None


def get(path):
    """Returns the cluster service's answer, or None if it is unavailable. The key differs after volumes were deleted."""
    global key
    for port in (18084, 18085):
        try:
            asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {key}"})
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code == 401:
                key = compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", "secrets", "/secrets/http/read").strip()
        except (urllib.error.URLError, OSError, ValueError):
            pass
    return None


def sql(query):
    return psql("-Atc", query).strip()


def psql(*arguments):
    """Runs psql as the database's owner, over the socket in its container."""
    return compose("exec", "-T", "postgres", "bash", "-c", 'PGPASSWORD=$(</run/secrets/postgres/password) psql "$@" 2>&1',
                   "psql", "-U", "postgres", "-d", "peregrine", *arguments, check=False)


def up(**variables):
    ENVIRONMENT.update(variables)
    started = time.monotonic()
    compose("up", "-d", "--build", "--wait")
    return time.monotonic() - started


def containers(*options):
    return [json.loads(line) for line in compose("ps", "--format", "json", *options).splitlines()]


def publish():
    """Publishes a dataset-ready event with the console producer of the broker's image, and returns the new run."""
    known = {each["run"] for each in get("/api/v1/runs")["items"]}
    compose("run", "--rm", "-T", "publish", input=json.dumps(EVENT) + "\n")
    while True:
        for each in (get("/api/v1/runs") or {"items": []})["items"]:
            if each["run"] not in known:
                return each["run"]
        time.sleep(0.1)


def ended(run_id, minutes=15):
    deadline = time.monotonic() + 60 * minutes
    while time.monotonic() < deadline:
        details = get(f"/api/v1/runs/{run_id}")
        if details and details["state"] == "completed":
            return details
        if details and details["state"] != "running":
            sys.exit(f"FAILED run {run_id} {details['state']}: {details.get('failure') or details.get('cancelled')}")
        time.sleep(0.5)
    sys.exit(f"run {run_id} did not end in {minutes} minutes")


def outcome(details):
    """Results of a run that do not depend on its name or on time: digests of artifacts, and all measures."""
    tests = {network: details[network]["test"] for network in ("classifier", "autoencoder")}
    weights = {network: details[network]["weights"]["sha256"] for network in ("classifier", "autoencoder")}
    return {"images": details["images"], "refused": details["refused"], "classes": details["classes"],
            "manifest": details["manifest"]["tensors"]["sha256"], "weights": weights, "tests": tests,
            "clustering": details["clustering"]}


def nothing_is_left():
    """A service that was just restarted may need some seconds to send its outbox."""
    for service in ("ingest", "balance", "trainer", "cluster"):
        query = (f"select (select count(*) from {service}.quarantine), "
                 f"(select count(*) from {service}.outbox where sent_at is null), "
                 f"(select count(*) from {service}.job where state in ('queued', 'running'))")
        deadline = time.monotonic() + 30
        while sql(query) != "0|0|0" and time.monotonic() < deadline:
            time.sleep(0.5)
        holds(f"{service}: nothing in quarantine, nothing unsent, no job open", sql(query) == "0|0|0")


reference = None


def undisturbed():
    """Results of a run without faults, on empty volumes."""
    global reference
    if reference is None:
        compose("--profile", "*", "down", "-v", check=False)
        print(f"      up, with empty volumes: {up():.0f} s")
        states = {each["Service"]: each["Health"] for each in containers()}
        holds(f"healthy: {', '.join(sorted(states))}", len(states) == 8 and set(states.values()) == {"healthy"})
        started = time.monotonic()
        details = ended(publish())
        holds(f"run {details['run']} completed after {time.monotonic() - started:.0f} s, {details['images']} images", True)
        reference = outcome(details)
        print("      test accuracy %.3f, NMI %.3f" % (reference["tests"]["classifier"]["accuracy"],
                                                      reference["clustering"]["measures"]["nmi.all"]))
        nothing_is_left()
    return reference


def prove_run():
    """Line 1: up, a run, REST, down and up again."""
    undisturbed()
    [run_id] = [each["run"] for each in get("/api/v1/runs")["items"]]
    kept(run_id)


def kept(run_id):
    """After down and up, the run's details are unchanged."""
    details = ended(run_id)
    compose("down")
    print(f"      up again after down: {up():.0f} s")
    again = ended(run_id)
    changed = [name for name in details if again.get(name) != details[name]]
    holds(f"after down and up the run is as it was{': not ' if changed else ''}{', '.join(changed)}", not changed)
    for image in OURS:
        size = int(run("docker", "image", "inspect", "-f", "{{.Size}}", f"peregrine/{image}:{os.environ.get('PEREGRINE_TAG', 'local')}"))
        print(f"      {image}: {size / 1e6:.0f} MB")


def prove_security():
    """Line 2: what docker inspect and docker compose config tell."""
    if not containers():
        up()
    for each in containers():
        inspected = json.loads(run("docker", "inspect", each["ID"]))[0]
        host, config, service = inspected["HostConfig"], inspected["Config"], each["Service"]
        if service in OURS:
            holds(f"{service}: user {config['User']}", config["User"] == "10001:10001")
            holds(f"{service}: read-only root", host["ReadonlyRootfs"])
            holds(f"{service}: no capability is added", not host["CapAdd"])
        holds(f"{service}: all capabilities dropped, no-new-privileges, limits of memory and processes",
              host["CapDrop"] == ["ALL"] and host["SecurityOpt"] == ["no-new-privileges:true"]
              and host["Memory"] > 0 and host["PidsLimit"] > 0)
        bound = [at for ports in (host["PortBindings"] or {}).values() for at in ports]
        holds(f"{service}: ports on loopback only", all(at["HostIp"] == "127.0.0.1" for at in bound))
    passwords = [compose("run", "--rm", "--no-deps", "-T", "--entrypoint", "cat", "secrets", f"/secrets/{name}/password")
                 for name in ("postgres", "ingest", "balance", "trainer", "cluster", "grafana")]
    told = compose("--profile", "*", "config") + run("docker", "inspect", *[each["ID"] for each in containers("-a")])
    holds("six passwords, none in docker inspect or docker compose config",
          len(set(passwords)) == 6 and all(len(p) == 32 and p not in told for p in passwords))
    holds("a role cannot read another's schema",
          "permission denied" in psql("-c", "set role ingest", "-c", "select * from balance.job"))
    holds("the database takes nobody without TLS", "no pg_hba.conf entry" in compose(
        "exec", "-T", "postgres", "bash", "-c",
        "PGPASSWORD=$(</run/secrets/postgres/password) PGSSLMODE=disable psql -h postgres -U postgres -d peregrine -c 'select 1' 2>&1",
        check=False))
    plain = compose("run", "--rm", "-T", "--entrypoint", "timeout", "publish", "20", "bash", "-c",
                    "echo '{}' | /opt/kafka/bin/kafka-console-producer.sh --bootstrap-server kafka:9092 --topic peregrine.datasets 2>&1"
                    " && echo sent", check=False)
    holds("the broker takes nobody without TLS and a password", "sent" not in plain)
    outside = "timeout 5 bash -c 'exec 3<>/dev/tcp/1.1.1.1/53' 2>&1 && echo reached || echo nothing"
    holds("a service reaches nothing outside", all(
        "nothing" in compose("exec", "-T", service, "bash", "-c", outside) for service in OURS))
    wrote = "touch /opt/peregrine/x 2>&1; cp /usr/bin/true /tmp/x && /tmp/x 2>&1; rm -f /tmp/x; true"
    for service in OURS:
        said = compose("exec", "-T", service, "bash", "-c", wrote)
        holds(f"{service}: the root takes no file, /tmp lets none be executed",
              "Read-only file system" in said and "Permission denied" in said)


def kill(service):
    """Crashes a container with SIGKILL, so that the restart policy restarts it; through Docker if the process belongs to another user."""
    identity = compose("ps", "-q", service).split()[0]
    try:
        os.kill(int(run("docker", "inspect", "-f", "{{.State.Pid}}", identity)), 9)
    except PermissionError:
        run("docker", "kill", identity)
        run("docker", "start", identity)


def wait_for(what, condition, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"never came: {what}")
        time.sleep(0.05)


def trainer_works():
    if (get("/api/v1/runs?state=completed") or {"items": []})["items"]:
        sys.exit("the run was over before every container was killed; raise PEREGRINE_PROVE_EPOCHS")
    return at_work("trainer")


def at_work(schema):
    return sql(f"select kind from {schema}.job where state = 'running' limit 1")


def prove_kills():
    """Line 5: each container is killed once during a run; Kafka and PostgreSQL are restarted, too."""
    expected = undisturbed()
    compose("down", "-v")
    up()
    draw = random.Random(int(os.environ.get("PEREGRINE_KILL_SEED", "42")))
    run_id = publish()

    def strike(service, schema):
        wait_for(f"a job of {schema}", lambda: at_work(schema))
        time.sleep(draw.uniform(0, 0.3))
        working = at_work(schema)
        kill(service)
        print(f"      killed {service}, at work: {working or 'between two jobs'}", flush=True)

    strike("ingest-service", "ingest")
    strike("balance-service", "balance")
    strike("trainer-service", "trainer")
    for service in ("kafka", "postgres"):
        wait_for("the trainer at work", trainer_works)
        kill(service)
        print(f"      killed {service} while the trainer works", flush=True)
        wait_for(f"{service} again", lambda: {each["Service"]: each["Health"] for each in containers()}.get(service) == "healthy")
    for service in ("kafka", "postgres"):
        wait_for("the trainer at work", trainer_works)
        compose("restart", service)
        print(f"      restarted {service} while the trainer works", flush=True)
        wait_for(f"{service} again", lambda: {each["Service"]: each["Health"] for each in containers()}.get(service) == "healthy")
    for service in ("prometheus", "grafana"):
        kill(service)
        print(f"      killed {service}", flush=True)
    strike("cluster-service", "cluster")
    details = ended(run_id)
    holds(f"run {run_id} {details['state']}", details["state"] == "completed")
    holds("it left the same bytes and measures as the undisturbed run", outcome(details) == expected)
    nothing_is_left()
    wait_for("everything healthy again", lambda: {each["Health"] for each in containers()} == {"healthy"})
    holds("everything is healthy again", True)


def prove_replicas():
    """The replica half of line 6: two of balance and two of cluster share one run's jobs."""
    expected = undisturbed()
    compose("down", "-v")
    up(PEREGRINE_BALANCE_REPLICAS="2", PEREGRINE_CLUSTER_REPLICAS="2")
    count = [each["Service"] for each in containers()]
    holds("two of balance-service, two of cluster-service", count.count("balance-service") == count.count("cluster-service") == 2)
    details = ended(publish())
    for schema in ("balance", "cluster"):
        shares = sql(f"select worker, count(*), string_agg(distinct kind, ' ') from {schema}.job where state = 'done' group by worker order by worker")
        print("      " + shares.replace("\n", "\n      "))
        holds(f"{schema}: both replicas did jobs of the run", len(shares.splitlines()) == 2)
    holds("the result is that of one of each", details["state"] == "completed" and outcome(details) == expected)
    nothing_is_left()
    ENVIRONMENT.update(PEREGRINE_BALANCE_REPLICAS="1", PEREGRINE_CLUSTER_REPLICAS="1")


PARTS = {"run": prove_run, "security": prove_security, "kills": prove_kills, "replicas": prove_replicas}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(PARTS)
    if "PEREGRINE_DATA" not in os.environ or any(part not in PARTS for part in wanted):
        sys.exit(__doc__)
    try:
        for part in wanted:
            print(f"\n{part}: {PARTS[part].__doc__.split(': ', 1)[1]}", flush=True)
            PARTS[part]()
    finally:
        compose("--profile", "*", "down", "-v", check=False)
    print(f"\n{len(failures)} failed" if failures else "\nall of it holds")
    sys.exit(1 if failures else 0)
