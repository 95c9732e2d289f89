"""Installs the release build under a temporary prefix and builds the README's first program against it."""

import glob
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build/release")


SPOILING = """#include <tern.h>
TERN_HANDLER(overrun)
{
    char *text = tern_alloc(c, 16);
    for (int i = 0; i < 40; i++)
        ((volatile char *)text)[i] = 'x';
    return tern_text(c, text);
}
TERN_HANDLER(stale)
{
    static char *kept;
    if (kept == NULL)
        kept = tern_sprintf(c, "hello");
    return tern_textf(c, "%s", kept);
}
int main(int argc, char **argv)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/overrun", overrun);
    tern_get(app, "/stale", stale);
    return tern_run(app, argc, argv);
}
"""


MODELS = """#include <tern.h>
TERN_MODEL(Todo, (int64_t, id, .key = true), (const char *, title))
static inline int64_t in_header(tern_ctx *c)
{
    return tern_count(c, Todo, .where = "head = 1");
}
int64_t in_library(tern_ctx *c);
int64_t in_other(tern_ctx *c);
"""

CALLING = """#include "models.h"
int64_t in_%s(tern_ctx *c)
{
    return in_header(c) + tern_count(c, Todo, .where = "%s = 1");
}
"""

CHECKED = """#include "models.h"
TERN_HANDLER(count)
{
    return tern_textf(c, "%ld", (long)(in_header(c) + in_library(c) + in_other(c) + tern_count(c, Todo, .where = "own = 1")));
}
int main(int argc, char **argv)
{
    tern_app *app = tern_app_new();
    tern_database(app, TERN_TYPE(Todo));
    tern_get(app, "/", count);
    return tern_run(app, argc, argv);
}
"""


class Wrong(Exception):
    """The installed library does not meet an expectation."""


