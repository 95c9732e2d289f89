"""The benchmark: every peer in bench/peers under the same load, in turns. scripts/bench starts it.

Peers: the folders of bench/peers. Tests: json plaintext params validate upload static static-small stack auth db queries fortunes updates tls h2
core; db, queries, fortunes and updates stand for two each (db-postgres, db-sqlite), tls for tls-json, tls-static,
tls-full and tls-resumed, h2 for h2-clear and h2-tls. bench/README.md describes them.
Results go to bench/results/http, those of a run with --only to build/bench-results.
"""

import argparse
import os
import signal
import subprocess
import sys

import cases
import contract
import peer as peers_of
import plan
import results
from console import Clock, Failed, Outcome, say, warn
from database import Databases
from machine import ROOT, busy_now, first_line, machine, modes  # noqa: F401  (first_line is for bench/json)
from measure import is_free, raise_file_limit

BUILD = os.path.join(ROOT, "build/release")
BUILT_PEERS = os.path.join(ROOT, "build/bench")
WORK = os.path.join(ROOT, "build/bench-work")
RESULTS = os.path.join(ROOT, "bench/results")
PUBLISHED = os.path.join(RESULTS, "http")  # the table of the project's README is made from it
BUSY = 0.15  # of the cores, before the first run


def flags(words):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, usage="scripts/bench [flags]",
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Exit code: 0 all was done; 1 something failed, and a line said what; "
                                            "2 a wrong flag; 3 nothing failed, but a tool is missing.")

    def fail(message):
        print(f"bench: {message} (scripts/bench --help)", file=sys.stderr)
        sys.exit(2)

    def number(least, most):
        def parse(text):
            if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
                raise argparse.ArgumentTypeError(f"a number from {least} to {most} is wanted, not '{text}'")
            return int(text)
        return parse

    def numbers(text):
        return sorted({number(1, 20000)(part) for part in text.split(",")})

    def names(text):
        return [part for part in text.replace(",", " ").split() if part]

    def mode_names(text):
        for name in names(text):
            if name not in ("shared", "apart"):
                raise argparse.ArgumentTypeError(f"shared or apart is wanted, not '{name}'")
        return names(text)

    parser.error = fail
    parser.add_argument("--only", type=names, default=[], metavar="NAMES", help="these peers, with commas between (all)")
    parser.add_argument("--tests", type=names, default=[], metavar="NAMES", help="these tests (all)")
    parser.add_argument("--connections", type=numbers, metavar="LIST", help="connections of the load (64,256,1000)")
    parser.add_argument("--modes", type=mode_names, default=["apart", "shared"], metavar="LIST",
                        help="apart: server and load on cores of their own; shared: both on all (apart,shared)")
    parser.add_argument("--rounds", type=number(1, 100), default=3, metavar="N", help="rounds, each with every peer (3)")
    parser.add_argument("--duration", type=number(1, 600), default=5, metavar="S", help="seconds of each run (5)")
    parser.add_argument("--quick", action="store_true",
                        help="a round of one second at 64 connections: whether it works; writes no results")
    parser.add_argument("--check", action="store_true", help="only build the peers and check what they send")
    parser.add_argument("--no-rates", dest="steady", action="store_false",
                        help="without the latency at constant rates")
    parser.add_argument("--port", type=number(1, 65535), help="a fixed port in place of any free one")
    parser.add_argument("--peers", default=os.path.join(ROOT, "bench/peers"), metavar="DIR",
                        help="the peers' folders (bench/peers)")
    parser.add_argument("--results", metavar="DIR", help="where results go (see above)")
    args = parser.parse_args(words)
    if args.quick:
        args.duration, args.rounds = 1, 1
    args.connections = args.connections or ([64] if args.quick else [64, 256, 1000])
    if args.results is None:
        args.results = os.path.join(ROOT, "build/bench-results") if args.only else PUBLISHED
    args.results = os.path.abspath(args.results)
    return args


def must(command, what):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write("\n".join(done.stdout.splitlines()[-30:]) + "\n")
        raise Failed(f"{what} failed")


def prepare_load(needs_handshakes):
    """The tools for measuring: wrk and h2load, the generator of constant rates, and that of handshakes."""
    if subprocess.run([os.path.join(ROOT, "scripts/setup"), "bench"], check=False).returncode != 0:
        raise Failed("what measures is not all there")
    say("building the load generator")
    must(["cmake", "--preset", "release"], "configuring")
    targets = ["rate", *(["handshakes"] if needs_handshakes else [])]
    must(["cmake", "--build", "build/release", "--target", *targets], "the build")


def choose_peers(args, outcome):
    found = peers_of.discover(args.peers, BUILT_PEERS, outcome)
    for name in args.only:
        if name not in found:
            outcome.failed(f"no peer named '{name}'; there are: {', '.join(found)}")
    return [peer for peer in found.values() if not args.only or peer.name in args.only]


def choose_cases(args, outcome):
    chosen, unknown = cases.choose(args.tests)
    for name in unknown:
        outcome.failed(f"no test named '{name}'; there are: {', '.join(cases.GROUPS)}")
    return chosen


