#include "curl/memory.h"

#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum { RESERVE_BYTES = 512 * 1024, ALIGNED = 16 };

static struct {
    char *begin;          /* NULL: not taken */
    atomic_size_t used;   /* may be beyond the end */
    atomic_size_t blocks; /* not freed yet */
    atomic_bool is_short;
} reserve;

bool curl_memory_open(void)
{
    if (reserve.begin == NULL)
        reserve.begin = mem_alloc_lines(RESERVE_BYTES);
    return reserve.begin != NULL;
}

bool curl_memory_is_short(void)
{
    return atomic_load_explicit(&reserve.is_short, memory_order_relaxed);
}

void curl_memory_recover(void)
{
    if (atomic_load(&reserve.blocks) == 0) /* otherwise a resolver's thread has some */
        atomic_store(&reserve.used, 0);
    atomic_store(&reserve.is_short, false);
}

static bool is_reserved(const void *block)
{
    uintptr_t at = (uintptr_t)block, begin = (uintptr_t)reserve.begin;
    return at - begin < RESERVE_BYTES;
}

/* Each block has its size before it. NULL when the reserve is used up, too. */
static void *take(size_t size)
{
    atomic_store(&reserve.is_short, true);
    if (reserve.begin == NULL || size > RESERVE_BYTES / 2)
        return NULL;
    size_t all = ((size + ALIGNED - 1) & ~(size_t)(ALIGNED - 1)) + ALIGNED;
    size_t at = atomic_fetch_add(&reserve.used, all);
    if (at > RESERVE_BYTES || all > RESERVE_BYTES - at)
        return NULL;
    memcpy(reserve.begin + at, &size, sizeof size);
    atomic_fetch_add(&reserve.blocks, 1);
    return reserve.begin + at + ALIGNED;
}

static size_t size_of(void *block)
{
    size_t size;
    if (!is_reserved(block))
        return malloc_usable_size(block);
    memcpy(&size, (char *)block - ALIGNED, sizeof size);
    return size;
}

void *curl_memory_alloc(size_t size)
{
    void *block = mem_alloc(size);
    return block != NULL ? block : take(size);
}

void curl_memory_free(void *block)
{
    if (is_reserved(block))
        atomic_fetch_sub(&reserve.blocks, 1);
    else
        mem_free(block);
}

void *curl_memory_realloc(void *block, size_t size)
{
    void *larger = block == NULL || !is_reserved(block) ? mem_realloc(block, size) : NULL;
    if (larger != NULL)
        return larger;
    larger = take(size);
    if (larger == NULL || block == NULL)
        return larger;
    size_t old = size_of(block);
    memcpy(larger, block, old < size ? old : size);
    curl_memory_free(block);
    return larger;
}

void *curl_memory_zero(size_t count, size_t size)
{
    size_t bytes;
    void *block = mem_zero(count, size);
    if (block != NULL || __builtin_mul_overflow(count, size, &bytes))
        return block;
    block = take(bytes);
    return block != NULL ? memset(block, 0, bytes) : NULL;
}

char *curl_memory_copy(const char *text)
{
    size_t len = strlen(text);
    char *copy = curl_memory_alloc(len + 1);
    return copy != NULL ? memcpy(copy, text, len + 1) : NULL;
}
