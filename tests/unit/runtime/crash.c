#include "check.h"

#include "base/sanitize.h"
#include "runtime/coro.h"
#include "runtime/crash.h"
#include "runtime/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNCHECKED __attribute__((noinline, no_sanitize("undefined")))

/** Hides a value from the compiler, which would otherwise detect the crash. */
static uintptr_t opaque(uintptr_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

/* -- ways to crash; the report must contain the names of these static functions -- */

static UNCHECKED void writes_through_null(void)
{
    *(volatile char *)opaque(0x18) = 1;
}

static UNCHECKED void dereferences_null(void)
{
    writes_through_null();
    opaque(0); /* keeps the call above from being a tail call */
}

static UNCHECKED void jumps_nowhere(void)
{
    ((void (*)(void))opaque(0x1230))();
    opaque(0);
}

static UNCHECKED void gives_up(void)
{
    abort();
}

static UNCHECKED int recurses_for_ever(int depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    if (opaque(0) != 0)
        return 0;
    return (int)opaque((uintptr_t)recurses_for_ever(depth + 1)) + room[0];
}

static void overflow_coroutine(void *unused)
{
    (void)unused;
    recurses_for_ever(0);
    opaque(0);
}

static UNCHECKED void overflows_a_coroutine(void)
{
    CHECK(loop_open());
    coro_start(overflow_coroutine, NULL);
}

static void *crash_thread(void *unused)
{
    writes_through_null();
    return unused;
}

static UNCHECKED void crashes_on_a_thread(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, crash_thread, NULL) == 0);
    pthread_join(thread, NULL);
}

/* -- helpers -- */

static size_t describe(void *self, char *out, size_t size)
{
    const char *text = self;
    size_t len = strlen(text);
    CHECK(len < size);
    memcpy(out, text, len);
    return len;
}

static size_t describe_badly(void *self, char *out, size_t size)
{
    (void)self, (void)out, (void)size;
    *(volatile char *)opaque(0x28) = 1;
    return 0;
}

static const worker_service service = {.self = "GET /todos/7 request=abc123", .describe = describe};

/** Runs `crash` in a child that reports to `record`, with its standard error discarded; returns the wait
 * status. */
static int crash_child(crash_record *record, const worker_service *by, void (*crash)(void), pid_t *child)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK(freopen("/dev/null", "w", stderr) != NULL);
        if (crash_install(record, by))
            crash();
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    *child = pid;
    return status;
}

/** Crashes a child and returns its report. */
static const char *report_of(void (*crash)(void), int want_signal)
{
    static char text[CRASH_TEXT_MAX];
    crash_record *record = crash_region(1);
    CHECK(record != NULL);
    pid_t pid;
    int status = crash_child(record, &service, crash, &pid);
    CHECK_INT(record->signal, want_signal);
    if (WIFSIGNALED(status))
        CHECK_INT(WTERMSIG(status), want_signal);
    else
        CHECK(BASE_ASAN && WIFEXITED(status) && WEXITSTATUS(status) != 0); /* its handler runs after ours */
    size_t len = crash_text(record, pid, text, sizeof text, NULL);
    CHECK_INT(len, strlen(text));
    crash_region_free(record, 1);
    return text;
}

static void check_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        check_fail(__FILE__, __LINE__, "no \"%s\" in:\n%s", part, text);
}
#define CHECK_PART(text, part) check_part(text, part)

/* -- tests -- */

TEST(threat_108_crash_report_names_signal_request_and_static_functions)
{
    const char *text = report_of(dereferences_null, SIGSEGV);
    CHECK_PART(text,
               "crashed: SIGSEGV (member at offset 0x18 of a NULL pointer) at address 0x18, serving GET "
               "/todos/7 request=abc123\n");
    CHECK_PART(text, "\n#0 writes_through_null+0x");
    CHECK_PART(text, "\n#1 dereferences_null+0x");
    CHECK_PART(text, "(unit_runtime_crash)\n#2 crash_child+0x");
    CHECK(strstr(text, "on_crash") == NULL);
}

