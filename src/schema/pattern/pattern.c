#include "schema/pattern/pattern.h"

#include <stdio.h>

#ifndef TERN_WITH_PCRE2

void *pattern_compile(const char *pattern, char *why, size_t why_size)
{
    (void)pattern;
    snprintf(why, why_size, "this Tern was built without PCRE2 (-DTERN_WITH_PCRE2=ON with libpcre2-dev)");
    return NULL;
}

void *pattern_compile_named(const char *pattern, char *why, size_t why_size)
{
    return pattern_compile(pattern, why, why_size);
}

unsigned pattern_group_count(const void *pattern)
{
    (void)pattern;
    return 0;
}

void pattern_free(void *pattern)
{
    (void)pattern;
}

bool pattern_groups(const void *pattern, const char *text, size_t len, tern_str *groups, unsigned count)
{
    (void)pattern, (void)text, (void)len, (void)groups, (void)count;
    return false;
}

bool pattern_matches(const void *pattern, const char *text, size_t len, bool *gave_up)
{
    (void)pattern, (void)text, (void)len;
    *gave_up = true; /* unreachable: there are no compiled patterns */
    return false;
}

bool pattern_clock_is_up(pattern_clock *clock)
{
    (void)clock;
    return false;
}

void pattern_forget(void)
{
}

#else

#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/mem.h"

#include <pcre2.h>
#include <time.h>

/*
 * What one match may cost. PCRE2 counts backtracking for each start in the text (STEPS): linear patterns
 * never reach the limit, exponential ones are cut off. The starts are searched in runs. The first run takes
 * milliseconds even when every start scans the whole text; later runs grow while they are fast; no run begins
 * after MOST_NS of processor time.
 */
enum {
    STEPS = 20000,
    STEPS_A_BYTE = 8,
    HEAP_KIB = 8192,
    JIT_STACK_BYTES = 512 * 1024, /* a separate stack: a coroutine's is too small for the default */
    RUN_BYTES = 4 << 20,
    QUICK_NS = 500 * 1000,
    MOST_NS = 50 * 1000 * 1000,
    MANY_NS = 200 * 1000 * 1000,
    ASKED_A_LOOK = 64 /* reading the clock costs as much as a few quick matches */
};

/* Created at the first match of a process, and kept. */
static struct {
    pcre2_match_data *data;
    pcre2_match_data *groups; /* for pattern_groups */
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
} kept;

static void *take(PCRE2_SIZE size, void *unused)
{
    (void)unused;
    return mem_alloc(size);
}

static void give(void *block, void *unused)
{
    (void)unused;
    mem_free(block);
}

static void *compile(const char *pattern, uint32_t more, char *why, size_t why_size)
{
    const uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
                             PCRE2_USE_OFFSET_LIMIT | more;
    int error = PCRE2_ERROR_NOMEMORY;
    PCRE2_SIZE offset = 0;
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *context = memory != NULL ? pcre2_compile_context_create(memory) : NULL;
    pcre2_code *code = context != NULL ? pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options,
                                                       &error, &offset, context)
                                       : NULL;
    pcre2_compile_context_free(context);
    pcre2_general_context_free(memory);
    if (code == NULL) {
        PCRE2_UCHAR message[128] = "";
        pcre2_get_error_message(error, message, sizeof message);
        snprintf(why, why_size, "%s, at byte %zu", (const char *)message, offset);
        return NULL;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* if not possible, matches are interpreted */
    return code;
}

void *pattern_compile(const char *pattern, char *why, size_t why_size)
{
    return compile(pattern, 0, why, why_size);
}

void *pattern_compile_named(const char *pattern, char *why, size_t why_size)
{
    return compile(pattern, PCRE2_NO_AUTO_CAPTURE, why, why_size);
}

