#include "http/h2/nghttp2.h"

#include "base/library.h"

#include <stddef.h>

nghttp2_functions nghttp2;

static const library_function functions[] = {
#define X(name) {"nghttp2_" #name, offsetof(nghttp2_functions, name)},
    NGHTTP2_FUNCTIONS(X)
#undef X
};

bool nghttp2_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    static const library_file file = {
        .file = "libnghttp2.so.14",
        .missing = "HTTP/2 needs the library libnghttp2.so.14, which is missing: install libnghttp2-14",
        .lacks =
            "the library libnghttp2.so.14 is too old for HTTP/2: install libnghttp2-14 of version 1.40 or newer",
        LIBRARY_FUNCTIONS(functions, nghttp2),
    };
    if (library == NULL)
        library = library_load(&file, problem);
    return library != NULL;
}
