#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK_BYTES = 4096, LARGEST_CHUNK_BYTES = 256 * 1024 };

struct arena_chunk {
    arena_chunk *older;
    size_t bytes;
    _Alignas(16) char data[];
};

void arena_init(arena *a, void *lent, size_t lent_bytes, size_t limit_bytes)
{
    size_t skip = lent != NULL ? (16 - ((size_t)lent & 15)) & 15 : 0;
    *a = (arena){.limit_bytes = limit_bytes};
    if (lent_bytes > skip) {
        a->next = (char *)lent + skip;
        a->end = (char *)lent + lent_bytes;
    }
}

#if BASE_ASAN
/* Before each allocation of a checked arena; the heap's red zones lie around both. */
struct arena_block {
    struct arena_block *older;
    _Alignas(16) char data[];
};

void *arena_checked(arena *a, void *room, size_t size)
{
    if (!a->is_checked || room == NULL)
        return room;
    struct arena_block *block =
        malloc(sizeof *block + size); /* not mem_alloc: it was the room that could fail */
    if (block == NULL)
        return room;
    block->older = a->blocks;
    a->blocks = block;
    return block->data;
}

static void free_blocks(arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *block = a->blocks;
        a->blocks = block->older;
        free(block);
    }
}
#else
static void free_blocks(const arena *a)
{
    (void)a;
}
#endif

void arena_free(arena *a)
{
    while (a->chunks != NULL) {
        arena_chunk *chunk = a->chunks;
        a->chunks = chunk->older;
        mem_free(chunk);
    }
    free_blocks(a);
    *a = (arena){.limit_bytes = a->limit_bytes};
}

void *arena_grow(arena *a, size_t size)
{
    size_t rounded = arena_rounded(size);
    size_t left = a->limit_bytes - a->taken_bytes;
    if (rounded < size || rounded > left)
        return NULL;
    size_t bytes = a->chunks != NULL ? a->chunks->bytes * 2 : FIRST_CHUNK_BYTES;
    if (bytes > LARGEST_CHUNK_BYTES)
        bytes = LARGEST_CHUNK_BYTES;
    if (bytes > left)
        bytes = left;
    if (bytes < rounded)
        bytes = rounded;
    arena_chunk *chunk = bytes < SIZE_MAX - sizeof *chunk ? mem_alloc(sizeof *chunk + bytes) : NULL;
    if (chunk == NULL)
        return NULL;
    chunk->older = a->chunks;
    chunk->bytes = bytes;
    a->chunks = chunk;
    a->taken_bytes += bytes;
    /* The current chunk stays current when it has more left than the new one would have. */
    if ((size_t)(a->end - a->next) < bytes - rounded) {
        a->next = chunk->data + rounded;
        a->end = chunk->data + bytes;
    }
    return arena_checked(a, chunk->data, size);
}

bool arena_reserve(arena *a, size_t bytes)
{
    if (bytes > a->limit_bytes - a->taken_bytes)
        return false;
    arena_chunk *chunk = mem_alloc(sizeof *chunk + bytes);
    if (chunk == NULL)
        return false;
    *chunk = (arena_chunk){.older = a->chunks, .bytes = bytes};
    a->chunks = chunk;
    a->taken_bytes += bytes;
    a->next = chunk->data;
    a->end = chunk->data + bytes;
    return true;
}

/** Puts what `from` holds before what `into` holds. */
static void join_chunks(arena *into, arena *from)
{
    arena_chunk **end = &from->chunks;
    while (*end != NULL)
        end = &(*end)->older;
    *end = into->chunks;
    into->chunks = from->chunks;
#if BASE_ASAN
    struct arena_block **last = &from->blocks;
    while (*last != NULL)
        last = &(*last)->older;
    *last = into->blocks;
    into->blocks = from->blocks;
    into->is_checked |= from->is_checked;
#endif
}

void arena_join(arena *into, arena *from)
{
    join_chunks(into, from);
    into->taken_bytes += from->taken_bytes;
    *from = (arena){.limit_bytes = from->limit_bytes};
}

/** The link that holds `chunk`. */
static arena_chunk **link_of(arena *a, const arena_chunk *chunk)
{
    arena_chunk **link = &a->chunks;
    while (*link != chunk)
        link = &(*link)->older;
    return link;
}

void *arena_resize(arena *a, void *block, size_t size)
{
    arena_chunk *old = block != NULL ? (arena_chunk *)(void *)((char *)block - sizeof *old) : NULL;
    size_t rounded = arena_rounded(size), before = old != NULL ? old->bytes : 0;
    if (rounded < size || rounded > SIZE_MAX - sizeof *old ||
        (rounded > before && rounded - before > a->limit_bytes - a->taken_bytes))
        return NULL;
    arena_chunk **link = old != NULL ? link_of(a, old) : NULL;
    arena_chunk *chunk = mem_realloc(old, sizeof *chunk + rounded);
    if (chunk == NULL)
        return NULL;
    if (old == NULL) { /* behind the first one, by whose size the next chunk's is chosen */
        link = a->chunks != NULL ? &a->chunks->older : &a->chunks;
        chunk->older = *link;
    }
    *link = chunk;
    chunk->bytes = rounded;
    a->taken_bytes = a->taken_bytes - before + rounded;
    return chunk->data;
}

char *arena_text(arena *a, const char *data, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    if (copy == NULL)
        return NULL;
    if (len != 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *arena_vprintf(arena *a, size_t *len, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    char *tried = a->next;
    int needed = vsnprintf(tried, (size_t)(a->end - a->next), format, args);
    char *text = needed >= 0 ? arena_alloc(a, (size_t)needed + 1) : NULL;
    if (text != NULL) {
        if (text != tried) /* it did not fit where it was tried */
            vsnprintf(text, (size_t)needed + 1, format, again);
        if (len != NULL)
            *len = (size_t)needed;
    }
    va_end(again);
    return text;
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(a, NULL, format, args);
    va_end(args);
    return text;
}
