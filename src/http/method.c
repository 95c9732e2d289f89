#include "http/h1/head.h"

#include <string.h>

#define NAME(text)                                                                                           \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }

static const tern_str names[HTTP_METHODS] = {
    [HTTP_GET] = NAME("GET"),         [HTTP_HEAD] = NAME("HEAD"),   [HTTP_POST] = NAME("POST"),
    [HTTP_PUT] = NAME("PUT"),         [HTTP_PATCH] = NAME("PATCH"), [HTTP_DELETE] = NAME("DELETE"),
    [HTTP_OPTIONS] = NAME("OPTIONS"), [HTTP_TRACE] = NAME("TRACE"), [HTTP_CONNECT] = NAME("CONNECT"),
    [HTTP_OTHER_METHOD] = NAME(""),
};

const char *http_method_name(http_method method)
{
    return names[method].data;
}

http_method http_method_of(const char *name, size_t len)
{
    for (http_method method = HTTP_GET; method < HTTP_OTHER_METHOD; method++)
        if (names[method].len == len && names[method].data[0] == name[0] &&
            memcmp(names[method].data, name, len) == 0)
            return method;
    return HTTP_OTHER_METHOD;
}