TEST(crash_report_finds_the_caller_of_a_jump_to_a_bad_address)
{
    const char *text = report_of(jumps_nowhere, SIGSEGV);
    CHECK_PART(text, "SIGSEGV (no memory there) at address 0x1230");
    CHECK_PART(text, "\n#0 0x1230\n#1 jumps_nowhere+0x");
    CHECK_PART(text, "crash_child+0x");
}

TEST(crash_report_shows_who_called_abort)
{
    const char *text = report_of(gives_up, SIGABRT);
    CHECK_PART(text, "SIGABRT (abort or a failed assertion), serving GET");
    CHECK_PART(text, " gives_up+0x");
}

TEST(threat_120_stack_overflow_of_a_coroutine_is_called_so)
{
    const char *text = report_of(overflows_a_coroutine, SIGSEGV);
    CHECK_PART(text, "SIGSEGV (stack overflow)");
    CHECK_PART(text, "recurses_for_ever+0x");
    CHECK_PART(text, " times\n");
    CHECK_PART(text, " frames left out)\n#");
    CHECK_PART(text, " overflow_coroutine+0x"); /* how it began */
}

TEST(crash_report_of_another_thread_does_not_blame_the_request)
{
    const char *text = report_of(crashes_on_a_thread, SIGSEGV);
    CHECK_PART(text, " on a thread of its own\n#0 writes_through_null+0x");
    CHECK_PART(text, "crash_thread+0x");
    CHECK(strstr(text, "serving") == NULL);
}

static int raised;
static UNCHECKED void raises(void)
{
    raise(raised);
    opaque(0); /* no tail call */
}

TEST(crash_handler_records_each_signal_and_dies_by_it)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        raised = signals[i];
        CHECK_PART(report_of(raises, raised), "raises+0x");
    }
}

TEST(crash_handler_keeps_the_signal_when_describing_faults)
{
    const worker_service bad = {.describe = describe_badly};
    crash_record *record = crash_region(1);
    pid_t pid;
    int status = crash_child(record, &bad, dereferences_null, &pid);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(WTERMSIG(status), SIGSEGV);
    CHECK_INT(record->signal, SIGSEGV);
    CHECK_INT(record->address, 0x18);
    crash_region_free(record, 1);
}

static void exit_seven(int number)
{
    (void)number;
    _exit(7);
}

TEST(crash_handler_calls_the_previous_handler)
{
    crash_record *record = crash_region(1);
    CHECK(signal(SIGSEGV, exit_seven) != SIG_ERR);
    pid_t pid;
    int status = crash_child(record, &service, dereferences_null, &pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 7);
    CHECK_INT(record->signal, SIGSEGV);
    CHECK(record->frame_count > 1);
    crash_region_free(record, 1);
}

static void forks_a_child_that_crashes(void)
{
    pid_t pid = fork();
    if (pid == 0)
        writes_through_null();
    waitpid(pid, NULL, 0);
}

