"""Mistakes that the compiler must catch in an application, with the message it gives."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLAGS = ["-std=gnu17", "-Wall", "-Wextra", "-Wformat=2", "-Werror", "-fsyntax-only", f"-I{ROOT}/include", "-x", "c", "-"]
HANDLER = "#include <tern.h>\nTERN_HANDLER(h)\n{\n    const char *q = tern_query(c, \"q\");\n    %s\n" \
          "    return tern_text(c, q);\n}\nconst tern_handler *kept = h;\n"

# (sentence, statement of the handler, what the compiler says; None: it must compile)
CASES = [
    ("a_handler_without_mistakes_compiles", "tern_set_header(c, \"X-Q\", tern_sprintf(c, \"%s\", q));", None),
    ("threat_083_text_of_the_client_is_no_format_of_tern_sprintf", "tern_sprintf(c, q);", "format-"),
    ("threat_083_text_of_the_client_is_no_format_of_tern_textf", "return tern_textf(c, q);", "format-"),
    ("threat_083_text_of_the_client_is_no_format_of_tern_fail", "tern_fail(c, 400, q);", "format-"),
    ("threat_083_text_of_the_client_is_no_format_of_tern_log", "tern_log(TERN_INFO, q);", "format-"),
    ("a_wrong_type_in_tern_fail_is_refused", "tern_fail(c, 400, \"%s\", 5);", "format"),
    ("a_handler_function_in_place_of_a_handler_is_refused",
     "tern_app *app = tern_app_new(); tern_get(app, \"/\", h_run); (void)q;", "incompatible"),
]


def complaint(compiler, statement):
    done = subprocess.run([compiler, *FLAGS], input=HANDLER % statement, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout if done.returncode != 0 else None


def main():
    failed = 0
    compiler = os.environ.get("CC", "cc")
    for number, (sentence, statement, wanted) in enumerate(CASES, 1):
        seen = complaint(compiler, statement)
        if (seen is None) != (wanted is None) or (wanted is not None and wanted not in seen):
            failed += 1
            print("\n".join(f"# {line}" for line in (seen or "it compiles").splitlines()))
            print("not ", end="")
        print(f"ok {number} - {sentence}")
    print(f"1..{len(CASES)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
