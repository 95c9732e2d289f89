"""The order of measurements: every peer in turns, a fresh server each time, the order reversed in each round."""

import os

import cases
import load
import machine
import measure
from console import Failed, say, warn

WARM_UP_S = 1
IDLE_CONNECTIONS = 10000
YARDSTICK = "fiber"  # half of it is the common rate
OVERHEAD_S = 2.5  # of a run: start, settling, warm-up, stop; a first guess


class Field:
    """The participating peers, and how to start them."""

    def __init__(self, peers, modes, port, work, databases):
        """`work` is a folder for the servers' output and the load's input."""
        self.peers, self.modes, self.port, self.work, self.databases = peers, modes, port, work, databases
        self.static = cases.make_static(os.path.join(work, "static"))

    def start(self, peer, case, cores=()):
        """A server of the peer on these cores (all by default), one worker for each."""
        port = self.port or measure.free_port()
        workers = len(cores) or len(os.sched_getaffinity(0))
        settings = {"BENCH_PORT": str(port), "BENCH_WORKERS": str(workers), "BENCH_STATIC": self.static,
                    "BENCH_LISTEN": "127.0.0.1", "BENCH_PROTOCOL": case.protocol}
        if case.logs:
            settings["BENCH_LOG"] = self.new_log(peer)
        if case.secure:
            settings["BENCH_CERT"], settings["BENCH_KEY"] = self.certificate()
        database = self.databases.get(case.engine)
        if database is not None:
            settings["BENCH_DATABASE"] = database.url
        return measure.Server(peer.name, peer.command(), port, ",".join(map(str, cores)), peer.folder, settings,
                              os.path.join(self.work, f"{peer.name}.log"), case.secure, case.protocol)

    def new_log(self, peer):
        """The empty file that the peer logs its requests to."""
        path = os.path.join(self.work, f"{peer.name}-requests.log")
        with open(path, "w", encoding="utf-8"):
            return path

    def certificate(self):
        """The files of a certificate for this machine and of its key, ECDSA P-256; made at first use."""
        names = os.path.join(self.work, "certificate.pem"), os.path.join(self.work, "key.pem")
        if not all(map(os.path.exists, names)):
            machine.make_certificate(*names)
        return names


