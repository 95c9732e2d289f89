/*
 * The request head: no input makes the parser read outside its bytes, every kit reads it the same, its
 * results are inside the buffer, and the result of a prefix is never contradicted by the whole.
 */
#include "http/h1/head.h"
#include "http/scan/scan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static const h1_limits limits = {.head_bytes = 4096, .target_bytes = 1024, .fields = 20};

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
    bool is_literal = head->path.len == 1 && head->path.data[0] == '/';
    check_inside(data, used, head->method_text.data, head->method_text.len);
    if (!is_literal)
        check_inside(data, used, head->path.data, head->path.len);
    if (head->query.data != NULL)
        check_inside(data, used, head->query.data, head->query.len);
    if (head->host.data != NULL)
        check_inside(data, used, head->host.data, head->host.len);
    require(head->host.data != NULL || head->minor_version == 0);
    require(head->path.len > 0 && (head->path.data[0] == '/' || head->is_asterisk));
    require(!(head->has_length && head->is_chunked) && head->length <= INT64_MAX);
    require(head->field_count <= limits.fields && used <= limits.head_bytes);
    for (unsigned i = 0; i < head->field_count; i++) {
        const h1_field *field = &head->fields[i];
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
        require(result != H1_COMPLETE ||
                (part.field_count == whole.field_count && part.length == whole.length &&
                 part.path_is_plain == whole.path_is_plain));
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
