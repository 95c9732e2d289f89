#include "curl/libcurl.h"

#include "curl/memory.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

enum {
    OLDEST_VERSION = 0x075700
}; /* 7.87: CURLOPT_QUICK_EXIT, and one read of the certificates for all connections */

libcurl_functions libcurl;

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {"curl_" #name, offsetof(libcurl_functions, name)},
    LIBCURL_FUNCTIONS(X)
#undef X
};

static bool find_all(void *library)
{
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(library, wanted[i].name);
        if (function == NULL)
            return false;
        memcpy((char *)&libcurl + wanted[i].offset, &function, sizeof function);
    }
    return true;
}

static const char *set_up(void *library)
{
    static const char too_old[] =
        "libcurl.so.4 is too old for calls to other services: install libcurl4 of version 7.87 or newer";
    if (!find_all(library))
        return too_old;
    const curl_version_info_data *is = libcurl.version_info(CURLVERSION_NOW);
    if (is->version_num < OLDEST_VERSION)
        return too_old;
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
    if (library != NULL)
        return true;
    void *opened = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = "calls to other services need libcurl.so.4, which is missing: install libcurl4";
        return false;
    }
    *problem = set_up(opened);
    if (*problem != NULL) {
        dlclose(opened);
        return false;
    }
    library = opened;
    return true;
}
