#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#ifdef TERN_FAULTS
static unsigned long fail_at, tried;
static int fail_for_good;

void mem_fail_at(unsigned long n, int for_good)
{
    fail_at = n;
    tried = 0;
    fail_for_good = for_good;
}

unsigned long mem_tried(void)
{
    return tried;
}

static int must_fail(void)
{
    tried++;
    return fail_at != 0 && (tried == fail_at || (fail_for_good && tried > fail_at));
}
#else
static inline int must_fail(void)
{
    return 0;
}
#endif

void *mem_alloc(size_t size)
{
    return must_fail() ? NULL : malloc(size != 0 ? size : 1);
}

void *mem_alloc_lines(size_t size)
{
    size_t rounded = (size + MEM_LINE_BYTES - 1) & ~(size_t)(MEM_LINE_BYTES - 1);
    if (rounded < size || must_fail())
        return NULL;
    return aligned_alloc(MEM_LINE_BYTES, rounded != 0 ? rounded : MEM_LINE_BYTES);
}

void *mem_zero(size_t count, size_t size)
{
    size_t bytes;
    if (must_fail() || __builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return calloc(1, bytes != 0 ? bytes : 1);
}

void *mem_realloc(void *block, size_t size)
{
    return must_fail() ? NULL : realloc(block, size != 0 ? size : 1);
}

char *mem_text(const char *data, size_t len)
{
    char *copy = mem_alloc(len + 1);
    if (copy == NULL)
        return NULL;
    if (len != 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

void mem_free(void *block)
{
    free(block);
}
