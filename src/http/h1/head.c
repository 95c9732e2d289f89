/*
 * Hot path: no allocation, no copy, one pass. Every step moves the cursor on (H1_COMPLETE), finds that bytes
 * are missing (H1_PARTIAL), or finds an error (H1_ERROR). A check looks only at bytes already passed, so that
 * a head split anywhere ends like the whole one.
 */
#include "http/h1/head.h"

#include "base/text.h"
#include "http/h1/meaning.h"
#include "http/scan/scan.h"

#include <tern/log.h>

#include <string.h>

enum { METHOD_BYTES = 32, EMPTY_LINES = 4, VERSION_BYTES = 10 }; /* version with its line end */

#define RARE __attribute__((noinline))

static const char in_value[] = "a header value has a control byte";

/* Small functions get a pointer to it and are inlined, which leaves it in registers. Rare ones, kept out of
 * line, get and return plain pointers: taking its address for a call would put it into memory. */
typedef struct cursor {
    char *begin, *at, *end;
    const scan_kit *scan;
} cursor;

static inline h1_result skip_empty_lines(h1_head *head, cursor *in)
{
    for (int lines = 0; in->at != in->end && *in->at == '\r'; lines++) {
        if (lines == EMPTY_LINES)
            return h1_refuse(head, 400, "too many empty lines before the request");
        if (in->end - in->at < 2)
            return H1_PARTIAL;
        if (in->at[1] != '\n')
            return h1_refuse(head, 400, "a carriage return alone");
        in->at += 2;
    }
    return in->at != in->end ? H1_COMPLETE : H1_PARTIAL;
}

/** Moves past CR LF. */
static inline h1_result line_end(h1_head *head, cursor *in, const char *otherwise)
{
    if (in->at == in->end)
        return H1_PARTIAL;
    if (*in->at != '\r')
        return h1_refuse(head, 400, *in->at == '\n' ? "a line feed alone" : otherwise);
    if (in->end - in->at < 2)
        return H1_PARTIAL;
    if (in->at[1] != '\n')
        return h1_refuse(head, 400, "a carriage return alone");
    in->at += 2;
    return H1_COMPLETE;
}

/** Reads a method at `at` and moves `*after` past the space that follows it. */
RARE static h1_result any_method(h1_head *head, char *at, const char *end, char **after)
{
    const char *method = at;
    while (at != end && scan_is(SCAN_TOKEN, *at)) {
        at++;
        if (at - method > METHOD_BYTES)
            return h1_refuse(head, 501, "the method is too long");
    }
    if (at == end)
        return H1_PARTIAL;
    if (*at != ' ' || at == method)
        return h1_refuse(head, 400, "the method is malformed");
    head->request.method_text = (tern_str){method, (size_t)(at - method)};
    head->request.method = http_method_of(method, head->request.method_text.len);
    *after = at + 1;
    return H1_COMPLETE;
}

static inline h1_result request_method(h1_head *head, cursor *in)
{
    if (in->end - in->at >= 4 && memcmp(in->at, "GET ", 4) == 0) {
        head->request.method = HTTP_GET;
        head->request.method_text = (tern_str){in->at, 3};
        in->at += 4;
        return H1_COMPLETE;
    }
    char *after = in->at;
    h1_result result = any_method(head, in->at, in->end, &after);
    in->at = after;
    return result;
}

/**
 * Moves past the target and the space after it; the target's meaning depends on the version, which follows.
 *
 */
static inline h1_result request_target(h1_head *head, const http_head_limits *limits, cursor *in)
{
    const char *target = in->at;
    bool is_plain = true;
    const char *path_end = in->scan->path(in->begin, target, in->end, &is_plain);
    const char *end = path_end;
    head->request.query = (tern_str){NULL, 0};
    if (path_end != in->end && *path_end == '?') {
        end = in->scan->target(in->begin, path_end + 1, in->end);
        head->request.query = (tern_str){path_end + 1, (size_t)(end - path_end - 1)};
    }
    if ((size_t)(end - target) > limits->target_bytes)
        return h1_refuse(head, 414, "the target is too long");
    if (end == in->end)
        return H1_PARTIAL;
    if (*end != ' ' || end == target)
        return h1_refuse(head, 400, "the target is malformed");
    head->request.path = (tern_str){target, (size_t)(path_end - target)};
    head->request.path_is_plain = is_plain;
    in->at += end - target + 1;
    return H1_COMPLETE;
}

RARE static h1_result odd_version(h1_head *head, const char *at, const char *end)
{
    static const char pattern[] = "HTTP/0.0\r\n"; /* '0' stands for any digit */
    for (size_t i = 0; i < VERSION_BYTES; i++) {
        if (at + i == end)
            return H1_PARTIAL;
        bool is_digit = (unsigned char)(at[i] - '0') < 10;
        if (pattern[i] == '0' ? !is_digit : at[i] != pattern[i])
            return h1_refuse(head, 400, "the HTTP version is malformed");
    }
    if (at[5] != '1' || at[7] > '1')
        return h1_refuse(head, 505, "an HTTP version other than 1.0 and 1.1");
    head->request.version = at[7] == '0' ? HTTP_1_0 : HTTP_1_1;
    return H1_COMPLETE;
}

