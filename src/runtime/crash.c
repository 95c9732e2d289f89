/*
 * The signal handler of a dying worker. Everything it calls is async-signal-safe: it may not allocate, lock
 * or use stdio, since the fault may have come from the middle of any of these. The unwinder is libgcc's own,
 * which finds its tables without a lock. If anything here hangs, an alarm ends the process; if it faults, the
 * kernel does, because the crash signals are blocked. What is in the record by then stays.
 */
#include "runtime/crash.h"

#include "base/sanitize.h"
#include "runtime/coro.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#if BASE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

enum {
    STACK_BYTES = 64 * 1024,
    HANG_S = 5,
    FRAME_MOST_BYTES = 1 << 26,
    PROBED_BYTES = 4096,  /* at a time, by both compilers */
    WALKED_MAX = 1 << 20, /* frames; more than that is a circle */
    OUTER_FRAMES = CRASH_FRAMES_MAX - CRASH_INNER_FRAMES
};

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
enum { SIGNALS = sizeof crash_signals / sizeof crash_signals[0] };

/** What the handler needs, in one place: a signal handler has no argument for it. */
static struct crash_state {
    crash_record *record;
    crash_record own; /* of a process without a master */
    worker_service service;
    pid_t process, thread;
    struct sigaction before[SIGNALS];
    atomic_flag is_crashing;
} state = {.is_crashing = ATOMIC_FLAG_INIT};

