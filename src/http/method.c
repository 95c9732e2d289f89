#include "http/h1_head.h"

#include <string.h>

static const char *const names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH",     [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS", [HTTP_TRACE] = "TRACE",
    [HTTP_CONNECT] = "CONNECT", [HTTP_OTHER_METHOD] = "",
};

const char *http_method_name(http_method method)
{
    return names[method];
}

http_method http_method_of(const char *name, size_t len)
{
    for (http_method method = HTTP_GET; method < HTTP_OTHER_METHOD; method++)
        if (strlen(names[method]) == len && memcmp(names[method], name, len) == 0)
            return method;
    return HTTP_OTHER_METHOD;
}
