/* The words for a crash record. crash_text runs in a signal handler too: no stdio, no heap, no lock. */
#include "base/log.h"
#include "base/text.h"
#include "runtime/crash.h"
#include "runtime/source_lines.h"
#include "runtime/symbols.h"

#include <tern/log.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

_Static_assert((int)CRASH_FRAMES_MAX <= (int)SYMBOLS_PLACES_MAX, "every frame is looked up at once");

/* The code in place of si_code when the handler had no chance: a signal stack overrun, a second fault. */
enum { UNRECORDED = INT32_MIN };

/* A smaller frame does not overflow a stack by itself: that is a recursion. */
enum { LARGE_FRAME_BYTES = 16 * 1024 };

/* No memory is mapped below it (vm.mmap_min_addr): an address there is a member or an item of a NULL
 * pointer. */
enum { NULL_BYTES = 64 * 1024 };

static const struct {
    int signal;
    const char *name;
} names[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGFPE, "SIGFPE"},
    {SIGILL, "SIGILL"},   {SIGABRT, "SIGABRT"}, {SIGSYS, "SIGSYS"},
};

/** Why the kernel sent it, in words; code 0 is for every other code of its signal. */
static const struct {
    int signal, code;
    const char *why;
} reasons[] = {
    {SIGSEGV, SEGV_MAPERR, "no memory there"},
    {SIGSEGV, SEGV_ACCERR, "memory there does not allow it"},
    {SIGSEGV, 0, "bad address"},
    {SIGBUS, BUS_ADRALN, "misaligned address"},
    {SIGBUS, BUS_ADRERR, "the file behind the memory ends before it"},
    {SIGBUS, 0, "memory failed"},
    {SIGFPE, FPE_INTDIV, "integer division by zero"},
    {SIGFPE, FPE_INTOVF, "integer overflow"},
    {SIGFPE, 0, "arithmetic"},
    {SIGILL, 0, "not an instruction"},
    {SIGSYS, 0, "system call not allowed"},
};

static const char *signal_name(int number)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].signal == number)
            return names[i].name;
    return NULL;
}

static const char *reason_for(const crash_record *record)
{
    if (record->code == UNRECORDED)
        return "so hard that nothing was recorded";
    if (record->is_stack_overflow)
        return "stack overflow";
    if (record->signal == SIGABRT)
        return "abort or a failed assertion";
    if (record->code <= 0)
        return "sent by a process";
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].signal == record->signal && (reasons[i].code == record->code || reasons[i].code == 0))
            return reasons[i].why;
    return "unknown reason";
}

/* -- text in a fixed room -- */

typedef struct line {
    char *at, *end; /* end is the place of the last NUL */
} line;

static void put_bytes(line *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len && out->at < out->end; i++)
        *out->at++ = text[i];
}

