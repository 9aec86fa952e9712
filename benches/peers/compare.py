"""How long does the same work take in another engine and in Wengert? `python benches/peers/compare.py PEER [WORK ...]`.

Builds both sides, pins everything to one core (`--threads N`: to N), sees to it that both compute the same numbers, then
lets them take turns in many short rounds and keeps the fastest iteration of each: whatever slows the machine for a while
slows both. Needs Python's standard library; what each peer needs is in README.md.
"""

import argparse
import dataclasses
import os
import pathlib
import shlex
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

STEPS = {
    "mlp-small": "MLP 2-16-16-1 tanh, batch 32, MSE",
    "mlp-medium": "MLP 64-128-64-10 relu, batch 64, cross-entropy",
    "mlp-large": "MLP 784-512-256-10 relu, batch 128, cross-entropy",
    "lenet": "LeNet (conv 8, conv 16, 120-84-10) 28x28, batch 64",
    "lstm": "LSTM 32 -> 128, 32 steps, batch 32, linear to 32",
    "transformer": "transformer d 64, 2 blocks, 4 heads, 64 tokens, batch 16",
}
FUNCTIONS = {"rosenbrock": "Rosenbrock", "transcendental": "sum of sin(x) exp(0.1 x + 1) + ln(1 + x^2)"}
# What is added to a function's name: how many variables at how many points.
SIZES = {"": (10_000, 1), "-batch": (10_000, 16), "-small": (10, 1_000)}
SCALARS = {
    function + size: (f"{title}, {n:,} variables" + (f", {points:,} points" if points > 1 else ""), n * points)
    for function, title in FUNCTIONS.items()
    for size, (n, points) in SIZES.items()
}
MODES = {
    "recorded": "recorded anew",
    "replayed": "replayed",
    "batched": "replayed in a batch",
    "itself": "the function itself",
}

# Relative differences that are the same work's: of a step's first losses, of those after them, when rounding has grown (Adam's
# first steps follow the signs of gradients that are almost zero), and of a function's value and its gradient's checksum.
LOSS_TOLERANCES = [1e-4] * 3 + [1e-2] * 13
SCALAR_TOLERANCES = [1e-9]
# One turn, in seconds: long enough for caches to warm, short enough that both sides see the same machine.
TURN = 0.04


@dataclasses.dataclass
class Peer:
    """An engine: what builds it, its servers by mode, and which of its modes stands beside which of ours."""

    title: str
    servers: dict
    pairs: list
    build: list = dataclasses.field(default_factory=list)


def release(library):
    """The version of an installed library, whose headers do not tell it."""
    try:
        answer = subprocess.run(["pkg-config", "--modversion", library], capture_output=True, text=True)
    except OSError:
        return "of unknown version"
    return answer.stdout.strip() or "of unknown version"


def peers(target, threads):
    """All engines, built below the folder `target`."""

    def python(script, *arguments):
        return [sys.executable, str(HERE / script), *arguments, str(threads)]

    def rust(package, *arguments):
        return [str(target / package / "release" / f"peer-{package}"), *arguments]

    def cargo(package):
        manifest = str(HERE / package / "Cargo.toml")
        return ["cargo", "build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", str(target / package)]

    def cpp(source, *flags):
        return ["g++", "-std=c++17", "-O3", "-march=native", str(HERE / source), "-o", str(target / source[:-4]), *flags]

    either = ["recorded", "replayed"]
    itself = ("itself", "itself")

    def tape(title, crate):
        servers = {mode: rust("tapes", crate, mode) for mode in ("recorded", "itself")}
        return Peer(title, servers, [("recorded", "recorded"), itself], cargo("tapes"))

    codipack = "-I" + os.path.join(os.environ.get("CODIPACK", "codipack"), "include")
    codipack_servers = {mode: [str(target / "codipack_scalars"), mode] for mode in ("recorded", "itself")}
    adolc_servers = {mode: [str(target / "adolc_scalars"), mode] for mode in ("recorded", "replayed", "itself")}
    return {
        "pytorch": Peer("PyTorch, eager", {"eager": python("pytorch_steps.py", "eager")}, [("eager", m) for m in either]),
        "torch-compile": Peer(
            "PyTorch, torch.compile", {"compiled": python("pytorch_steps.py", "compile")}, [("compiled", "replayed")]
        ),
        "jax": Peer("JAX, jit", {"jit": python("jax_steps.py")}, [("jit", "replayed")]),
        "burn": Peer("burn (flex)", {"eager": rust("burn")}, [("eager", m) for m in either], cargo("burn")),
        "candle": Peer("candle", {"eager": rust("candle")}, [("eager", m) for m in either], cargo("candle")),
        "casadi": Peer(
            "CasADi", {"replayed": python("casadi_scalars.py")}, [("replayed", "replayed"), ("replayed", "batched")]
        ),
        "codipack": Peer(
            "CoDiPack", codipack_servers, [("recorded", "recorded"), itself], cpp("codipack_scalars.cpp", codipack)
        ),
        "adol-c": Peer(
            "ADOL-C",
            adolc_servers,
            [(m, m) for m in ("recorded", "replayed", "itself")],
            cpp("adolc_scalars.cpp", "-ladolc", f'-DADOLC_RELEASE="{release("adolc")}"'),
        ),
        "num-dual": Peer(
            "num-dual (forward mode)",
            {"forward": rust("tapes", "num-dual", "forward")},
            [("forward", "recorded"), ("forward", "batched")],
            cargo("tapes"),
        ),
        "reverse": tape("reverse", "reverse"),
        "easy-ml": tape("Easy ML", "easy-ml"),
    }


