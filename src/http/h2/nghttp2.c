#include "http/h2/nghttp2.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

nghttp2_functions nghttp2;

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {"nghttp2_" #name, offsetof(nghttp2_functions, name)},
    NGHTTP2_FUNCTIONS(X)
#undef X
};

bool nghttp2_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    if (library != NULL)
        return true;
    void *opened = dlopen("libnghttp2.so.14", RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = "HTTP/2 needs the library libnghttp2.so.14, which is missing: install libnghttp2-14";
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(opened, wanted[i].name);
        if (function == NULL) {
            dlclose(opened);
            *problem = "the library libnghttp2.so.14 is too old for HTTP/2: install libnghttp2-14 of version "
                       "1.40 or newer";
            return false;
        }
        memcpy((char *)&nghttp2 + wanted[i].offset, &function, sizeof function);
    }
    library = opened;
    return true;
}