static inline h1_result request_version(h1_head *head, cursor *in)
{
    h1_result result = H1_COMPLETE;
    if (in->end - in->at >= VERSION_BYTES && memcmp(in->at, "HTTP/1.1\r\n", VERSION_BYTES) == 0)
        head->request.version = HTTP_1_1;
    else
        result = odd_version(head, in->at, in->end);
    if (result == H1_COMPLETE)
        in->at += VERSION_BYTES;
    return result;
}

static inline h1_result request_line(h1_head *head, const http_head_limits *limits, cursor *in)
{
    h1_result result = request_method(head, in);
    if (result == H1_COMPLETE)
        result = request_target(head, limits, in);
    if (result == H1_COMPLETE)
        result = request_version(head, in);
    if (result != H1_COMPLETE)
        return result;
    if (*head->request.path.data == '/' && head->request.method != HTTP_CONNECT)
        return H1_COMPLETE;
    const char *target = head->request.path.data;
    size_t len =
        head->request.path.len + (head->request.query.data != NULL ? head->request.query.len + 1 : 0);
    return h1_special_target(head, target, len);
}

/** A name with '_' in it, or an invalid name. `*after` becomes its end; with H1_PASSED_OVER the end of the
 * line. */
RARE static h1_result odd_name(h1_head *head, const http_head_limits *limits, char *name, char *end,
                               char **after)
{
    char *at = name;
    while (at != end && scan_is(SCAN_TOKEN, *at))
        at++;
    if (at == end)
        return H1_PARTIAL;
    if (*at != ':' || at == name)
        return h1_refuse(head, 400,
                         at == name && (*at == ' ' || *at == '\t') ? "a folded header line"
                                                                   : "a header name is malformed");
    *after = at;
    if (http_field_is_kept(limits, (tern_str){name, (size_t)(at - name)}))
        return H1_COMPLETE;
    cursor in = {name, at + 1, end, &scan_scalar};
    while (in.at != end && scan_is(SCAN_FIELD_VALUE, *in.at))
        in.at++;
    h1_result result = line_end(head, &in, in_value);
    *after = in.at;
    return result == H1_COMPLETE ? H1_PASSED_OVER : result;
}

static inline h1_result field_line(h1_head *head, const http_head_limits *limits, http_header *field,
                                   cursor *in)
{
    field->name = in->at;
    in->at += in->scan->field_name(in->begin, in->at, in->end) - in->at;
    if (in->at == in->end)
        return H1_PARTIAL;
    if (*in->at != ':' || in->at == field->name) {
        char *after = in->at;
        h1_result result = odd_name(head, limits, field->name, in->end, &after);
        in->at = after;
        if (result != H1_COMPLETE)
            return result;
    }
    field->name_len = (uint32_t)(in->at - field->name);
    do
        in->at++;
    while (in->at != in->end && (*in->at == ' ' || *in->at == '\t'));
    field->value = in->at;
    char *value_end = field->value + (in->scan->field_value(in->begin, in->at, in->end) - in->at);
    in->at = value_end;
    while (value_end != field->value && (value_end[-1] == ' ' || value_end[-1] == '\t'))
        value_end--;
    field->value_len = (uint32_t)(value_end - field->value);
    return line_end(head, in, in_value);
}

static inline h1_result fields(h1_head *head, const http_head_limits *limits, cursor *in)
{
    h1_seen seen = {0};
    unsigned most = limits->fields < HTTP_HEADERS_MAX ? limits->fields : HTTP_HEADERS_MAX;
    for (;;) {
        if (in->at == in->end)
            return H1_PARTIAL;
        if (*in->at == '\r') {
            h1_result result = line_end(head, in, NULL);
            return result == H1_COMPLETE ? h1_conclude(head, &seen) : result;
        }
        if (head->request.header_count == most)
            return h1_refuse(head, 431, "too many headers");
        http_header *field = &head->headers[head->request.header_count];
        h1_result result = field_line(head, limits, field, in);
        if (result == H1_COMPLETE)
            result = h1_note_field(head, &seen, field);
        if (result == H1_COMPLETE)
            head->request.header_count++;
        else if (result != H1_PASSED_OVER)
            return result;
    }
}

/** The scalars that no part of the request line sets for certain. */
static inline void clear(h1_head *head)
{
    head->keep_alive = head->request.has_length = head->is_chunked = false;
    head->request.has_body = head->expects_continue = head->has_upgrade = head->request.is_encoded =
        head->request.is_asterisk = false;
    head->request.length = 0;
    head->request.host = (tern_str){NULL, 0};
    head->request.header_count = 0;
    head->request.headers = head->headers;
    head->status = 0;
    head->reason = NULL;
}

h1_result h1_head_parse(h1_head *head, const http_head_limits *limits, char *data, size_t len, size_t *used)
{
    size_t seen = len < limits->head_bytes ? len : limits->head_bytes;
    cursor in = {data, data, data + seen, scan_best};
    clear(head);
    h1_result result = skip_empty_lines(head, &in);
    if (result == H1_COMPLETE)
        result = request_line(head, limits, &in);
    if (result == H1_COMPLETE)
        result = fields(head, limits, &in);
    if (result == H1_COMPLETE)
        *used = (size_t)(in.at - data);
    else if (result == H1_PARTIAL && len >= limits->head_bytes)
        result = h1_refuse(head, 431, "the head is too large");
    return result;
}