def ours(target, threads):
    """How Wengert is built, and its servers by mode."""
    build = ["cargo", "build", "--release", "--locked", "-p", "benches", "--bin", "serve", "--target-dir", str(target / "ours")]
    return build, {mode: [str(target / "ours" / "release" / "serve"), mode, str(threads)] for mode in MODES}


class Server:
    """An engine that waits for requests."""

    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name, *self.works = self.line().split("\t")
        self.first, self.fastest = {}, {}

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            self.close()
            raise SystemExit(f"{shlex.join(self.command)} ended with status {self.process.returncode}")
        return line.rstrip("\n")

    def ask(self, work, iterations):
        """The numbers that so many iterations end with."""
        start = time.perf_counter()
        print(work, iterations, file=self.process.stdin, flush=True)
        nanoseconds, *numbers = map(float, self.line().split())
        self.first.setdefault(work, time.perf_counter() - start)
        self.fastest[work] = min(nanoseconds, self.fastest.get(work, nanoseconds))
        return numbers

    def turn(self, work):
        self.ask(work, max(1, round(TURN * 1e9 / self.fastest[work])))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def disagreement(theirs, ours):
    """The largest relative difference between numbers that both give."""
    return max(abs(a - b) / max(abs(a), abs(b), 1e-300) for a, b in zip(theirs, ours))


def check(work, servers):
    """Refuses to compare engines that do not compute the same."""
    for round, tolerance in enumerate(LOSS_TOLERANCES if work in STEPS else SCALAR_TOLERANCES):
        first, *others = [(server, server.ask(work, 1)) for server in servers]
        for server, numbers in others:
            if not disagreement(first[1], numbers) <= tolerance:
                sides = f"{first[0].name} has {first[1]}, {server.name} {numbers}"
                raise SystemExit(f"{work} is not the same work: in iteration {round + 1} {sides}")


def race(work, servers, seconds):
    """Lets the servers take turns, and keeps the fastest iteration of each."""
    for server in servers:
        server.turn(work)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for server in servers:
            server.turn(work)


def duration(nanoseconds):
    """Three digits and a unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3), ("ns", 1.0)):
        if nanoseconds >= size or unit == "ns":
            return f"{three_digits(nanoseconds / size)} {unit}"


def three_digits(number):
    return f"{number:.2f}" if number < 10 else f"{number:.1f}" if number < 100 else f"{number:.0f}"


def cell(work, nanoseconds):
    """A step's time, or a function's for each element."""
    return duration(nanoseconds) if work in STEPS else f"{three_digits(nanoseconds / SCALARS[work][1])} ns"


def rows(works, pairs, theirs, ours):
    """One row for each work and each pair of modes that both sides have it in."""
    for work in works:
        for their_mode, our_mode in pairs:
            a, b = theirs[their_mode].fastest.get(work), ours[our_mode].fastest.get(work)
            if a is not None and b is not None and paired(work, our_mode):
                title = STEPS[work] if work in STEPS else SCALARS[work][0]
                yield f"{title}; {MODES[our_mode]}", cell(work, a), cell(work, b), three_digits(a / b)


def paired(work, our_mode):
    """A batch stands beside works of several points, and these beside nothing else where they are large."""
    if work in STEPS:
        return True
    return our_mode == "batched" if work.endswith("-batch") else (our_mode != "batched" or work.endswith("-small"))


def table(rows):
    """A table in Markdown that is also legible as it is."""
    rows = [("work; ours is", "theirs", "ours", "theirs / ours"), *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = ["| " + " | ".join(text.ljust(width) for text, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join(" " + "-" * width + " " for width in widths) + "|", *lines[1:]])


def machine(cores):
    """The processor, its widest vectors, and how much of it was used."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{cores} of {os.cpu_count()} cores"
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", "").split()
    vectors = " with AVX-512" if "avx512f" in flags else " with AVX2" if "avx2" in flags else ""
    return f"{facts.get('model name', 'unknown')}{vectors}, {cores} of {os.cpu_count()} cores"


