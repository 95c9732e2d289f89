/* Origins: one that is read is admitted by itself as a pattern, its parts are inside the input, and a pattern for
 * sub-domains never admits a host that does not end with a dot and the domain. */
#include "http/origin.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_pair(tern_str listed, tern_str text)
{
    char reason[256];
    origin_pattern pattern;
    http_origin origin;
    bool is_pattern = origin_pattern_read(listed, &pattern, reason, sizeof reason);
    require(is_pattern || strlen(reason) > 0);
    if (!origin_read(text, &origin))
        return;
    require(origin.host.len > 0 && origin.host.data >= text.data &&
            origin.host.data + origin.host.len <= text.data + text.len);
    if (!is_pattern || !origin_pattern_admits(&pattern, &origin))
        return;
    tern_str wanted = pattern.origin.host, host = origin.host;
    require(host.len >= wanted.len &&
            memcmp(host.data + host.len - wanted.len, wanted.data, wanted.len) == 0);
    require(pattern.is_for_children ? host.len > wanted.len + 1 && host.data[host.len - wanted.len - 1] == '.'
                                    : host.len == wanted.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *text = malloc(size + 1), reason[256]; /* of its own, so that a read past its end is seen */
    http_origin origin;
    origin_pattern pattern;
    require(text != NULL);
    memcpy(text, input, size);
    const char *line = memchr(text, '\n', size);
    size_t first = line != NULL ? (size_t)(line - text) : size;
    check_pair((tern_str){text, first},
               line != NULL ? (tern_str){line + 1, size - first - 1} : (tern_str){text, size});
    if (origin_read((tern_str){text, first}, &origin))
        require(origin_pattern_read((tern_str){text, first}, &pattern, reason, sizeof reason) &&
                origin_pattern_admits(&pattern, &origin));
    if (origin_read((tern_str){text, first}, &origin) && line != NULL)
        origin_is_of_host(&origin, (tern_str){line + 1, size - first - 1});
    free(text);
    return 0;
}
