/**
 * The only way to the C heap.
 *
 * Every allocation of the library goes through these calls, so that tests can make the n-th one fail
 * (`TERN_FAULTS` builds). Each call may return NULL, and every caller turns that into an error: Tern never
 * aborts for lack of memory.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

enum { MEM_LINE_BYTES = 64 }; /* of x86-64 and of most AArch64 processors */

/** `size` bytes of undefined content (size 0 counts as 1); NULL when out of memory. Freed by mem_free. */
void *mem_alloc(size_t size) __attribute__((malloc, warn_unused_result));
/** As mem_alloc, beginning at a cache line: for structures whose parts are laid out by line. */
void *mem_alloc_lines(size_t size) __attribute__((malloc, warn_unused_result));
/** As mem_alloc, zeroed. `count * size` is checked against overflow. */
void *mem_zero(size_t count, size_t size) __attribute__((malloc, warn_unused_result));
/** As realloc: on NULL the old block is still there. */
void *mem_realloc(void *block, size_t size) __attribute__((warn_unused_result));
/** A heap copy of `len` bytes with a NUL after them. */
char *mem_text(const char *data, size_t len) __attribute__((malloc, warn_unused_result));
void mem_free(void *block);

#ifdef TERN_FAULTS
/** Makes the `n`-th allocation from now on fail, and those after it when `for_good`; 0 switches faults
 * off. */
void mem_fail_at(unsigned long n, int for_good);
/** Allocations tried since the last mem_fail_at. */
unsigned long mem_tried(void);
#endif

#endif