def first_results(servers):
    times = [seconds * 1e9 for server in servers for seconds in server.first.values()]
    return f"{duration(min(times))} to {duration(max(times))}"


def replaced(page, peer, section):
    """The page with this section between the two marks of the peer."""
    begin, end = f"<!-- {peer} -->", f"<!-- /{peer} -->"
    if begin not in page or end not in page:
        raise SystemExit(f"the page has no {begin} and {end}")
    before, rest = page.split(begin, 1)
    return f"{before}{begin}\n{section}\n{end}{rest.split(end, 1)[1]}"


def pin(threads):
    """This process and all that it starts, to the first cores, with no more threads than these."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, cores)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        os.environ[variable] = str(threads)
    eigen = "false" if threads == 1 else "true"
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}"
    return len(cores)


def build(command):
    if command:
        optimised = {**os.environ, "RUSTFLAGS": "-C target-cpu=native"} if "--manifest-path" in command else None
        subprocess.run(command, check=True, cwd=ROOT, env=optimised)


def main(arguments):
    every = {**STEPS, **SCALARS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=peers(pathlib.Path(), 1))
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"of {', '.join(every)}; all that the peer can do")
    parser.add_argument("--threads", type=int, default=1, help="cores and threads (1)")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each work (5)")
    parser.add_argument("--target", type=pathlib.Path, default=ROOT / "target" / "peers", help="where to build")
    parser.add_argument("--build", action="store_true", help="build, and stop there")
    parser.add_argument("--built", action="store_true", help="take what was built before")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="PAGE", help="also put the table into this page")
    options = parser.parse_args(arguments)
    if unknown := set(options.works) - set(every):
        parser.error(f"there is no work {', '.join(unknown)}")

    target = options.target.resolve()
    target.mkdir(parents=True, exist_ok=True)
    peer = peers(target, options.threads)[options.peer]
    our_build, our_servers = ours(target, options.threads)
    if not options.built:
        build(our_build)
        build(peer.build)
    if options.build:
        return
    cores = pin(options.threads)
    theirs = {mode: Server(command) for mode, command in peer.servers.items()}
    mine = {mode: Server(our_servers[mode]) for mode in dict.fromkeys(mode for _, mode in peer.pairs)}
    works = [work for work in options.works or every if any(work in server.works for server in theirs.values())]
    for work in works:
        servers = [s for s in (*theirs.values(), *mine.values()) if work in s.works]
        check(work, servers)
        race(work, servers, options.seconds)
    for server in (*theirs.values(), *mine.values()):
        server.close()

    command = f"python benches/peers/compare.py {options.peer}" + (f" --threads {options.threads}" if options.threads > 1 else "")
    names = ", ".join(dict.fromkeys(server.name for server in theirs.values()))
    unit = "" if works and works[0] in STEPS else " Times are for each element, value and gradient."
    section = f"""## {peer.title}

{names}; {time.strftime("%Y-%m-%d")}, {machine(cores)}: `{command}`.{unit}

{table(rows(works, peer.pairs, theirs, mine))}

Until the first result, with what is compiled or recorded for it: theirs {first_results(theirs.values())}, ours \
{first_results(mine.values())}."""
    print(section)
    if options.markdown:
        page = options.markdown.read_text()
        options.markdown.write_text(replaced(page, options.peer, section))


if __name__ == "__main__":
    main(sys.argv[1:])