unsigned pattern_group_count(const void *pattern)
{
    uint32_t count = 0;
    pcre2_pattern_info(pattern, PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
}

void pattern_free(void *pattern)
{
    pcre2_code_free(pattern);
}

void pattern_forget(void)
{
    pcre2_match_data_free(kept.data);
    pcre2_match_data_free(kept.groups);
    pcre2_match_context_free(kept.context);
    pcre2_jit_stack_free(kept.stack);
    kept.data = NULL;
    kept.groups = NULL;
    kept.context = NULL;
    kept.stack = NULL;
}

static bool is_ready(void)
{
    if (kept.data != NULL)
        return true;
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    if (memory == NULL)
        return false;
    kept.data = pcre2_match_data_create(1, memory);
    kept.groups = pcre2_match_data_create(PATTERN_GROUPS_MAX + 1, memory);
    kept.context = pcre2_match_context_create(memory);
    kept.stack = pcre2_jit_stack_create(16 * 1024, JIT_STACK_BYTES, memory); /* NULL where there is no JIT */
    pcre2_general_context_free(memory);
    if (kept.data == NULL || kept.groups == NULL || kept.context == NULL) {
        pattern_forget();
        return false;
    }
    pcre2_set_heap_limit(kept.context, HEAP_KIB);
    if (kept.stack != NULL)
        pcre2_jit_stack_assign(kept.context, NULL, kept.stack);
    return true;
}

static uint64_t processor_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool pattern_clock_is_up(pattern_clock *clock)
{
    if (clock->is_up || clock->asked++ % ASKED_A_LOOK != 0)
        return clock->is_up;
    uint64_t now = processor_ns();
    if (clock->asked == 1)
        clock->began_ns = now;
    clock->is_up = now - clock->began_ns > MANY_NS;
    return clock->is_up;
}

/** The first byte of a character, at `at` or after it. */
static size_t character_from(const char *text, size_t len, size_t at)
{
    while (at < len && ((unsigned char)text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static void limit_steps(size_t len)
{
    uint64_t steps = STEPS + STEPS_A_BYTE * (uint64_t)len;
    pcre2_set_match_limit(kept.context, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
}

bool pattern_groups(const void *pattern, const char *text, size_t len, tern_str *groups, unsigned count)
{
    if (!is_ready())
        return false;
    limit_steps(len);
    pcre2_set_offset_limit(kept.context, 0);
    if (pcre2_match(pattern, (PCRE2_SPTR)text, len, 0, 0, kept.groups, kept.context) < 0)
        return false;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(kept.groups);
    for (unsigned i = 0; i < count; i++) {
        PCRE2_SIZE from = ends[2 * (i + 1)], to = ends[2 * (i + 1) + 1];
        groups[i] = from == PCRE2_UNSET ? (tern_str){NULL, 0} : (tern_str){text + from, to - from};
    }
    return true;
}

bool pattern_matches(const void *pattern, const char *text, size_t len, bool *gave_up)
{
    *gave_up = true;
    if (!is_ready())
        return false;
    limit_steps(len);
    size_t run = RUN_BYTES / (len + 1) + 1, from = 0;
    uint64_t began = run < len ? processor_ns() : 0, before = began;
    uint32_t options = 0; /* the first run checks that the text is UTF-8 */
    for (;;) {
        size_t next = run < len - from ? character_from(text, len, from + run) : len;
        pcre2_set_offset_limit(kept.context, next);
        int found = pcre2_match(pattern, (PCRE2_SPTR)text, len, from, options, kept.data, kept.context);
        if (found != PCRE2_ERROR_NOMATCH || next >= len) {
            *gave_up = found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT ||
                       found == PCRE2_ERROR_HEAPLIMIT || found == PCRE2_ERROR_JIT_STACKLIMIT ||
                       found == PCRE2_ERROR_NOMEMORY;
            return found >= 0;
        }
        uint64_t now = processor_ns();
        if (now - began > MOST_NS)
            return false; /* *gave_up stays set */
        if (now - before < QUICK_NS)
            run *= 4;
        before = now;
        from = next;
        options = PCRE2_NO_UTF_CHECK;
    }
}

#endif
