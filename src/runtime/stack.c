#include "runtime/stack.h"

#include "runtime/switch.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#if BASE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef TERN_VALGRIND
#include <valgrind/valgrind.h>
#endif

enum {
    /* Trimming keeps this much at the top: what an ordinary request touches. */
    HOT_BYTES = 16 * 1024,
    SLOT_BYTES = (sizeof(stack_slot) + 63) / 64 * 64,
    MAPPED_BYTES = CORO_GUARD_BYTES + CORO_STACK_BYTES
};

stack_pool stack_pool_self;

/** Tells the memory checkers of a new stack. The leak checker must find what only a suspended stack holds. */
static void announce(stack_slot *slot)
{
#if BASE_ASAN
    __lsan_register_root_region(slot->co.stack_base, slot->co.stack_bytes + SLOT_BYTES);
#endif
#ifdef TERN_VALGRIND
    char *base = slot->co.stack_base;
    slot->valgrind_id = VALGRIND_STACK_REGISTER(base, base + slot->co.stack_bytes);
#endif
    (void)slot;
}

static void renounce(stack_slot *slot)
{
#if BASE_ASAN
    __lsan_unregister_root_region(slot->co.stack_base, slot->co.stack_bytes + SLOT_BYTES);
#endif
#ifdef TERN_VALGRIND
    VALGRIND_STACK_DEREGISTER(slot->valgrind_id);
#endif
    (void)slot;
}

void stack_forget_frames(stack_slot *slot)
{
#if BASE_ASAN
    __asan_unpoison_memory_region(slot->co.stack_base, slot->co.stack_bytes);
#endif
    (void)slot;
}

stack_slot *stack_map(void)
{
    char *low =
        mmap(NULL, MAPPED_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (low == MAP_FAILED)
        return NULL;
    char *base = low + CORO_GUARD_BYTES;
    if (mprotect(base, CORO_STACK_BYTES, PROT_READ | PROT_WRITE) != 0) {
        munmap(low, MAPPED_BYTES);
        return NULL;
    }
    stack_slot *slot = (stack_slot *)(void *)(base + CORO_STACK_BYTES - SLOT_BYTES);
    slot->co.stack_base = base;
    slot->co.stack_bytes = CORO_STACK_BYTES - SLOT_BYTES;
    slot->is_trimmed = false;
    announce(slot);
    return slot;
}

void stack_unmap(stack_slot *slot)
{
    stack_forget_frames(slot); /* the addresses may be mapped by others later */
    renounce(slot);
    munmap((char *)slot->co.stack_base - CORO_GUARD_BYTES, MAPPED_BYTES);
}

/** MADV_FREE would be cheaper, but leaves the pages in the resident set, by which workers are judged too
 * big. */
static void release_deep_pages(stack_slot *slot)
{
    if (slot->is_trimmed)
        return;
    madvise(slot->co.stack_base, CORO_STACK_BYTES - HOT_BYTES, MADV_DONTNEED);
    slot->is_trimmed = true;
}

void stack_release_below(void *base, void *top)
{
    enum { RED_ZONE_BYTES = 128 }; /* of a leaf function: below its stack pointer */
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t end = ((uintptr_t)top - RED_ZONE_BYTES) & ~(page - 1);
    if (end > (uintptr_t)base)
        madvise(base, end - (uintptr_t)base, MADV_DONTNEED);
}

/** Those given back longest ago are at the end of the list. */
static void unmap_from(stack_slot **place)
{
    stack_slot *surplus = *place;
    *place = NULL;
    while (surplus != NULL) {
        stack_slot *next = surplus->next_pooled;
        stack_unmap(surplus);
        stack_pool_self.count--;
        surplus = next;
    }
}

void stack_trim(unsigned keep)
{
    stack_slot **place = &stack_pool_self.first;
    for (unsigned kept = 0; kept < keep && *place != NULL; kept++) {
        release_deep_pages(*place);
        place = &(*place)->next_pooled;
    }
    unmap_from(place);
    if (stack_pool_self.least > stack_pool_self.count)
        stack_pool_self.least = stack_pool_self.count;
}

bool stack_tidy(void)
{
    unsigned used = stack_pool_self.count - stack_pool_self.least;
    if (used == 0) {
        stack_trim(STACK_POOL_IDLE);
    } else {
        stack_slot **place = &stack_pool_self.first;
        for (unsigned kept = 0; kept < used + STACK_POOL_IDLE && *place != NULL; kept++)
            place = &(*place)->next_pooled;
        unmap_from(place);
    }
    stack_pool_self.least = stack_pool_self.count;
    return used != 0;
}

/* -- whether a program was built with stack probes -- */

#if !BASE_ASAN && !defined(TERN_VALGRIND)
enum { TRIED_BYTES = 64 * 1024 };

typedef struct trial {
    void (*frame)(void);
    void *back; /* the stack to return to */
} trial;

static void *run_trial(void *arg)
{
    trial *t = arg;
    t->frame();
    return t->back;
}

/** The pages between the top, which the call itself uses, and the low end, which the frame writes to. */
static bool has_touched_middle(char *low, size_t page)
{
    unsigned char resident[4];
    char *middle = low + TRIED_BYTES - 5 * page;
    if (mincore(middle, sizeof resident * page, resident) != 0)
        return true;
    bool all = true;
    for (size_t i = 0; i < sizeof resident; i++)
        all &= resident[i] & 1;
    return all;
}

bool stack_is_probed(void (*frame)(void))
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    trial t = {.frame = frame};
    if (page > 4096) /* the frame is too small to tell */
        return true;
    char *low =
        mmap(NULL, TRIED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (low == MAP_FAILED)
        return true;
    madvise(low, TRIED_BYTES, MADV_NOHUGEPAGE);
    switch_enter(&t.back, low + TRIED_BYTES, run_trial, &t);
    bool is_probed = has_touched_middle(low, page);
    munmap(low, TRIED_BYTES);
    return is_probed;
}
#else
bool stack_is_probed(void (*frame)(void))
{
    (void)frame;
    return true;
}
#endif