crash_record *crash_region(unsigned slots)
{
    void *region =
        mmap(NULL, slots * sizeof(crash_record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return region == MAP_FAILED ? NULL : region;
}

void crash_region_free(crash_record *records, unsigned slots)
{
    if (records != NULL)
        munmap(records, slots * sizeof *records);
}

static pid_t thread_id(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* -- the interrupted code -- */

static uint64_t interrupted_at(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return context->uc_mcontext.pc;
#else
#error "crash.c does not know where this processor keeps the interrupted address"
#endif
}

/** Makes the context that of the caller, as if the function that was jumped to had returned at once. */
static void step_out(ucontext_t *context)
{
#if defined(__x86_64__)
    greg_t *stack = &context->uc_mcontext.gregs[REG_RSP];
    memcpy(&context->uc_mcontext.gregs[REG_RIP], (const void *)(uintptr_t)*stack, sizeof(greg_t));
    *stack += (greg_t)sizeof(greg_t);
#elif defined(__aarch64__)
    context->uc_mcontext.pc = context->uc_mcontext.regs[30];
#endif
}

/** The low end of the innermost frame. Probes of a large frame move the stack pointer page by page to the
 * address in r11; both compilers use that register. */
static uint64_t interrupted_stack(const ucontext_t *context)
{
#if defined(__x86_64__)
    uint64_t at = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
    uint64_t goal = (uint64_t)context->uc_mcontext.gregs[REG_R11];
    return goal < at && at - goal < FRAME_MOST_BYTES && (at - goal) % PROBED_BYTES == 0 ? goal : at;
#elif defined(__aarch64__)
    return context->uc_mcontext.sp;
#endif
}

/** Past the inner frames, only the last few are kept, in a ring: they tell how the recursion began. */
static void add_frame(crash_record *record, uint64_t address)
{
    if (record->frame_count < CRASH_FRAMES_MAX)
        record->frames[record->frame_count++] = address;
    else
        record->frames[CRASH_INNER_FRAMES + record->left_out++ % OUTER_FRAMES] = address;
}

/** Turns the ring so that it begins with its oldest frame. */
static void straighten_frames(crash_record *record)
{
    uint64_t ring[OUTER_FRAMES];
    memcpy(ring, record->frames + CRASH_INNER_FRAMES, sizeof ring);
    for (unsigned i = 0; i < OUTER_FRAMES; i++)
        record->frames[CRASH_INNER_FRAMES + i] = ring[(record->left_out + i) % OUTER_FRAMES];
}

typedef struct walk {
    crash_record *record;
    uint64_t start;  /* frames before this address are the handler's own */
    uint64_t lowest; /* the stack pointer there, or where it was on its way to */
    bool has_begun;
} walk;

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *frame, void *arg)
{
    walk *w = arg;
    uint64_t address = _Unwind_GetIP(frame);
    w->has_begun = w->has_begun || address == w->start;
    if (!w->has_begun)
        return _URC_NO_REASON;
    if (w->record->frame_count == 1 && w->record->is_stack_overflow) {
        uint64_t end =
            _Unwind_GetCFA(frame); /* where this frame, the caller's, begins: the CFA of the one before */
        w->record->frame_bytes = end > w->lowest && end - w->lowest < FRAME_MOST_BYTES ? end - w->lowest : 0;
    }
    if (address == 0 || w->record->left_out >= WALKED_MAX)
        return _URC_END_OF_STACK;
    add_frame(w->record, address);
    return _URC_NO_REASON;
}

/** Each frame is recorded as soon as it is found, so that a corrupt stack costs only the frames after it. */
static void take_backtrace(crash_record *record, const siginfo_t *info, ucontext_t *context)
{
    walk w = {.record = record, .start = interrupted_at(context), .lowest = interrupted_stack(context)};
    bool is_bad_jump = (info->si_signo == SIGSEGV || info->si_signo == SIGBUS) && info->si_code > 0 &&
                       (uint64_t)(uintptr_t)info->si_addr == w.start;
    ucontext_t saved = *context;
    if (is_bad_jump) {
        /* No unwinding table covers the bad address: go on from where it was called. */
        add_frame(record, w.start);
        step_out(context);
        w.start = interrupted_at(context);
    }
    _Unwind_Backtrace(take_frame, &w);
    *context = saved;
    if (record->frame_count == 0)
        add_frame(record, w.start);
    straighten_frames(record);
}

/* -- the handler -- */

static void fill_record(crash_record *record, const siginfo_t *info, ucontext_t *context)
{
    memset(record, 0, sizeof *record);
    record->code = info->si_code;
    record->is_other_thread = thread_id() != state.thread;
    if (info->si_code > 0)
        record->address = (uint64_t)(uintptr_t)info->si_addr;
    record->signal = info->si_signo;
    /* From here on each step may fault in the state that the crash left; the safest come first. */
    if (!record->is_other_thread) {
        record->is_stack_overflow =
            record->signal == SIGSEGV && info->si_code > 0 && coro_is_guard(info->si_addr);
        if (state.service.describe != NULL) {
            size_t len = state.service.describe(state.service.self, record->doing, sizeof record->doing);
            record->doing_len = (uint16_t)(len < sizeof record->doing ? len : sizeof record->doing);
        }
    }
    take_backtrace(record, info, context);
}

static void print_report(const crash_record *record)
{
    static char text[CRASH_TEXT_MAX];
    size_t len = crash_text(record, state.process, text, sizeof text, NULL), at = 0;
    while (at < len) {
        ssize_t wrote = write(STDERR_FILENO, text + at, len - at);
        if (wrote <= 0)
            return;
        at += (size_t)wrote;
    }
}

/** Ends this process by SIGALRM in a few seconds, even when the application handles that signal. */
static void limit_time(void)
{
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGALRM);
    signal(SIGALRM, SIG_IGN); /* drops one that waits to be delivered */
    signal(SIGALRM, SIG_DFL);
    alarm(HANG_S);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
}

/** Dies as the process would have without us: by the handler there was before, or by the signal. */
static void die(int number, siginfo_t *info, void *context)
{
    struct sigaction before = {.sa_handler = SIG_DFL};
    for (unsigned i = 0; i < SIGNALS; i++) {
        if (crash_signals[i] == number)
            before = state.before[i];
        sigaction(crash_signals[i], &state.before[i], NULL);
    }
    alarm(0); /* a debugging library's report may take its time */
    if ((before.sa_flags & SA_SIGINFO) != 0)
        before.sa_sigaction(number, info, context);
    else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(number);
    signal(number, SIG_DFL);
    syscall(SYS_tgkill, getpid(), thread_id(), number); /* comes as soon as the handler returns */
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    if (getpid() == state.process) { /* and not a child the application has forked */
        while (atomic_flag_test_and_set(&state.is_crashing))
            pause(); /* another thread is at it, and ends the process */
        limit_time();
        fill_record(state.record, info, context);
        if (state.record == &state.own)
            print_report(state.record);
    }
    die(number, info, context);
}

/** A signal stack with a page below that faults; false with errno set. It stays until the process ends. */
static bool set_signal_stack(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = mmap(NULL, page + STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (block == MAP_FAILED)
        return false;
    const stack_t stack = {.ss_sp = block + page, .ss_size = STACK_BYTES};
    if (mprotect(block, page, PROT_NONE) != 0 || sigaltstack(&stack, NULL) != 0) {
        munmap(block, page + STACK_BYTES);
        return false;
    }
    return true;
}

#if BASE_ASAN
/** A sanitizer that ends the process with its own report does not know the request. */
static void name_request(void)
{
    char text[CRASH_DOING_MAX + 64] = "tern: the report above came while serving ";
    size_t start = strlen(text);
    if (getpid() != state.process || thread_id() != state.thread || state.record->signal != 0 ||
        state.service.describe == NULL)
        return;
    size_t len = state.service.describe(state.service.self, text + start, CRASH_DOING_MAX);
    if (len == 0)
        return;
    len = start + (len < CRASH_DOING_MAX ? len : CRASH_DOING_MAX);
    text[len++] = '\n';
    ssize_t written = write(STDERR_FILENO, text, len);
    (void)written;
}
#endif

bool crash_install(crash_record *record, const worker_service *service)
{
    state.record = record != NULL ? record : &state.own;
    memset(state.record, 0, sizeof *state.record);
    state.service = service != NULL ? *service : (worker_service){0};
    state.process = getpid();
    state.thread = thread_id();
#if BASE_ASAN
    __sanitizer_set_death_callback(name_request);
#endif
    if (!set_signal_stack())
        return false;
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (unsigned i = 0; i < SIGNALS; i++)
        sigaddset(&action.sa_mask, crash_signals[i]);
    for (unsigned i = 0; i < SIGNALS; i++)
        sigaction(crash_signals[i], &action, &state.before[i]);
    return true;
}