def must(command, cwd=ROOT, **more):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode != 0:
        raise Wrong(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


def readme_program():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        for block in re.findall(r"^```c\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL):
            if "int main" in block:
                return block
    raise Wrong("README.md holds no C program")


def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def install(folder):
    prefix = os.path.join(folder, "prefix")
    must(["cmake", "--install", BUILD, "--prefix", prefix])
    return prefix


def pkg_config_dir(prefix):
    found = glob.glob(os.path.join(prefix, "lib*/**/pkgconfig/tern.pc"), recursive=True)
    if len(found) != 1:
        raise Wrong(f"tern.pc is there {len(found)} times")
    return os.path.dirname(found[0])


def build_with_pkg_config(folder, package):
    prefix = install(folder)
    where = pkg_config_dir(prefix)
    env = dict(os.environ, PKG_CONFIG_PATH=where)
    words = must(["pkg-config", "--cflags", "--libs", package], env=env).split()
    write(folder, "main.c", readme_program())
    must(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "main.c", "-o", "app", *words], cwd=folder)
    return os.path.dirname(where)


def pkg_config_builds_one_file_that_needs_no_library_of_ours(folder):
    build_with_pkg_config(folder, "tern")
    must([os.path.join(folder, "app"), "--check"])
    if "libtern" in must(["readelf", "-d", os.path.join(folder, "app")]):
        raise Wrong("the program was to hold the library, but loads it")


def pkg_config_builds_against_the_shared_library(folder):
    libraries = build_with_pkg_config(folder, "tern-shared")
    must([os.path.join(folder, "app"), "--check"], env=dict(os.environ, LD_LIBRARY_PATH=libraries))
    if "libtern.so.0" not in must(["readelf", "-d", os.path.join(folder, "app")]):
        raise Wrong("the program does not load libtern.so.0")


def programs_are_compiled_with_stack_probes_unless_they_say_no(folder):
    env = dict(os.environ, PKG_CONFIG_PATH=pkg_config_dir(install(folder)))
    write(folder, "main.c", readme_program())
    for more, is_warned in ([], False), (["--define-variable=stack_flags="], True):
        words = must(["pkg-config", *more, "--cflags", "--libs", "tern"], env=env).split()
        for compiler in ("gcc", "clang"):
            must([compiler, "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "main.c", "-o", "app", *words], cwd=folder)
            done = subprocess.run([os.path.join(folder, "app"), "--host", "unix:/nowhere/app"], cwd=folder, text=True,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=30)
            if ("without -fstack-clash-protection" in done.stderr) != is_warned:
                raise Wrong(f"{compiler} {more}: {done.stderr}")


def a_sanitizer_build_brings_its_flags_and_names_the_request(folder):
    prefix = os.path.join(folder, "prefix")
    must(["cmake", "--install", os.path.join(ROOT, "build/debug"), "--prefix", prefix])
    env = dict(os.environ, PKG_CONFIG_PATH=pkg_config_dir(prefix))
    words = must(["pkg-config", "--cflags", "--libs", "tern"], env=env).split()
    write(folder, "main.c", SPOILING)
    must(["gcc", "-std=gnu17", "-g", "main.c", "-o", "app", *words], cwd=folder)
    for paths, what in (("/overrun",), "heap-buffer-overflow"), (("/stale", "/stale"), "heap-use-after-free"):
        with subprocess.Popen([os.path.join(folder, "app"), "--port", "0", "--workers", "0"], cwd=folder, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as app:
            port = int(re.search(r":(\d+)\"", app.stderr.readline()).group(1))
            for path in paths:
                with socket.create_connection(("127.0.0.1", port), 30) as client:
                    client.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
                    while client.recv(65536):
                        pass
            report = app.stderr.read()
        if what not in report or f"came while serving GET {paths[0]} route={paths[0]}" not in report:
            raise Wrong(report)


def pkg_config_gives_the_headers_as_a_systems(folder):
    """The compiler then omits the contents of macros from its messages. Headers under /usr are system headers
    already."""
    where = pkg_config_dir(install(folder))
    for package in ("tern", "tern-shared"):
        words = must(["pkg-config", "--cflags", package], env=dict(os.environ, PKG_CONFIG_PATH=where)).split()
        if "-isystem" not in words:
            raise Wrong(f"{package}: {' '.join(words)}")
    must(["cmake", "--install", BUILD, "--prefix", "/usr"], env=dict(os.environ, DESTDIR=os.path.join(folder, "root")))
    with open(os.path.join(pkg_config_dir(os.path.join(folder, "root/usr")), "tern.pc"), encoding="utf-8") as file:
        if "-isystem" in file.read():
            raise Wrong("under /usr the headers would come before those of C++")


def find_package_builds_against_the_static_library(folder):
    prefix = install(folder)
    source = os.path.join(folder, "source")
    write(source, "main.c", readme_program())
    write(source, "CMakeLists.txt", """cmake_minimum_required(VERSION 3.25)
project(app LANGUAGES C)
find_package(Tern 0.1 REQUIRED)
add_executable(app main.c)
target_link_libraries(app PRIVATE Tern::tern)
""")
    build = os.path.join(folder, "build")
    must(["cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}"])
    must(["cmake", "--build", build])
    must([os.path.join(build, "app"), "--check"])
    if "libtern" in must(["readelf", "-d", os.path.join(build, "app")]):
        raise Wrong("the program was to hold the library, but loads it")


def public_headers(include):
    paths = sorted(glob.glob(os.path.join(include, "**/*.h"), recursive=True))
    return [os.path.relpath(path, include) for path in paths]


EMBEDDING = """#include <tern.h>
TERN_EMBEDDED(web);
int main(int argc, char **argv)
{
    tern_app *app = tern_app_new();
    tern_frontend(app, "/", web);
    return tern_run(app, argc, argv);
}
"""


def embedding_program(folder):
    """A program, and a front-end whose page is to be compiled into it."""
    source = os.path.join(folder, "source")
    write(source, "main.c", EMBEDDING)
    os.makedirs(os.path.join(source, "dist"))
    write_page(source, "<title>one</title>")
    return source


def write_page(source, text):
    with open(os.path.join(source, "dist/index.html"), "w", encoding="ascii") as file:
        file.write(text)


def check_page(program, wanted):
    """Runs the program where its files are not, and asks for its page."""
    with tempfile.TemporaryDirectory() as elsewhere:
        path = os.path.join(elsewhere, "socket")
        server = subprocess.Popen([program, "--host", f"unix:{path}", "--workers", "1"], cwd=elsewhere, stderr=subprocess.PIPE, text=True)
        try:
            for line in server.stderr:
                if "listening on" in line:
                    break
            got = must(["curl", "-s", "--unix-socket", path, "http://app/"])
        finally:
            server.terminate()
            server.communicate()
        if got != wanted:
            raise Wrong(f"the page is {got!r}, not {wanted!r}")


def cmake_compiles_a_folder_into_a_program(folder):
    prefix = install(folder)
    source = embedding_program(folder)
    write(source, "CMakeLists.txt", """cmake_minimum_required(VERSION 3.25)
project(app LANGUAGES C)
find_package(Tern 0.1 REQUIRED)
add_executable(app main.c)
target_compile_options(app PRIVATE -Wall -Wextra -Werror)
target_link_libraries(app PRIVATE Tern::tern)
tern_embed(app web dist)
""")
    build = os.path.join(folder, "build")
    must(["cmake", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release"])
    must(["cmake", "--build", build])
    check_page(os.path.join(build, "app"), "<title>one</title>")
    write_page(source, "<title>two</title>")
    must(["cmake", "--build", build])
    check_page(os.path.join(build, "app"), "<title>two</title>")
    shutil.rmtree(os.path.join(source, "dist"))
    done = subprocess.run(["cmake", build], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 0 or "a front-end is built before" not in " ".join(done.stdout.split()):
        raise Wrong(done.stdout)


def a_makefile_compiles_a_folder_into_a_program(folder):
    prefix = install(folder)
    source = embedding_program(folder)
    env = dict(os.environ, PKG_CONFIG_PATH=pkg_config_dir(prefix))
    write(source, "Makefile", """EMBED = $(shell pkg-config --variable=bindir tern)/tern-embed
app: main.c web.c
\t$(CC) -std=gnu17 -Wall -Wextra -Werror main.c web.c -o app $(shell pkg-config --cflags --libs tern)
web.c: $(shell find dist)
\t$(EMBED) web dist web.c
""")
    must(["make"], cwd=source, env=env)
    check_page(os.path.join(source, "app"), "<title>one</title>")
    write_page(source, "<title>two</title>")
    must(["make", "CC=clang"], cwd=source, env=env)
    check_page(os.path.join(source, "app"), "<title>two</title>")


def embedding_refuses_what_it_cannot_embed_by_name(folder):
    program = os.path.join(install(folder), "bin/tern-embed")
    source = embedding_program(folder)
    write(os.path.join(source, "odd"), "a\"b.txt", "x")
    os.makedirs(os.path.join(source, "empty"))
    for words, wanted in ((["1web", "dist", "o.c"], "cannot be the name of a variable"), (["web", "none", "o.c"], "does not exist"),
                          (["web", "empty", "o.c"], "has no files"), (["web", "odd", "o.c"], "a quote"), (["web"], "usage"),
                          (["web", "dist", "/nowhere/o.c"], "cannot be written")):
        done = subprocess.run([program, *words], cwd=source, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0 or wanted not in done.stderr:
            raise Wrong(f"{words}: {done.returncode} {done.stderr}")


def every_public_header_compiles_alone(folder):
    include = os.path.join(install(folder), "include")
    for name in public_headers(include):
        write(folder, "alone.c", f"#include <{name}>\nint alone;\n")
        for standard in ("gnu17", "c2x"):
            must(["gcc", f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{include}", "alone.c"],
                 cwd=folder)


def cplusplus_gets_what_holds_no_handler_and_one_clear_error_else(folder):
    include = os.path.join(install(folder), "include")
    for name in public_headers(include):
        write(folder, "alone.cc", f"#include <{name}>\nint alone;\n")
        done = subprocess.run(["clang", "-x", "c++", "-std=c++17", "-Wall", "-Wextra", "-fsyntax-only", f"-I{include}",
                               "alone.cc"], cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
        errors = re.findall(r"error: (.*)", done.stderr)
        if name in ("tern/each.h", "tern/log.h", "tern/page.h", "tern/shared.h", "tern/store.h", "tern/str.h",
                    "tern/value.h"):
            if done.returncode != 0:
                raise Wrong(f"{name}: {done.stderr}")
        elif not errors or "handlers are written in C" not in errors[0]:
            raise Wrong(f"{name}: not refused in one clear line, but: {errors}")


def public_headers_define_only_names_of_tern(_folder):
    include = os.path.join(ROOT, "include")
    for name in public_headers(include):
        macros = must(["gcc", "-std=gnu17", "-E", "-dD", f"-I{include}", os.path.join(include, name)])
        is_own = False
        for line in macros.splitlines():
            if line.startswith("# "):
                is_own = include in line
            elif is_own and re.match(r"#define (?!TERN_|tern_)", line):
                raise Wrong(f"{name}: {line}")


def declared_names():
    include = os.path.join(ROOT, "include")
    both = "#include <tern.h>\n#include <tern/test.h>\n#include <tern/fetch_test.h>\n#include <tern/mail_test.h>\n"
    text = subprocess.run(["gcc", "-std=gnu17", "-E", "-P", f"-I{include}", "-xc", "-"], input=both, text=True,
                          stdout=subprocess.PIPE, check=True).stdout
    text = re.sub(r"typedef [^;{}]*;", "", text)  # function types
    described = re.findall(r"extern tern_type ([^;]*);", text) + re.findall(r"extern const [\w ]*\b(tern_\w+);", text)
    return set(re.findall(r"\b(tern_\w+)\(", text)) | set(re.findall(r"\w+", " ".join(described)))


def check_exports(library, lines):
    """The library exports exactly what the headers declare: no private name that could clash, and no name missing."""
    names = {line.split()[-1] for line in lines if re.search(r" [A-Z] ", line)}
    if names - declared_names():
        raise Wrong(f"{library} exports {' '.join(sorted(names - declared_names()))}")
    # A name that ends in an underscore may be internal to the header's macros.
    missing = {name for name in declared_names() - names if not name.endswith("_")}
    if missing:
        raise Wrong(f"{library} lacks {' '.join(sorted(missing))}")


def the_shared_library_exports_what_the_headers_declare(_folder):
    lines = must(["nm", "-D", "--defined-only", os.path.join(BUILD, "libtern.so")]).splitlines()
    check_exports("libtern.so", lines)


def the_static_library_exports_what_the_headers_declare(_folder):
    lines = must(["nm", "-g", "--defined-only", os.path.join(BUILD, "libtern.a")]).splitlines()
    check_exports("libtern.a", lines)


def an_application_may_use_the_names_inside(folder):
    prefix = install(folder)
    env = dict(os.environ, PKG_CONFIG_PATH=pkg_config_dir(prefix))
    words = must(["pkg-config", "--cflags", "--libs", "tern"], env=env).split()
    inside = must(["nm", "-g", "--defined-only", os.path.join(BUILD, "libtern_with_internals.a")])
    names = sorted(set(re.findall(r" [A-Z] (?!tern_)(\w+)$", inside, re.MULTILINE)))
    if len(names) < 100:
        raise Wrong(f"found only {len(names)} names inside")
    taken = "".join(f"int {name} = 1;\n" for name in names)
    write(folder, "taken.c", taken)
    write(folder, "main.c", readme_program())
    must(["gcc", "-std=gnu17", "main.c", "taken.c", "-o", "app", *words], cwd=folder)
    must([os.path.join(folder, "app"), "--check"])


def release_programs_are_hardened(_folder):
    program = os.path.join(BUILD, "examples/hello")
    header, dynamic, segments = (must(["readelf", flag, program]) for flag in ("-h", "-d", "-lW"))
    if "DYN (" not in header:
        raise Wrong("not position-independent")
    if "BIND_NOW" not in dynamic and "NOW" not in dynamic:
        raise Wrong("symbols are bound late, so the tables stay writable")
    if "GNU_RELRO" not in segments:
        raise Wrong("no RELRO segment")
    stack = next(line for line in segments.splitlines() if "GNU_STACK" in line)
    if "RWE" in stack:
        raise Wrong("the stack is executable")


def calls_of_all_files_and_libraries_are_checked_however_they_are_linked(folder):
    where = pkg_config_dir(install(folder))
    env = dict(os.environ, PKG_CONFIG_PATH=where, LD_LIBRARY_PATH=f"{folder}:{os.path.dirname(where)}")
    write(folder, "models.h", MODELS)
    for name in ("library", "other"):
        write(folder, f"{name}.c", CALLING % (name, name))
    write(folder, "main.c", CHECKED)
    linkers = ["bfd"] + [name for name in ("gold", "lld") if shutil.which(f"ld.{name}") is not None]
    for compiler, linker, package, flags in itertools.product(("gcc", "clang"), linkers, ("tern", "tern-shared"),
                                                              (["-O0", "-g"], ["-O2", "-fPIE", "-flto"])):
        if "-flto" in flags and (compiler, linker) != ("gcc", "bfd"):
            flags = ["-O2", "-fPIE", "-ffunction-sections", "-fdata-sections"]
        words = must(["pkg-config", "--cflags", "--libs", package], env=env).split()
        cflags = [word for word in words if not word.startswith(("-l", "-L", "-Wl"))]
        what = [compiler, "-std=gnu17", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", f"-fuse-ld={linker}", *flags]
        must([*what, "-shared", "-fPIC", "library.c", "-o", "liblibrary.so", *cflags], cwd=folder)
        must([*what, "main.c", "other.c", "-o", "app", "-L.", "-llibrary", "-Wl,--gc-sections", *words], cwd=folder)
        must(["strip", "app"], cwd=folder)
        done = subprocess.run(["./app", "check"], cwd=folder, env=env, text=True, capture_output=True, check=False)
        told = re.findall(r"^(?:\./)?(\w+\.[ch]):(\d+): error: tern_count\(Todo\): there is no column \"(\w+)\" \[name\]$", done.stdout,
                          re.MULTILINE)
        if sorted(told) != [("library.c", "4", "library"), ("main.c", "4", "own"), ("models.h", "5", "head"), ("other.c", "4", "other")]:
            raise Wrong(f"{' '.join(what)} {package}: {done.stdout}{done.stderr}")
    must(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-DTERN_WITHOUT_SQL_NOTES", "-c", "main.c", *cflags], cwd=folder)
    if "tern_sql" in must(["readelf", "-SW", os.path.join(folder, "main.o")]):
        raise Wrong("-DTERN_WITHOUT_SQL_NOTES leaves notes")


def the_debian_package_holds_the_library(folder):
    must(["cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-G", "DEB", "-B", folder])
    package, = glob.glob(os.path.join(folder, "*.deb"))
    must(["dpkg-deb", "-x", package, os.path.join(folder, "root")])
    held = {os.path.basename(path) for path in glob.glob(os.path.join(folder, "root/usr/**"), recursive=True)}
    missing = {"tern.h", "app.h", "libtern.a", "libtern.so", "tern.pc", "TernConfig.cmake"} - held
    if missing:
        raise Wrong(f"the package lacks {' '.join(sorted(missing))}")


TESTS = [
    pkg_config_builds_one_file_that_needs_no_library_of_ours,
    pkg_config_builds_against_the_shared_library,
    programs_are_compiled_with_stack_probes_unless_they_say_no,
    a_sanitizer_build_brings_its_flags_and_names_the_request,
    pkg_config_gives_the_headers_as_a_systems,
    find_package_builds_against_the_static_library,
    cmake_compiles_a_folder_into_a_program,
    a_makefile_compiles_a_folder_into_a_program,
    embedding_refuses_what_it_cannot_embed_by_name,
    every_public_header_compiles_alone,
    cplusplus_gets_what_holds_no_handler_and_one_clear_error_else,
    public_headers_define_only_names_of_tern,
    the_shared_library_exports_what_the_headers_declare,
    the_static_library_exports_what_the_headers_declare,
    an_application_may_use_the_names_inside,
    release_programs_are_hardened,
    calls_of_all_files_and_libraries_are_checked_however_they_are_linked,
    the_debian_package_holds_the_library,
]


def main():
    failed = 0
    for number, test in enumerate(TESTS, 1):
        folder = tempfile.mkdtemp(prefix="tern-package-")
        try:
            test(folder)
            print(f"ok {number} - {test.__name__}", flush=True)
        except Wrong as reason:
            failed += 1
            print("\n".join(f"# {line}" for line in str(reason).splitlines()))
            print(f"not ok {number} - {test.__name__}", flush=True)
        finally:
            shutil.rmtree(folder)
    print(f"1..{len(TESTS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