TEST(crash_of_a_workers_own_child_is_not_the_workers)
{
    crash_record *record = crash_region(1);
    pid_t pid;
    int status = crash_child(record, &service, forks_a_child_that_crashes, &pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(record->signal, 0);
    CHECK(!crash_log(record, pid, status));
    crash_region_free(record, 1);
}

/** Runs `run(arg)` in a child and returns what it wrote on standard error. */
static const char *stderr_of(void (*run)(void))
{
    static char text[16384];
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(ends[1]);
    size_t len = 0;
    ssize_t got;
    while (len + 1 < sizeof text && (got = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return text;
}

static void crashes_alone(void)
{
    if (crash_install(NULL, &service))
        dereferences_null();
}

TEST(crash_without_a_master_is_printed_by_the_process_itself)
{
    const char *text = stderr_of(crashes_alone);
    CHECK(strncmp(text, "process ", 8) == 0);
    CHECK_PART(text, "serving GET /todos/7 request=abc123\n#0 writes_through_null+0x");
    CHECK_PART(text, "\n#1 dereferences_null+0x");
    if (BASE_ASAN)
        CHECK_PART(text, "AddressSanitizer: SEGV on unknown address");
}

static void logs_a_crash(void)
{
    setenv("TERN_LOG_FORMAT", "json", 1);
    crash_record record = {.signal = SIGFPE, .code = FPE_INTDIV, .doing = "GET /\n\x1b[2J", .doing_len = 10};
    record.frames[0] = (uint64_t)(uintptr_t)logs_a_crash;
    record.frame_count = 1;
    CHECK(crash_log(&record, 4711, SIGFPE));
    CHECK_INT(record.signal, 0);
    CHECK(!crash_log(&record, 4711, 3 << 8)); /* exit(3) is not a crash, and the old record is gone */
    CHECK(!crash_log(&record, 4711, SIGTERM));
}

TEST(crash_log_is_one_event_and_clears_the_record)
{
    const char *text = stderr_of(logs_a_crash);
    CHECK_PART(text,
               "\"level\":\"error\",\"message\":\"process 4711 crashed: SIGFPE (integer division by zero), "
               "serving GET /??[2J\"");
    CHECK_PART(text, "\"worker_pid\":4711,\"signal\":\"SIGFPE\",\"serving\":\"GET /\\n\\u001b[2J\"");
    CHECK_PART(text, "\"backtrace\":\"#0 logs_a_crash+0x0 (unit_runtime_crash)");
    CHECK(strchr(text, '\n') == text + strlen(text) - 1);
}

static void logs_without_a_record(void)
{
    setenv("TERN_LOG_FORMAT", "human", 1);
    crash_record record = {0};
    CHECK(crash_log(&record, 4711, SIGSEGV));
}

TEST(crash_log_reports_a_crash_that_left_no_record)
{
    CHECK_PART(stderr_of(logs_without_a_record),
               "process 4711 crashed: SIGSEGV (so hard that nothing was recorded)");
}

TEST(crash_text_does_not_trust_the_counts_of_the_record)
{
    crash_record record;
    memset(&record, 0xff, sizeof record);
    char text[CRASH_TEXT_MAX];
    size_t len = crash_text(&record, 1, text, sizeof text, NULL);
    CHECK_INT(len, strlen(text));
    CHECK_PART(text, "#0 0xffffffffffffffff, 48 times\n(4294967295 frames left out)\n#4294967343 ");
}

TEST(crash_text_fits_any_room)
{
    crash_record record = {
        .signal = SIGSEGV, .code = SEGV_MAPERR, .frame_count = 2, .doing = "GET /", .doing_len = 5};
    for (size_t size = 0; size < 200; size++) {
        char text[200];
        memset(text, 'x', sizeof text);
        size_t len = crash_text(&record, 1, text, size, NULL);
        CHECK(size == 0 || (len < size && text[len] == '\0'));
        for (size_t i = size; i < sizeof text; i++)
            CHECK_INT(text[i], 'x');
    }
}

static void logs_a_crash_without_addr2line(void)
{
    setenv("PATH", "/nowhere", 1);
    logs_a_crash();
}

TEST(crash_log_without_addr2line_has_names)
{
    CHECK_PART(stderr_of(logs_a_crash_without_addr2line),
               "\"backtrace\":\"#0 logs_a_crash+0x0 (unit_runtime_crash)\\n\"");
}

static void logs_a_crash_with_slow_addr2line(void)
{
    char folder[] = "/tmp/tern_slow_XXXXXX", path[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/addr2line", folder);
    CHECK(symlink("/usr/bin/yes", path) == 0); /* it never ends, and its output is nonsense */
    setenv("PATH", folder, 1);
    logs_a_crash();
    unlink(path);
    rmdir(folder);
}

TEST(crash_log_neither_trusts_nor_waits_for_addr2line)
{
    CHECK_PART(stderr_of(logs_a_crash_with_slow_addr2line), "#0 logs_a_crash+0x0 (unit_runtime_crash)");
}
