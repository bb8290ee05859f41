"""Runs the programs of a comparison on the same recorded events, for the programs in these folders."""
import functools
import json
import os
import statistics
import subprocess

BENCH = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(BENCH, "..", "build", "release")


def sql(text):
    command = ["psql", os.environ["DYNAMITE_TEST_PG_URL"], "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", text]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


@functools.cache
def postmaster():
    return int(sql("SELECT pg_read_file('postmaster.pid')").splitlines()[0])


def cpu_ticks(pid):
    """A process's own, and those of its children that have ended."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = [int(field) for field in file.read().rpartition(")")[2].split()[11:15]]
    return sum(fields[:2]), sum(fields[2:])


def server_cpu_s():
    """What PostgreSQL's processes have used of the cores so far, also those that have ended."""
    while True:
        running = children(postmaster())
        try:
            ticks = sum(cpu_ticks(postmaster())) + sum(cpu_ticks(pid)[0] for pid in running)
        except (FileNotFoundError, ProcessLookupError):
            continue  # a session of the last program ended meanwhile
        if children(postmaster()) == running:
            return ticks / os.sysconf("SC_CLK_TCK")


def keep_apart():
    """From now on PostgreSQL works on one half of the cores, and this process and what it starts on the other."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("one core cannot be divided")
    servers, clients = cores[: len(cores) // 2], cores[len(cores) // 2 :]
    for pid in [postmaster(), *children(postmaster())]:
        os.sched_setaffinity(pid, servers)
    os.sched_setaffinity(0, clients)


class Comparison:
    """Programs by their names: dynamite, node, same, plain; with a history dynamite_history; in layout
    `columns` dynamite_columns and same_columns, and into a target for each of ten entities
    dynamite_by_key and dynamite_by_attribute; with another guard plain_bytea and plain_text; with parts
    of the protocol left out same-lock, same-lock-fence, and so on."""

    def __init__(self, build, folder):
        self.build = build
        self.folder = folder
        self.environment = dict(
            os.environ,
            DYNAMITE_URL=os.environ["DYNAMITE_TEST_PG_URL"],
            DYNAMITE_STATE_SCHEMA="bench_dynamite_state",
            DYNAMITE_CREATE_TABLES="never",
            AWS_REGION="us-east-1",
        )

    def bench(self, name):
        return os.path.join(self.build, "bench", name)

    def make_tables(self, size="1KB"):
        """`size`: of the items that get columns."""
        subprocess.run([self.bench("make_tables"), "--size", size], check=True)

    def events(self, size, writes, records, number):
        """The file of round `number`; the caller removes it."""
        path = os.path.join(self.folder, f"{size}-{writes}-{records}-{number}.jsonl")
        shape = ["--size", size, "--writes", writes, "--records", str(records), "--round", str(number)]
        with open(path, "wb") as file:
            subprocess.run([self.bench("make_events"), *shape], stdout=file, check=True)
        return path

    def command(self, program, batch, connections):
        shape = ["--batch", str(batch), "--connections", str(connections)]
        if program.startswith("dynamite"):
            dynamite = os.path.join(self.build, "dynamite")
            return [dynamite, "apply", "--as-recorded", "--stats", *shape]
        if program == "node":
            return [os.path.join(BENCH, "peers", "node_handler.mjs"), "--write", "values", *shape]
        statements, *without = program.split("-")
        if statements.startswith("same"):
            options = ["--state-schema", f"bench_{statements}_state"]
            statements = "same"
        else:
            statements, _, guard = statements.partition("_")
            options = ["--guard", guard] if guard else []
        options += ["--without", *without] if without else []
        return [self.bench("bare_libpq"), "--statements", statements, *shape, *options]

    def run(self, program, events, batch, connections):
        """What the program says of its run."""
        before = server_cpu_s()
        finished = subprocess.run(
            [*self.command(program, batch, connections), "--", events],
            env=dict(self.environment, DYNAMITE_STATE_SCHEMA=f"bench_{program}_state"),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return {**json.loads(finished.stdout), "server_cpu_s": server_cpu_s() - before}


def by_turns(programs, number):
    """Nobody is always the first."""
    turn = number % len(programs)
    return [*programs[turn:], *programs[:turn]]


def rate(run):
    return run["records"] / run["wall_s"]


def ratio(figures, program, other):
    return statistics.median(rate(a) / rate(b) for a, b in zip(figures[program], figures[other]))


def summary(figures):
    """Medians of each program's runs, and the first one's ratio to the others."""
    row = {}
    for program, runs in figures.items():
        row[program] = statistics.median(rate(run) for run in runs)
        row[f"{program}_cpu_us"] = statistics.median(1e6 * run["client_cpu_s"] / run["records"] for run in runs)
        row[f"{program}_server_us"] = statistics.median(1e6 * run["server_cpu_s"] / run["records"] for run in runs)
        row[f"to_{program}"] = ratio(figures, next(iter(figures)), program)
    return row
