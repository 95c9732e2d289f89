/** What a request's head holds. */
#include "http/request.h"

#include "base/text.h"

#include <tern/log.h>

#include <string.h>

#define NAME(text)                                                                                           \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }

static const tern_str names[HTTP_METHODS] = {
    [HTTP_GET] = NAME("GET"),         [HTTP_HEAD] = NAME("HEAD"),     [HTTP_POST] = NAME("POST"),
    [HTTP_PUT] = NAME("PUT"),         [HTTP_PATCH] = NAME("PATCH"),   [HTTP_DELETE] = NAME("DELETE"),
    [HTTP_OPTIONS] = NAME("OPTIONS"), [HTTP_TRACE] = NAME("TRACE"),   [HTTP_CONNECT] = NAME("CONNECT"),
    [HTTP_QUERY] = NAME("QUERY"),     [HTTP_OTHER_METHOD] = NAME(""),
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

http_header *http_request_header(const http_request *request, const char *name, size_t name_len,
                                 unsigned *from)
{
    for (unsigned i = *from; i < request->header_count; i++) {
        http_header *header = &request->headers[i];
        if (header->name_len == name_len && text_equal_nocase(header->name, name, name_len)) {
            *from = i + 1;
            return header;
        }
    }
    *from = request->header_count;
    return NULL;
}

bool http_field_is_kept(const http_head_limits *limits, tern_str name)
{
    if (limits->keeps_underscores)
        return true;
    for (unsigned i = 0; i < limits->underscored_count; i++) {
        tern_str kept = limits->underscored_names[i];
        if (kept.len == name.len && text_equal_nocase(kept.data, name.data, name.len))
            return true;
    }
    tern_log(TERN_LOG_DEBUG, "header %.*s is ignored: its name has a '_'", (int)name.len, name.data);
    return false;
}