static void put(line *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

static void put_number(line *out, uint64_t value)
{
    char digits[20];
    put_bytes(out, digits, text_put_u64(digits, value));
}

static void put_hex(line *out, uint64_t value)
{
    put(out, "0x");
    unsigned shift = 60;
    while (shift > 0 && value >> shift == 0)
        shift -= 4;
    for (;; shift -= 4) {
        put_bytes(out, &"0123456789abcdef"[value >> shift & 15], 1);
        if (shift == 0)
            return;
    }
}

/** It holds what a client sent: everything but printable ASCII becomes '?', so that it stays one line. */
static void put_tame(line *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        put_bytes(out, text[i] >= ' ' && text[i] < 0x7f ? &text[i] : "?", 1);
}

static size_t doing_len(const crash_record *record)
{
    return record->doing_len < sizeof record->doing ? record->doing_len : sizeof record->doing;
}

static void put_reason(line *out, const crash_record *record)
{
    bool is_near_null =
        record->signal == SIGSEGV && record->code == SEGV_MAPERR && record->address < NULL_BYTES;
    if (is_near_null && record->address == 0) {
        put(out, "NULL pointer");
    } else if (is_near_null && record->frames[0] != record->address) { /* otherwise it jumped there */
        put(out, "member at offset ");
        put_hex(out, record->address);
        put(out, " of a NULL pointer");
    } else {
        put(out, reason_for(record));
    }
    if (record->is_stack_overflow && record->frame_bytes >= LARGE_FRAME_BYTES) {
        put(out, " in a frame of ");
        put_number(out, record->frame_bytes);
        put(out, " bytes");
    }
}

static void put_headline(line *out, const crash_record *record, pid_t pid)
{
    const char *name = signal_name(record->signal);
    put(out, "process ");
    put_number(out, (uint64_t)pid);
    put(out, " crashed: ");
    put(out, name != NULL ? name : "unknown signal");
    put(out, " (");
    put_reason(out, record);
    put(out, ")");
    if (record->code > 0 && (record->signal == SIGSEGV || record->signal == SIGBUS)) {
        put(out, " at address ");
        put_hex(out, record->address);
    }
    if (record->is_other_thread)
        put(out, " on a thread of its own");
    size_t len = doing_len(record);
    if (len != 0) {
        put(out, ", serving ");
        put_tame(out, record->doing, len);
    }
}

static void put_place(line *out, const symbols_place *place, uint64_t address, const char *source)
{
    if (place->function[0] != '\0')
        put(out, place->function);
    else
        put_hex(out, address);
    if (place->function[0] != '\0' || place->object[0] != '\0') {
        put(out, place->function[0] != '\0' ? "+" : " at ");
        put_hex(out, place->offset + (address - place->address));
    }
    if (place->object[0] != '\0') {
        put(out, " (");
        put(out, place->object);
        put(out, ")");
    }
    if (source[0] != '\0') {
        put(out, " at ");
        put(out, source);
    }
}

/** How many frames from `first` on, before `end`, are the same place. */
static unsigned count_same(const crash_record *record, unsigned first, unsigned end)
{
    unsigned same = 1;
    while (first + same < end && record->frames[first + same] == record->frames[first])
        same++;
    return same;
}

/** One line a frame; a recursion is one line with its count. */
static void put_frames(line *out, const crash_record *record, bool has_lines)
{
    static symbols_place places[CRASH_FRAMES_MAX]; /* too large for a signal stack */
    static source_line lines[CRASH_FRAMES_MAX];
    unsigned count = record->frame_count < CRASH_FRAMES_MAX ? record->frame_count : CRASH_FRAMES_MAX;
    /* A return address may be past its function's end when the call was the last instruction. */
    for (unsigned i = 0; i < count; i++)
        places[i].address = record->frames[i] - (i > 0 && record->frames[i] > 0);
    symbols_resolve(places, count);
    if (has_lines)
        source_lines_find(places, count, lines);
    uint32_t left_out = count == CRASH_FRAMES_MAX ? record->left_out : 0;
    for (unsigned i = 0, same; i < count; i += same) {
        bool is_inner = i < CRASH_INNER_FRAMES;
        same = count_same(record, i, left_out != 0 && is_inner ? CRASH_INNER_FRAMES : count);
        if (left_out != 0 && i == CRASH_INNER_FRAMES) {
            put(out, "\n(");
            put_number(out, left_out);
            put(out, " frames left out)");
        }
        put(out, "\n#");
        put_number(out, i + (is_inner ? 0 : (uint64_t)left_out));
        put(out, " ");
        put_place(out, &places[i], record->frames[i], lines[i]);
        if (same > 1) {
            put(out, ", ");
            put_number(out, same);
            put(out, " times");
        }
    }
}

static size_t write_report(const crash_record *record, pid_t pid, bool has_lines, char *out, size_t size,
                           size_t *headline_len)
{
    if (size < 2) {
        if (size == 1)
            out[0] = '\0';
        return 0;
    }
    line text = {.at = out, .end = out + size - 2}; /* room for the last line end and the NUL */
    put_headline(&text, record, pid);
    if (headline_len != NULL)
        *headline_len = (size_t)(text.at - out);
    put_frames(&text, record, has_lines);
    *text.at++ = '\n';
    *text.at = '\0';
    return (size_t)(text.at - out);
}

size_t crash_text(const crash_record *record, pid_t pid, char *out, size_t size, size_t *headline_len)
{
    return write_report(record, pid, false, out, size, headline_len);
}

/* -- the master's log -- */

/** People read a frame a line, below the event. */
static void print_frames(const char *frames)
{
    size_t len = strlen(frames);
    while (len != 0) {
        ssize_t wrote = write(STDERR_FILENO, frames, len);
        if (wrote <= 0)
            return;
        frames += wrote;
        len -= (size_t)wrote;
    }
}

bool crash_log(crash_record *record, pid_t pid, int wait_status)
{
    static char text[CRASH_TEXT_MAX];
    if (record->signal == 0) {
        if (!WIFSIGNALED(wait_status) || signal_name(WTERMSIG(wait_status)) == NULL)
            return false;
        record->signal = WTERMSIG(wait_status);
        record->code = UNRECORDED;
    }
    size_t headline_len;
    write_report(record, pid, true, text, sizeof text, &headline_len);
    char *frames = text + headline_len;
    *frames++ = '\0'; /* was a line end: crash_text ends every line */
    char doing[CRASH_DOING_MAX + 1];
    size_t len = doing_len(record);
    memcpy(doing, record->doing, len);
    doing[len] = '\0';
    const char *name = signal_name(record->signal);
    const tern_log_field fields[] = {
        {.name = "worker_pid", .number = pid},
        {.name = "signal", .text = name != NULL ? name : "unknown"},
        {.name = "serving", .text = doing},
        {.name = "backtrace", .text = frames[0] != '\0' ? frames : "none"},
    };
    bool is_for_people = log_is_human();
    tern_log_event(TERN_LOG_ERROR, text, fields, sizeof fields / sizeof fields[0] - is_for_people);
    if (is_for_people && tern_log_enabled(TERN_LOG_ERROR))
        print_frames(frames);
    memset(record, 0, sizeof *record);
    return true;
}
