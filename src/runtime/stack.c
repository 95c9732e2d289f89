#include "runtime/stack.h"

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
    /* Four pages cost address space only, and catch frames of libraries built without stack probes. */
    GUARD_BYTES = 16 * 1024,
    /* Trimming leaves this much at the top: what an ordinary request touches. */
    HOT_BYTES = 16 * 1024,
    SLOT_BYTES = (sizeof(stack_slot) + 63) / 64 * 64
};

stack_pool stack_pool_self;
static size_t guard_bytes;

size_t stack_guard_bytes(void)
{
    if (guard_bytes == 0) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        guard_bytes = page > GUARD_BYTES ? page : GUARD_BYTES;
    }
    return guard_bytes;
}

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
    size_t guard = stack_guard_bytes();
    char *low = mmap(NULL, CORO_STACK_BYTES, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (low == MAP_FAILED)
        return NULL;
    if (mprotect(low + guard, CORO_STACK_BYTES - guard, PROT_READ | PROT_WRITE) != 0) {
        munmap(low, CORO_STACK_BYTES);
        return NULL;
    }
    stack_slot *slot = (stack_slot *)(void *)(low + CORO_STACK_BYTES - SLOT_BYTES);
    slot->co.stack_base = low + guard;
    slot->co.stack_bytes = (size_t)CORO_STACK_BYTES - guard - SLOT_BYTES;
    slot->is_trimmed = false;
    announce(slot);
    return slot;
}

void stack_unmap(stack_slot *slot)
{
    stack_forget_frames(slot); /* the addresses will be somebody else's */
    renounce(slot);
    munmap((char *)slot->co.stack_base - stack_guard_bytes(), CORO_STACK_BYTES);
}

/** MADV_FREE would be cheaper, but leaves the pages in the resident set, by which workers are judged too big.
 */
static void release_deep_pages(stack_slot *slot)
{
    if (slot->is_trimmed)
        return;
    madvise(slot->co.stack_base, (size_t)CORO_STACK_BYTES - stack_guard_bytes() - HOT_BYTES, MADV_DONTNEED);
    slot->is_trimmed = true;
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
