/** Randomness from the kernel, asked for at every call: two workers forked from one master never share a
 * stream. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/** Fills `out` from getrandom(2); false when the kernel refuses (then nothing secret may be made). */
bool random_bytes(void *out, size_t len);

#endif
