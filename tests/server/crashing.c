/** The server for test_crash.py: handlers that crash, hang and fill their stack. */
#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Hides a value from the compiler, which would otherwise detect the crash. */
static uintptr_t opaque(uintptr_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

static __attribute__((noinline, no_sanitize("undefined"))) void spoil_a_title(void)
{
    *(volatile char *)opaque(0x18) = 1;
    opaque(0);
}

static __attribute__((noinline)) int climb_for_ever(int depth)
{
    volatile char room[256];
    room[0] = (char)depth;
    if (opaque(0) != 0)
        return 0;
    return (int)opaque((uintptr_t)climb_for_ever(depth + 1)) + room[0];
}

#pragma GCC diagnostic ignored "-Wframe-larger-than="

/** Larger than a handler's stack; only its low end is written. */
static __attribute__((noinline)) void fill_low_end(void)
{
    char big[360000];
    for (size_t i = 0; i < 60000; i++)
        ((volatile char *)big)[i] = 'D';
}

#ifdef __clang__
#define UNPROBED
#else
#define UNPROBED __attribute__((optimize("no-stack-clash-protection")))
#endif
/** Like a library that was built without stack probes. */
static UNPROBED __attribute__((noinline)) void fill_low_end_unprobed(void)
{
    char big[360000];
    for (size_t i = 0; i < 60000; i++)
        ((volatile char *)big)[i] = 'D';
}

static __attribute__((noinline)) void fill_low_end_of_alloca(void)
{
    volatile char *big = __builtin_alloca(opaque(360000));
    for (size_t i = 0; i < 60000; i++)
        big[i] = 'D';
}

static const struct {
    const char *name;
    void (*call)(void);
} depths[] = {
    {"array", fill_low_end}, {"unprobed", fill_low_end_unprobed}, {"alloca", fill_low_end_of_alloca}};

TERN_HANDLER(deep)
{
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++)
        if (strcmp(depths[i].name, tern_param(c, "how")) == 0)
            depths[i].call();
    return tern_no_content(c);
}

/** Checks that its stack is unchanged after other handlers have run. */
TERN_HANDLER(keep)
{
    char here[60000];
    memset(here, 'k', sizeof here);
    __asm__ volatile("" : : "r"(here) : "memory");
    tern_log(TERN_LOG_INFO, "kept");
    tern_sleep(c, 60000);
    __asm__ volatile("" : : "r"(here) : "memory");
    for (size_t i = 0; i < sizeof here; i++)
        if (here[i] != 'k')
            abort();
    return tern_no_content(c);
}

TERN_HANDLER(pid)
{
    return tern_textf(c, "%d", (int)getpid());
}

TERN_HANDLER(crash)
{
    spoil_a_title();
    return tern_no_content(c);
}

TERN_HANDLER(overflow)
{
    climb_for_ever(0);
    return tern_no_content(c);
}

TERN_HANDLER(give_up)
{
    abort();
}

static bool say_started(void *arg)
{
    tern_log(TERN_LOG_INFO, "started %s", (const char *)arg);
    return getenv("CRASHING_START") == NULL || strcmp(getenv("CRASHING_START"), "refuse") != 0;
}

static void say_stopped(void *arg)
{
    tern_log(TERN_LOG_INFO, "stopped %s", (const char *)arg);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Crashing", .version = "0.1");
    tern_get(app, "/pid", pid);
    tern_get(app, "/crash/{id}", crash);
    tern_get(app, "/overflow", overflow);
    tern_get(app, "/abort", give_up);
    tern_get(app, "/deep/{how}", deep);
    tern_get(app, "/keep", keep);
    if (getenv("CRASHING_ROUTES") != NULL)
        tern_get(app, "/pid", crash);
    tern_on_start(app, say_started, "first");
    tern_on_start(app, say_started, "second");
    tern_on_stop(app, say_stopped, "first");
    tern_on_stop(app, say_stopped, "second");
    return tern_run(app, argc, argv);
}
