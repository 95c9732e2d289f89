/**
 * The unit tests' own small harness.
 *
 * A test file is one program: TEST(sentence_as_a_name) { ... } registers itself; check.c holds `main`, which
 * runs every test in a fresh child process (a crash fails one test, not the rest) and prints a TAP line for
 * each.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
} check_test;

void check_register(check_test *test);
/** Ends the running test as failed, with a printf-style reason. */
_Noreturn void check_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Ends the running test as skipped, with the reason. */
_Noreturn void check_skip(const char *reason);
void check_bytes(const char *file, int line, const void *seen, size_t seen_len, const void *want,
                 size_t want_len);
void check_text(const char *file, int line, const char *seen, const char *want);

#ifndef TERN_FAULTS
/* In a build without injected faults (mem.h) a test that asks for one skips itself. */
#define mem_fail_at(n, for_good) check_skip("allocations can be made to fail only with TERN_FAULTS")
#define mem_tried()              0UL
#endif

/** Set by a constructor: what is called before the first test and after the last one, each in a process as a
 * test has one. */
extern void (*check_before_all)(void), (*check_after_all)(void);

#define TEST(sentence)                                                                                       \
    static void sentence(void);                                                                              \
    static check_test sentence##_test = {#sentence, sentence, NULL};                                         \
    __attribute__((constructor)) static void sentence##_register(void)                                       \
    {                                                                                                        \
        check_register(&sentence##_test);                                                                    \
    }                                                                                                        \
    static void sentence(void)

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            check_fail(__FILE__, __LINE__, "%s is false", #condition);                                       \
    } while (0)

#define CHECK_INT(seen, want)                                                                                \
    do {                                                                                                     \
        long long seen_ = (long long)(seen), want_ = (long long)(want);                                      \
        if (seen_ != want_)                                                                                  \
            check_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #seen, seen_, want_);                     \
    } while (0)

/** Compares NUL-terminated text; NULL equals only NULL. */
#define CHECK_TEXT(seen, want) check_text(__FILE__, __LINE__, seen, want)
#define CHECK_BYTES(seen, seen_len, want, want_len)                                                          \
    check_bytes(__FILE__, __LINE__, seen, seen_len, want, want_len)

#endif
