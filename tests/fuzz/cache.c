/*
 * What tern_cache reads of others: Cache-Control and Expires of requests and handlers, and entries of a store that
 * other programs may write to. An entry that is accepted has only texts that end within it.
 */
#include "middleware/cache.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_control(const char *text)
{
    cache_control told;
    cache_control_read(text, &told);
    const int64_t seconds[] = {told.max_age,        told.s_maxage,  told.stale_while_revalidate,
                               told.stale_if_error, told.max_stale, told.min_fresh};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        require(seconds[i] >= -1 && seconds[i] <= 1LL << 31);
    require(cache_expires_in(text) >= 0);
}

static void check_entry(const char *data, size_t size)
{
    static cache_entry e;
    if (!cache_entry_read((tern_str){data, size}, &e))
        return;
    require(e.body.data + e.body.len == data + size);
    require(e.kind != CACHE_VARY || e.names != NULL);
    for (unsigned i = 0; i < e.header_count; i++)
        require(e.headers[i].name + strlen(e.headers[i].name) < e.headers[i].value &&
                e.headers[i].value + strlen(e.headers[i].value) < e.body.data);
    for (unsigned i = 0; i < e.tag_count; i++)
        require(e.tags[i] + strlen(e.tags[i]) < e.body.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *exact = malloc(size + 1), *text = malloc(size + 1);
    require(exact != NULL && text != NULL);
    memcpy(text, input, size);
    text[size] = '\0';
    check_control(text);
    free(text);
    exact = realloc(exact, size != 0 ? size : 1);
    require(exact != NULL);
    memcpy(exact, input, size);
    check_entry(exact, size);
    free(exact);
    return 0;
}
