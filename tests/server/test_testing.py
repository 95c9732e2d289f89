"""The test client: a program of tests that pass, fail, crash and hang, and its reports."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import harness
from harness import check, check_equal, test


def run(*words):
    done = subprocess.run([harness.program("testing"), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def reason(output, name):
    """The lines below the result of the test `name`."""
    lines = output.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("not ok") and line.endswith("- " + name))
    found = []
    for line in lines[at + 1:]:
        if not line.startswith("# "):
            break
        found.append(line[2:])
    return "\n".join(found)


@test
def tests_that_pass_give_tap_and_exit_0():
    code, output, _ = run("passes_", "--jobs", "3")
    check_equal(code, 0, "exit code of\n" + output)
    lines = output.splitlines()
    check_equal(lines[0], "ok 1 - passes_json_in_any_order_and_form")
    check_equal(lines[-1], "1..5")
    check_equal(len(lines), 6, "lines")


@test
def a_failed_test_exits_1_and_the_others_run():
    code, output, _ = run("by_condition", "passes_json")
    check_equal(code, 1, "exit code")
    check("ok 1 - passes_json" in output and "not ok 2 - fails_by_condition" in output, output)
    text = reason(output, "fails_by_condition")
    check("testing.c:" in text and "1 + 1 == 3 is false" in text, text)


@test
def a_wrong_status_shows_request_answer_and_output():
    text = reason(run("fails_by_status")[1], "fails_by_status")
    for part in ("the status is 422 Unprocessable Content, expected 200 OK", "asked: POST /echo", '"text": 1',
                 "application/problem+json", '"location": [', "What it printed:", "said <by> the test"):
        check(part in text, f"{part!r} in\n{text}")


@test
def a_json_difference_is_shown_where_it_is():
    text = reason(run("fails_by_json")[1], "fails_by_json")
    check('first at "/items/0/title": another value' in text, text)
    removed = [line.strip() for line in text.splitlines() if line.startswith("  - ")]
    added = [line.strip() for line in text.splitlines() if line.startswith("  + ")]
    check_equal(removed, ['-       "title": "Bread",'], "wanted lines")
    check_equal(added, ['+       "title": "Milk",'], "seen lines")
    check("^" in text, text)


@test
def a_text_difference_marks_the_line():
    text = reason(run("fails_by_text")[1], "fails_by_text")
    check("    part 0\n  - part X\n  + part 1\n         ^\n    part 2" in text, text)


@test
def a_header_difference_shows_both():
    text = reason(run("fails_by_header")[1], "fails_by_header")
    check("  - text/plain\n  + application/json\n" in text, text)


@test
def providers_are_replaced_for_one_test_and_put_back():
    code, output, _ = run("provides_")
    check_equal(code, 0, "exit code of\n" + output)
    check_equal(output.splitlines()[-1], "1..7")


@test
def a_replaced_provider_that_no_route_needs_fails_the_test():
    text = reason(run("refuses_a_provider")[1], "refuses_a_provider_that_no_route_needs")
    check("testing.c:" in text and "no route needs the provider unused" in text, text)


@test
def a_served_application_and_replaced_providers_do_not_go_together():
    output = run("refuses_")[1]
    text = reason(output, "refuses_serving_with_a_replaced_provider")
    check("tern_test_serve starts the application in another process, where no provider is replaced" in text, text)
    text = reason(output, "refuses_replacing_a_provider_of_a_served_application")
    check("tern_test_serve has started the application with its own providers" in text, text)


@test
def a_crash_fails_its_test_with_a_report():
    code, output, _ = run("crashes_", "passes_json")
    check_equal(code, 1, "exit code")
    text = reason(output, "crashes_in_a_handler")
    check("crash" in text or "ended with code" in text, text)
    check("GET /crash" in text and "SIGSEGV" in text, text)
    check("ok 1 - passes_json" in output, output)


@test
def a_hang_ends_at_its_time_limit_with_a_report():
    text = reason(run("hangs_")[1], "hangs_in_a_handler")
    check("did not end within its 1 s" in text and "GET /hang" in text, text)


@test
def a_test_that_leaves_the_process_has_not_passed():
    code, output, _ = run("fails_by_leaving")
    check_equal(code, 1, "exit code")
    text = reason(output, "fails_by_leaving")
    check("ended with code 0 before the test did" in text, text)


@test
def a_leak_fails_its_test_where_leaks_are_checked():
    if harness.PRESET != "debug":
        raise harness.Skip("only a build with AddressSanitizer sees leaks")
    code, output, _ = run("leaks_memory")
    check_equal(code, 1, "exit code")
    text = reason(output, "leaks_memory")
    check("a leak?" in text and "77 byte" in text, text)


@test
def junit_is_well_formed_for_any_output_of_a_test():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "junit.xml")
        code, _, _ = run("fails_by_", "passes_json", "--junit", path)
        check_equal(code, 1, "exit code")
        suite = xml.etree.ElementTree.parse(path).getroot()
    check_equal((suite.get("tests"), suite.get("failures")), ("7", "6"))
    cases = {case.get("name"): case for case in suite}
    check_equal(cases["passes_json_in_any_order_and_form"].find("failure"), None)
    failed = cases["fails_by_status"]
    check("the status is 422" in failed.find("failure").get("message"), "the message names the status")
    check('said <by> the test & "quoted" \ufffd' in failed.find("system-out").text, failed.find("system-out").text)


@test
def names_are_listed_and_chosen_by_words():
    code, output, _ = run("--list", "by_")
    check_equal(code, 0, "exit code")
    check_equal(output.splitlines()[:2], ["passes_by_a_real_port", "fails_by_status"])


@test
def a_wrong_command_line_exits_2_in_one_line():
    for words in (("no_such_test",), ("--jobs", "0"), ("--jobs",), ("--colour",), ("--junit",)):
        code, output, errors = run(*words)
        check_equal((code, output, errors.count("\n")), (2, "", 1), " ".join(words))


@test
def a_junit_file_that_cannot_be_written_is_a_failure():
    code, _, errors = run("passes_json", "--junit", "/nowhere/junit.xml")
    check_equal(code, 1, "exit code")
    check("/nowhere/junit.xml" in errors, errors)


if __name__ == "__main__":
    sys.exit(harness.main(programs=("testing",)))