class Run:
    """The measurements of one test."""

    def __init__(self, field, case, peers, args, clock, outcome):
        self.field, self.case, self.peers, self.args, self.clock = field, case, peers, args, clock
        self.outcome = outcome
        self.runs, self.rates, self.idle, self.failures = [], [], {}, []

    def everything(self):
        self.closed_loop()
        if self.args.steady and self.case.has_rates:
            self.constant_rate()
        if self.case.keeps_idle:
            self.idle_connections()

    def turns(self, number):
        return self.peers if number % 2 == 0 else list(reversed(self.peers))

    def attempt(self, peer, work, what):
        """One step. A failure is reported, and not tried again in later rounds."""
        self.clock.step()
        if any((failure["peer"], failure["what"]) == (peer.name, what) for failure in self.failures):
            return
        try:
            work()
        except Failed as reason:
            why = str(reason).removeprefix(f"{peer.name}: ")
            self.failures.append({"peer": peer.name, "what": what, "why": why})
            self.outcome.failed(f"{self.case.name}: {peer.name}: {what}: {why}")

    def closed_loop(self):
        for number in range(self.args.rounds):
            for mode, how in self.field.modes.items():
                for depth in self.case.depths:
                    for connections in self.case.connections or self.args.connections:
                        for peer in self.turns(number):
                            place = {"peer": peer.name, "mode": mode, "connections": connections, "depth": depth,
                                     "round": number + 1}
                            self.attempt(peer, lambda peer=peer, how=how, place=place: self.one(peer, how, place),
                                         f"{mode}, {connections:,} connections" +
                                         (f", {depth} in a packet" if depth > 1 else ""))

    def one(self, peer, how, place):
        case, connections, depth = self.case, place["connections"], place["depth"]
        self.pin_database(how)
        with self.field.start(peer, case, how["server"]) as server:
            idle_kib = server.settled_memory_kib()
            load.warm_up(server, case, connections, WARM_UP_S, depth, how)
            run = load.most(server, case, connections, self.args.duration, depth, how)
        run.update(place, start_ms=server.start_ms, pss_idle_kib=idle_kib)
        self.runs.append(run)
        self.tell(place, f"{run['requests_per_second']:9,.0f} requests/s {run['cpu_us_per_request']:7.2f} us of CPU")

    def pin_database(self, how):
        database = self.field.databases.get(self.case.engine)
        if database is not None:
            database.pin(how["load"])

    def tell(self, place, figures):
        depth = f" x{place['depth']}" if place["depth"] > 1 else ""
        say(f"{self.case.name:14} {place['mode']:6} {place['connections']:5}{depth}  round {place['round']}/"
            f"{self.args.rounds}  {place['peer']:12} {figures}; {self.clock.left()} left")

    def maxima(self, mode, connections):
        """peer -> median requests per second."""
        found = {}
        for run in self.runs:
            if run["mode"] == mode and run["connections"] == connections and run["depth"] == 1:
                found.setdefault(run["peer"], []).append(run["requests_per_second"])
        return {name: measure.summary(values)["median"] for name, values in found.items()}

    def constant_rate(self):
        """Latency at half of each peer's maximum, and at a common rate for all that can sustain it."""
        mode = next(iter(self.field.modes))
        how, connections = self.field.modes[mode], rate_connections(self.args)
        maxima = self.maxima(mode, connections)
        if not maxima:
            return
        common = rounded(maxima.get(YARDSTICK, measure.summary(maxima.values())["median"]) / 2)
        for number in range(self.args.rounds):
            for kind in ("own", "common"):
                for peer in self.turns(number):
                    most = maxima.get(peer.name, 0)
                    rate = rounded(most / 2) if kind == "own" else common
                    if most < rate:
                        self.clock.step()
                        continue
                    place = {"peer": peer.name, "mode": mode, "connections": connections, "depth": 1, "kind": kind,
                             "wanted": rate, "round": number + 1}
                    self.attempt(peer, lambda peer=peer, how=how, place=place: self.one_steady(peer, how, place),
                                 f"{mode}, {rate:,} requests/s")

    def one_steady(self, peer, how, place):
        self.pin_database(how)
        with self.field.start(peer, self.case, how["server"]) as server:
            run = load.steady(server, self.case, place["connections"], place["wanted"], self.args.duration, how)
        run.update(place)
        self.rates.append(run)
        self.tell(place, f"{place['wanted']:9,} requests/s kept: p99 {run['p99_us'] / 1000:.2f} ms")

    def idle_connections(self):
        how = next(iter(self.field.modes.values()))
        count = 1000 if self.args.quick else IDLE_CONNECTIONS
        most = measure.raise_file_limit() - 100
        if most < count:
            warn(f"{self.case.name}: only {most} idle connections: the limit of open files (ulimit -n) allows no more")
            count = most
        for peer in self.turns(0):
            def work(peer=peer):
                with self.field.start(peer, self.case, how["server"]) as server:
                    self.idle[peer.name] = {"connections": count, "bytes": load.idle_connection_bytes(server, count)}
                say(f"{self.case.name:14} {count} idle connections  {peer.name:12} "
                    f"{self.idle[peer.name]['bytes']:,.0f} bytes each; {self.clock.left()} left")
            self.attempt(peer, work, f"{count:,} idle connections")


def rate_connections(args):
    """The middle of the list."""
    return sorted(args.connections)[len(args.connections) // 2]


def rounded(rate):
    """To two digits."""
    rate, unit = int(rate), 1
    while rate >= unit * 100:
        unit *= 10
    return max(1, rate // unit * unit)


def steps(case, peers, args, modes):
    closed = args.rounds * len(modes) * len(case.depths) * len(case.connections or args.connections)
    rates = args.rounds * 2 if args.steady and case.has_rates else 0
    return (closed + rates + case.keeps_idle) * len(peers)


def seconds_a_step(args):
    return args.duration + WARM_UP_S + OVERHEAD_S
