/*
 * The request head: no input makes the parser read outside its bytes, every kit reads it the same, its
 * results are inside the buffer, and the result of a prefix is never contradicted by the whole.
 */
#include "http/h1/head.h"
#include "http/scan/scan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static const http_head_limits limits = {.head_bytes = 4096, .target_bytes = 1024, .fields = 20};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(const char *data, size_t len, const char *part, size_t part_len)
{
    require(part >= data && part_len <= len && part <= data + len - part_len);
}

/** The properties of a head that was found complete in the first `used` bytes. */
static void check_head(const h1_head *head, const char *data, size_t used)
{
    bool is_literal = head->request.path.len == 1 && head->request.path.data[0] == '/';
    check_inside(data, used, head->request.method_text.data, head->request.method_text.len);
    if (!is_literal)
        check_inside(data, used, head->request.path.data, head->request.path.len);
    if (head->request.query.data != NULL)
        check_inside(data, used, head->request.query.data, head->request.query.len);
    if (head->request.host.data != NULL)
        check_inside(data, used, head->request.host.data, head->request.host.len);
    require(head->request.host.data != NULL || head->request.version == 0);
    require(head->request.path.len > 0 && (head->request.path.data[0] == '/' || head->request.is_asterisk));
    require(!(head->request.has_length && head->is_chunked) && head->request.length <= INT64_MAX);
    require(head->request.header_count <= limits.fields && used <= limits.head_bytes);
    for (unsigned i = 0; i < head->request.header_count; i++) {
        const http_header *field = &head->headers[i];
        check_inside(data, used - 2, field->name, field->name_len);
        check_inside(data, used - 2, field->value, field->value_len);
        require(field->name_len > 0 && memchr(field->value, '\n', field->value_len) == NULL);
    }
    require(memcmp(data + used - 4, "\r\n\r\n", 4) == 0);
}

static h1_result parse_prefix(h1_head *head, const char *data, size_t len, size_t *used)
{
    char *copy = malloc(len + (len == 0)); /* of the exact size: a read past it is detected */
    if (copy == NULL)
        abort();
    if (len > 0)
        memcpy(copy, data, len);
    h1_result result = h1_head_parse(head, &limits, copy, len, used);
    if (result == H1_COMPLETE)
        check_head(head, copy, *used);
    require(len == 0 || memcmp(copy, data, len) == 0);
    free(copy);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static h1_head whole, part;
    const char *data = (const char *)input;
    const scan_kit *kits[SCAN_KITS];
    size_t used = 0, part_used = 0;
    unsigned count = scan_kits(kits);
    scan_best = kits[0];
    h1_result result = parse_prefix(&whole, data, size, &used);
    for (unsigned k = 1; k < count; k++) {
        scan_best = kits[k];
        require(parse_prefix(&part, data, size, &part_used) == result);
        require(result != H1_COMPLETE || part_used == used);
        require(result != H1_ERROR || (part.status == whole.status && part.reason == whole.reason));
        require(result != H1_COMPLETE || (part.request.header_count == whole.request.header_count &&
                                          part.request.length == whole.request.length &&
                                          part.request.path_is_plain == whole.request.path_is_plain));
    }
    for (unsigned i = 1; i <= 8; i++) {
        size_t split = size * i / 9;
        h1_result prefix = parse_prefix(&part, data, split, &part_used);
        if (prefix == H1_PARTIAL)
            require(result != H1_COMPLETE || split < used);
        else
            require(prefix == result && (prefix != H1_ERROR || part.status == whole.status) &&
                    (prefix != H1_COMPLETE || part_used == used));
    }
    return 0;
}