def build(peers, outcome):
    """The peers that could be built; and why the others could not."""
    ready, states = [], {}
    for peer in peers:
        need = peer.missing_tool()
        if need is not None:
            states[peer.name] = "skipped"
            outcome.skipped(f"skipped {peer.name}: no {need}; {peer.install or 'install it'}")
            continue
        say(f"building {peer.name}")
        try:
            peer.build_it()
            ready.append(peer)
        except Failed as reason:
            states[peer.name] = "not built"
            outcome.failed(str(reason))
    return ready, states


def check_peer(field, peer, chosen):
    """test -> how the peer's replies are wrong, None when they are right. One server for each database and protocol."""
    found = {}
    for speaks in dict.fromkeys(case.speaks for case in chosen):
        served = [case for case in chosen if case.speaks == speaks and peer.serves(case)]
        try:
            if served:
                with field.start(peer, served[0]) as server:
                    for case in served:
                        found[case.name] = contract.fault(case, server.port, field.databases.get(case.engine),
                                                          field.certificate()[0] if case.secure else None)
        except Failed as reason:
            found.update((case.name, str(reason).removeprefix(f"{peer.name}: ")) for case in served
                         if case.name not in found)
    return found


def check(field, peers, chosen, outcome):
    """(peer, test) -> the error, for those that break the contract."""
    broken = {}
    for peer in peers:
        found, told = check_peer(field, peer, chosen), {}
        for name, reason in found.items():
            told.setdefault(reason, []).append(name)
        for reason, names in told.items():
            if reason is not None:
                broken.update(((peer.name, name), reason) for name in names)
                outcome.failed(f"{peer.name}: {', '.join(names)}: {reason}")
        if None in told:
            say(f"{peer.name} keeps the contract of {', '.join(told[None])}")
    return broken


def usable_databases(chosen, peers, databases, outcome):
    """The tests whose database is available; the others are reported."""
    usable, told = [], set()
    for case in chosen:
        try:
            if any(peer.serves(case) for peer in peers):
                databases.get(case.engine)
            usable.append(case)
        except Failed as reason:
            if case.engine not in told:
                told.add(case.engine)
                outcome.skipped(f"skipped the tests on {cases.ENGINES[case.engine]}: {reason}")
    return usable


def usable_modes(args, outcome):
    there = modes()
    for name in args.modes:
        if name not in there:
            outcome.failed(f"a machine of one core has no mode '{name}'")
    return {name: there[name] for name in there if name in args.modes}


def quiet_share():
    """Reports a machine that is busy with other work, since its figures mean little."""
    busy = busy_now()
    if busy > BUSY:
        warn(f"the cores are {busy:.0%} busy with other things; the figures will be noise")
    return busy


def measure_all(field, ready, states, chosen, args, outcome):
    broken = check(field, ready, chosen, outcome)
    if args.check:
        return
    work = {case: [peer for peer in ready if peer.serves(case) and (peer.name, case.name) not in broken]
            for case in chosen}
    clock = Clock(sum(plan.steps(case, peers, args, field.modes) for case, peers in work.items()),
                  plan.seconds_a_step(args))
    say(f"{clock.steps} runs, about {clock.left()}")
    about = results.about(args, machine(), quiet_share(), field)
    for case, peers in work.items():
        if not peers:
            waiting = [peer.name for peer in field.peers if peer.will_serve(case)]
            say(f"{case.name}: no peer to measure" + (f"; not yet: {', '.join(waiting)}" if waiting else ""))
        run = plan.Run(field, case, peers, args, clock, outcome)
        run.everything()
        found = results.gather(about, run, states, broken)
        if args.quick:
            continue
        results.write(args.results, found)
    if not args.quick:
        results.write_overview(args.results, is_published=args.results == PUBLISHED)
        say(f"wrote {os.path.relpath(args.results, ROOT)}")


def interrupted(*_):
    raise KeyboardInterrupt


def main(words):
    args = flags(words)
    outcome = Outcome()
    databases = Databases()
    raise_file_limit()
    signal.signal(signal.SIGTERM, interrupted)  # servers end with the harness
    try:
        if args.port and not is_free(args.port):
            outcome.failed(f"port {args.port} is busy; any free one is taken instead")
            args.port = None
        peers, chosen = choose_peers(args, outcome), choose_cases(args, outcome)
        if peers and chosen:
            if not args.check:
                prepare_load(any(case.load == "handshakes" for case in chosen))
            wanted = [peer for peer in peers if any(peer.serves(case) or peer.will_serve(case) for case in chosen)]
            ready, states = build(wanted, outcome)
            chosen = usable_databases(chosen, ready, databases, outcome)
            field = plan.Field(peers, usable_modes(args, outcome), args.port, WORK, databases)
            measure_all(field, ready, states, chosen, args, outcome)
    except Failed as reason:
        outcome.failed(str(reason))
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 130
    finally:
        databases.close()
    return outcome.exit_code()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
