/**
 * libcurl's memory.
 *
 * libcurl does not survive every failed allocation: some leave its structures half made, and it crashes later (seen
 * with 7.88). So it is not told of one: it gets a block of a reserve instead, and the caller learns of the shortage by
 * curl_memory_is_short, gives up its transfers and frees its handles, which fills the reserve again.
 */
#ifndef CURL_MEMORY_H
#define CURL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/** Takes the reserve; false when out of memory. */
bool curl_memory_open(void);
/** Whether a block came from the reserve since the last curl_memory_recover. */
bool curl_memory_is_short(void);
/** After everything that libcurl holds was freed. */
void curl_memory_recover(void);

/* For libcurl.global_init_mem. Callable from any thread. */
void *curl_memory_alloc(size_t size);
void curl_memory_free(void *block);
void *curl_memory_realloc(void *block, size_t size);
char *curl_memory_copy(const char *text);
void *curl_memory_zero(size_t count, size_t size);

#endif
