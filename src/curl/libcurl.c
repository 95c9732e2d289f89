#include "curl/libcurl.h"

#include "base/library.h"
#include "curl/memory.h"

#include <dlfcn.h>
#include <stddef.h>

enum {
    OLDEST_VERSION = 0x075700
}; /* 7.87: CURLOPT_QUICK_EXIT, and one read of the certificates for all connections */

libcurl_functions libcurl;

static const library_function functions[] = {
#define X(name) {"curl_" #name, offsetof(libcurl_functions, name)},
    LIBCURL_FUNCTIONS(X)
#undef X
};

#define TOO_OLD                                                                                              \
    "libcurl.so.4 is too old for calls to other services: install libcurl4 of version 7.87 or newer"

static const char *set_up(void)
{
    const curl_version_info_data *is = libcurl.version_info(CURLVERSION_NOW);
    if (is->version_num < OLDEST_VERSION)
        return TOO_OLD;
    if ((is->features & CURL_VERSION_SSL) == 0 || (is->features & CURL_VERSION_ASYNCHDNS) == 0)
        return "libcurl.so.4 was built without TLS or without a resolver that does not block: install libcurl4";
    if (!curl_memory_open() ||
        libcurl.global_init_mem(CURL_GLOBAL_DEFAULT, curl_memory_alloc, curl_memory_free, curl_memory_realloc,
                                curl_memory_copy, curl_memory_zero) != CURLE_OK)
        return "libcurl.so.4 could not be initialized, possibly for lack of memory";
    return NULL;
}

bool libcurl_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    static const library_file file = {
        .file = "libcurl.so.4",
        .missing = "calls to other services need libcurl.so.4, which is missing: install libcurl4",
        .lacks = TOO_OLD,
        LIBRARY_FUNCTIONS(functions, libcurl),
    };
    if (library != NULL)
        return true;
    void *opened = library_load(&file, problem);
    if (opened == NULL)
        return false;
    *problem = set_up();
    if (*problem != NULL) {
        dlclose(opened);
        return false;
    }
    library = opened;
    return true;
}
