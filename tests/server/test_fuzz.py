"""The fuzzer: an application with a fault of every kind, the reported findings, and the printed tests."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

import harness
from harness import check, check_equal, test

BUILD = os.path.join(harness.ROOT, "build", harness.PRESET)
REQUESTS = 3000  # enough for every fault below, with this seed


def run(*words, program="fuzzed", seconds=240):
    done = subprocess.run([harness.program(program), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=seconds, check=False, errors="replace", encoding="utf-8")
    return done.returncode, done.stdout, done.stderr


def fuzz(*words):
    return run("fuzz", "--seed", "1", "--requests", str(REQUESTS), "--seconds", "200", "--timeout", "1", *words)


def findings(output):
    """(method, path, field, name of the promise) of each."""
    found = re.findall(r"^/\* \d+\. (\S+) (\S+?)(?:, ([^:]+))?: .* \((\w+)\)\.$", output, re.MULTILINE)
    return set(found)


def check_found(route, promise, field="", most=1):
    code, output, errors = fuzz("--route", route)
    check_equal(code, 1, f"exit code of\n{output}{errors}")
    method, path = route.split()
    found = findings(output)
    check((method, path, field, promise) in found, f"{route} {field} {promise} in\n{output}")
    check(len(found) <= most, f"{most} findings at most in\n{output}")
    return output


def compile_with(tests, folder):
    """The program, compiled with the printed tests."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        command = next(entry["command"] for entry in json.load(file) if entry["file"].endswith("tests/server/fuzzed.c"))
    words = shlex.split(command)
    while os.path.basename(words[0]) == "ccache":
        words.pop(0)
    words = words[:words.index("-o")]
    words = [word for at, word in enumerate(words) if not word.startswith("-M") and words[at - 1] not in ("-MT", "-MF")]
    printed, program = os.path.join(folder, "printed.c"), os.path.join(folder, "tests")
    with open(printed, "w", encoding="utf-8") as file:
        file.write(tests)
    libraries = ["-lpcre2-8"] if "-DTERN_WITH_PCRE2=1" in words else []
    libraries += ["-lsqlite3"] if "-DTERN_WITH_SQLITE=1" in words else []
    done = subprocess.run([*words, f'-DPRINTED_TESTS="{printed}"', os.path.join(harness.ROOT, "tests/server/fuzzed.c"),
                           "-o", program, os.path.join(BUILD, "libtern.a"), *libraries, "-pthread", "-lm"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    check_equal(done.returncode, 0, "the compiler's exit code; it says\n" + done.stdout)
    return program


@test
def correct_routes_have_no_finding():
    sound = ["POST /everything", "GET /asked/{id:int}", "POST /pictures", "POST /accounts", "POST /rows", "GET /rows",
             "GET /rows/{id}", "POST /own-shape", "POST /forms", "POST /wrapped", "GET /named"]
    for seed in ("1", "2"):
        words = [word for route in sound for word in ("--route", route)]
        code, output, errors = run("fuzz", "--seed", seed, "--requests", "3000", "--seconds", "200", *words)
        check_equal((code, findings(output)), (0, set()), f"exit code and findings of\n{output}{errors}")
        check("never succeeded" not in output and "not asked" not in output, output)


@test
def a_route_that_is_not_fuzzed_gets_no_requests():
    code, output, _ = fuzz("--route", "GET /never")
    check_equal(code, 0, "exit code")
    check(", 0 requests" in output, output)


@test
def a_crash_is_found_that_needs_a_row_first():
    output = check_found("PATCH /rows/{id}/crash", "no_crash")
    check("process crashed" in output and "SIGABRT" in output, output)
    check('tern_answer_header_of(a0, "Location"), "/crash")' in output, output)
    check('"{\\"rank\\":2147483647}"' in output, output)


@test
def a_hang_is_found_and_its_process_ended():
    output = check_found("POST /hang", "no_hang")
    check("no answer came within 1 s" in output and ".seconds = 1" in output, output)


@test
def a_leak_is_found_where_leaks_are_checked():
    if harness.PRESET != "debug":
        raise harness.Skip("only a build with AddressSanitizer sees leaks")
    check_found("POST /leak", "no_leak")


@test
def half_a_reply_is_found():
    check_found("GET /half", "answers")


@test
def a_5xx_is_found_that_needs_a_row_first():
    check_found("PATCH /rows/{id}/late", "no_5xx")


@test
def a_5xx_is_found_at_the_edge_of_a_nested_field():
    output = check_found("POST /nested", "no_5xx")
    check(re.search(r'\{\\"lines\\":\[\{\\"code\\":\\"[A-Z]{2}-[0-9]{3,5}\\",\\"copies\\":100\}\]\}', output), output)


@test
def a_reply_that_breaks_a_rule_of_returns_is_found():
    check_found("GET /wrong-model", "returns", "body.count")


@test
def a_list_whose_item_lacks_a_field_is_found():
    check_found("GET /wrong-list", "returns", "body[].name")


@test
def a_status_that_is_not_in_the_document_is_found():
    check_found("POST /undocumented", "documented")


@test
def an_accepted_wrong_field_is_found():
    check_found("POST /hides", "names_field", "body.word", most=4)


@test
def a_wrong_field_whose_error_names_another_is_found():
    check_found("POST /blames", "names_field", "body.word", most=4)


@test
def a_right_value_that_is_refused_is_found():
    check_found("POST /refuses", "takes_valid", "body.word")


@test
def an_accepted_body_that_is_not_json_is_found():
    check_found("POST /broken", "refuses_broken")


@test
def a_secret_in_a_reply_is_found():
    check_found("POST /secret", "keeps_secret", "password")


@test
def a_row_on_two_pages_is_found():
    check_found("GET /overlap", "pages")


@test
def a_405_without_allow_is_found():
    check_found("GET /no-allow", "allow")


@test
def a_head_that_differs_from_get_is_found():
    check_found("GET /no-head", "head")


@test
def the_same_seed_sends_and_finds_the_same():
    words = ("--skip", "POST /hang", "--skip", "PATCH /rows/{id}/crash")
    first, second = fuzz(*words)[1], fuzz(*words)[1]
    asked = re.compile(r"^fuzz: seed 1, (\d+ requests to \d+ routes)")
    check_equal(asked.match(first).group(1), asked.match(second).group(1), "what was asked")
    check_equal(findings(first), findings(second), "findings")


@test
def the_printed_tests_compile_and_fail():
    code, output, _ = fuzz("--requests", "7000")
    check_equal(code, 1, "exit code")
    names = set(re.findall(r"^TERN_TEST\((\w+)", output, re.MULTILINE))
    check(len(names) >= 15, output)
    with tempfile.TemporaryDirectory() as folder:
        program = compile_with("\n".join(line for line in output.splitlines() if not line.startswith("fuzz:")), folder)
        done = subprocess.run([program, "fuzz_", "--tap"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=240, check=False)
    failed = set(re.findall(r"^not ok \d+ - (\w+)", done.stdout, re.MULTILINE))
    check_equal(failed, names, "the tests that fail, of\n" + done.stdout)


@test
def a_fuzz_is_a_test_among_others():
    code, output, _ = run("finds_faults", "--tap")
    check_equal(code, 1, "exit code")
    check("not ok 1 - finds_faults" in output and "# TERN_TEST(fuzz_1_" in output, output)


@test
def an_option_that_names_no_route_fails_the_test():
    with tempfile.TemporaryDirectory() as folder:
        program = compile_with('TERN_FUZZ(slips, .skip = "GET /nowhere")\n{\n}\n', folder)
        done = subprocess.run([program, "slips", "--tap"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False)
    check_equal(done.returncode, 1, "exit code")
    check('fuzz: no route is called "GET /nowhere"' in done.stdout, done.stdout)


@test
def the_sign_in_runs_before_each_case_and_in_the_printed_test():
    with tempfile.TemporaryDirectory() as folder:
        program = compile_with('TERN_FUZZ(signed_in, .routes = "GET /no-head, POST /rows")\n{\n'
                               '    tern_test_set_header(t, "X-Token", "secret");\n}\n', folder)
        done = subprocess.run([program, "fuzz", "signed_in", "--seed", "1"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    check_equal(done.returncode, 1, "exit code")
    check("{\n    signed_in(t);\n    tern_answer *a0 = " in done.stdout, done.stdout)


@test
def a_wrong_command_line_exits_2_in_one_line():
    for words in (("--seed", "x"), ("--requests",), ("--colour", "1"), ("--route", "/nowhere"), ("--skip", "GET /no/*"),
                  ("no_such_fuzz",)):
        code, output, errors = run("fuzz", *words)
        check_equal((code, output, errors.count("\n")), (2, "", 1), " ".join(words) + ": " + errors)
    check("no route is called \"/nowhere\"" in run("fuzz", "--route", "/nowhere")[2], "the message names it")


@test
def the_help_names_every_flag():
    code, output, _ = run("fuzz", "--help")
    check_equal(code, 0, "exit code")
    for flag in ("--seed", "--requests", "--seconds", "--route", "--skip", "--header", "--timeout", "--database-url"):
        check(flag in output, output)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("fuzzed",)))
