"""Answers that are sent before the request's body has arrived: every client receives them, directly and through proxies
with their default configuration. Tools that this machine lacks are skipped and reported."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile

import harness
from harness import Program, Skip, check, check_equal, shared, test, wait_for
from ports import free_port

TIMES, BYTES = 20, 20 << 20
TARGETS = ("/ignore", "/echo", "/nowhere")  # a handler that does not read, a body that is too large, no route
EXPECTED = {"/ignore": 200, "/echo": 413, "/nowhere": 404}

NODE = """
const [port, times, bytes, ...targets] = process.argv.slice(2);
const body = new Uint8Array(Number(bytes));
for (const target of targets) {
    const seen = {};
    for (let i = 0; i < Number(times); i++) {
        let result;
        try {
            const reply = await fetch(`http://127.0.0.1:${port}${target}`, { method: 'POST', body });
            await reply.text();
            result = String(reply.status);
        } catch (error) {
            result = String(error.cause?.code ?? error.cause ?? error);
        }
        seen[result] = (seen[result] ?? 0) + 1;
    }
    console.log(target, Object.entries(seen).map(([name, count]) => `${name}:${count}`).join(','));
}
"""

GO = """
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

func main() {
	times, _ := strconv.Atoi(os.Args[2])
	size, _ := strconv.Atoi(os.Args[3])
	body := make([]byte, size)
	for _, target := range os.Args[4:] {
		seen := map[string]int{}
		for i := 0; i < times; i++ {
			reply, err := http.Post("http://127.0.0.1:"+os.Args[1]+target, "application/octet-stream", bytes.NewReader(body))
			result := fmt.Sprint(err)
			if err == nil {
				io.Copy(io.Discard, reply.Body)
				reply.Body.Close()
				result = strconv.Itoa(reply.StatusCode)
			}
			seen[result]++
		}
		fmt.Print(target, " ")
		for name, count := range seen {
			fmt.Printf("%s:%d,", name, count)
		}
		fmt.Println()
	}
}
"""


def need(program):
    path = shutil.which(program) or next((path for path in (f"/usr/sbin/{program}", f"/usr/local/go/bin/{program}")
                                          if os.path.exists(path)), None)
    if path is None:
        raise Skip(f"{program} is not installed")
    return path


def run_client(command, port):
    arguments = [str(port), str(TIMES), str(BYTES), *TARGETS]
    done = subprocess.run(command + arguments, capture_output=True, text=True, timeout=300, check=False)
    check_equal(done.returncode, 0, done.stderr[-500:])
    for line, target in zip(done.stdout.splitlines(), TARGETS, strict=True):
        check_equal(line.rstrip(","), f"{target} {EXPECTED[target]}:{TIMES}", "what the client got")


def ask_by_python(port):
    body = bytes(BYTES)
    for target in TARGETS:
        for _ in range(TIMES):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                client.request("POST", target, body, {"Content-Type": "application/octet-stream"})
            except (BrokenPipeError, ConnectionResetError):
                pass  # it may get an error while it sends; the answer is there nevertheless
            check_equal(client.getresponse().status, EXPECTED[target], target)
            client.close()


@test
def threat_124_node_reads_an_answer_that_comes_early():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "client.mjs")
        with open(path, "w", encoding="ascii") as file:
            file.write(NODE)
        run_client([need("node"), path], shared().port)


@test
def threat_124_go_reads_an_answer_that_comes_early():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "client.go")
        with open(path, "w", encoding="ascii") as file:
            file.write(GO)
        run_client([need("go"), "run", path], shared().port)


@test
def threat_124_python_reads_an_answer_that_comes_early():
    ask_by_python(shared().port)


@test
def threat_124_curl_reads_an_answer_that_comes_early():
    curl = need("curl")
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(BYTES)
        for target in TARGETS:
            for line in ("Expect:", "X: y"):
                done = subprocess.run([curl, "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", line, "--data-binary",
                                       "@" + file.name, f"http://127.0.0.1:{shared().port}{target}"],
                                      capture_output=True, text=True, timeout=60, check=False)
                check_equal((done.returncode, done.stdout), (0, str(EXPECTED[target])), f"{target}, {line}")


# -- proxies as they are installed -------------------------------------------------------------------------------------

class Proxy(Program):
    """A proxy in front of the shared server, with its own configuration in its own folder."""

    def __init__(self, folder, command, config):
        self.port = free_port()
        path = os.path.join(folder, "config")
        with open(path, "w", encoding="ascii") as file:
            file.write(config.format(folder=folder, port=self.port, server=shared().port))
        port = self.port
        super().__init__([part.format(path=path, folder=folder) for part in command])
        self.port = port
        wait_for(lambda: self._is_listening() or self.process.poll() is not None, text="the proxy listens")
        check(self.process.poll() is None, f"the proxy runs: {self.lines[-5:]}")

    def _is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        self.process.terminate()
        self.wait()


def ask_through(name, command, config):
    program = need(name)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Proxy(folder, [program, *command], config) as proxy:
            ask_by_python(proxy.port)


@test
def threat_124_nginx_passes_an_early_answer_on():
    ask_through("nginx", ["-p", "{folder}", "-c", "{path}", "-e", "stderr", "-g", "daemon off;"], """
pid {folder}/pid;
events {{ }}
http {{
    access_log off;
    client_max_body_size 100m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{server}; }}
    }}
}}
""")


@test
def threat_124_apache_passes_an_early_answer_on():
    modules = "/usr/lib/apache2/modules"
    if not os.path.isdir(modules):
        raise Skip("Apache's modules are not installed")
    ask_through("apache2", ["-f", "{path}", "-DFOREGROUND"], f"""
ServerName localhost
ServerRoot {{folder}}
PidFile {{folder}}/pid
DefaultRuntimeDir {{folder}}
ErrorLog /dev/stderr
Listen 127.0.0.1:{{port}}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
ProxyPass / http://127.0.0.1:{{server}}/
""")


@test
def threat_124_haproxy_passes_an_early_answer_on():
    ask_through("haproxy", ["-f", "{path}", "-db"], """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend in
    bind 127.0.0.1:{port}
    default_backend out
backend out
    server tern 127.0.0.1:{server}
""")


# -- bounds ------------------------------------------------------------------------------------------------------------

@test
def threat_124_a_client_that_never_stops_sending_is_dropped():
    with harness.Server("--drain-timeout", "1s") as server, server.connect() as client:
        client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n")
        check_equal(client.read().status, 413)
        check_equal(client.socket.recv(1), b"", "the end of the answer")
        for _ in range(100):
            client.send(bytes(1 << 20))


if __name__ == "__main__":
    sys.exit(harness.main())
