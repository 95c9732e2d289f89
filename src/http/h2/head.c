#include "http/h2/head.h"

#include "base/text.h"
#include "http/authority.h"
#include "http/scan/scan.h"

#include <string.h>

enum { LINE_OVERHEAD = 4 /* ": " and CRLF, as HTTP/1.1 counts a field */ };

/* Bits of h2_head.seen. */
enum {
    SEEN_METHOD = 1,
    SEEN_SCHEME = 2,
    SEEN_PATH = 4,
    SEEN_AUTHORITY = 8,
    SEEN_HOST = 16,
    SEEN_CONTENT_TYPE = 32,
    SEEN_AUTHORIZATION = 64,
    SEEN_PROTOCOL = 128
};

static void malformed(h2_head *head, const char *reason)
{
    if (!head->is_malformed) {
        head->is_malformed = true;
        head->reason = reason;
    }
}

/** The first refusal counts. */
static void refuse(h2_head *head, int status, const char *reason)
{
    if (head->status == 0 && !head->is_malformed) {
        head->status = status;
        head->reason = reason;
    }
}

size_t h2_head_bytes(const http_head_limits *limits)
{
    /* Twice: cookies are joined after all fields, and each text has a NUL after it. */
    return sizeof(h2_head) + 2 * limits->head_bytes + 2 * HTTP_HEADERS_MAX;
}

void h2_head_begin(h2_head *head, const http_head_limits *limits)
{
    memset(head, 0, offsetof(h2_head, headers));
    head->request.headers = head->headers;
    head->request.version = HTTP_2;
    head->urgency = 3;
    head->text_cap = (uint32_t)(2 * limits->head_bytes + 2 * HTTP_HEADERS_MAX);
}

/** A copy with a NUL after it; there is room for all texts within the limits. */
static tern_str keep(h2_head *head, tern_str text)
{
    char *at = head->text + head->text_len;
    memcpy(at, text.data, text.len);
    at[text.len] = '\0';
    head->text_len += (uint32_t)text.len + 1;
    return (tern_str){at, text.len};
}

static bool is(tern_str text, const char *word, size_t len)
{
    return text.len == len && memcmp(text.data, word, len) == 0;
}

#define IS(text, literal) is(text, literal, sizeof(literal) - 1)

/** A token of RFC 9110 without upper-case letters. */
static bool is_lower_token(tern_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!scan_is(SCAN_TOKEN, name.data[i]) || (unsigned char)(name.data[i] - 'A') < 26)
            return false;
    return name.len > 0;
}

/** RFC 9113 section 8.2.1. */
static bool is_value(tern_str value)
{
    if (value.len == 0)
        return true;
    char first = value.data[0], last = value.data[value.len - 1];
    if (first == ' ' || first == '\t' || last == ' ' || last == '\t')
        return false;
    const char *end = value.data + value.len;
    return scan_best->field_value(value.data, value.data, end) == end;
}

/* -- pseudo-header fields -- */

static void take_method(h2_head *head, tern_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!scan_is(SCAN_TOKEN, value.data[i])) {
            malformed(head, ":method is not a token");
            return;
        }
    if (value.len == 0) {
        malformed(head, ":method is empty");
    } else if (value.len > 32) {
        refuse(head, 501, "the method is too long");
    } else {
        head->request.method_text = keep(head, value);
        head->request.method = http_method_of(value.data, value.len);
    }
}

static void take_path(h2_head *head, const http_head_limits *limits, tern_str value)
{
    http_request *request = &head->request;
    const char *end = value.data + value.len;
    if (value.len == 0 || (value.data[0] != '/' && !IS(value, "*"))) {
        malformed(head, ":path is not a path");
        return;
    }
    if (scan_scalar.target(value.data, value.data, end) != end) {
        malformed(head, ":path has a byte that is not allowed");
        return;
    }
    if (value.len > limits->target_bytes) {
        refuse(head, 414, "the target is too long");
        return;
    }
    value = keep(head, value);
    const char *question = memchr(value.data, '?', value.len);
    request->path = value;
    if (question != NULL) {
        request->path.len = (size_t)(question - value.data);
        request->query = (tern_str){question + 1, value.len - request->path.len - 1};
    }
    request->path_is_plain = true;
    scan_scalar.path(value.data, value.data, value.data + request->path.len, &request->path_is_plain);
}

static void take_pseudo(h2_head *head, const http_head_limits *limits, tern_str name, tern_str value)
{
    static const struct {
        tern_str name;
        uint8_t bit;
    } known[] = {{{":method", 7}, SEEN_METHOD},
                 {{":scheme", 7}, SEEN_SCHEME},
                 {{":path", 5}, SEEN_PATH},
                 {{":authority", 10}, SEEN_AUTHORITY},
                 {{":protocol", 9}, SEEN_PROTOCOL}};
    unsigned bit = 0;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (is(name, known[i].name.data, known[i].name.len))
            bit = known[i].bit;
    if (bit == 0 || head->is_after_pseudo || head->is_trailers || (head->seen & bit) != 0) {
        malformed(head, "a pseudo-header field is unknown, repeated or in the wrong place");
        return;
    }
    head->seen |= (uint8_t)bit;
    if (bit == SEEN_METHOD)
        take_method(head, value);
    else if (bit == SEEN_PATH)
        take_path(head, limits, value);
    else if (bit == SEEN_SCHEME)
        head->scheme = keep(head, value);
    else if (bit == SEEN_PROTOCOL)
        head->protocol = keep(head, value);
    else if (!authority_is_valid(value.data, value.len, NULL))
        malformed(head, ":authority is not valid");
    else
        head->request.host = keep(head, value);
}

/* -- fields that mean something here -- */

static void take_length(h2_head *head, tern_str value)
{
    http_request *request = &head->request;
    bool is_decimal = value.len > 0 && !request->has_length;
    for (size_t i = 0; i < value.len; i++)
        is_decimal = is_decimal && value.data[i] >= '0' && value.data[i] <= '9';
    if (!is_decimal) {
        malformed(head, "content-length is repeated or not a decimal number");
        return;
    }
    request->has_length = true;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)(value.data[i] - '0');
        if (request->length > ((uint64_t)INT64_MAX - digit) / 10) {
            refuse(head, 413, "Content-Length is too large");
            return;
        }
        request->length = request->length * 10 + digit;
    }
}

/** Two of them mean two things, and which one counts depends on who reads. */
static void take_once(h2_head *head, uint8_t bit, const char *reason)
{
    if (head->seen & bit)
        refuse(head, 400, reason);
    head->seen |= bit;
}

static void take_host(h2_head *head, tern_str value)
{
    if (head->seen & SEEN_HOST)
        malformed(head, "more than one host");
    else if (!authority_is_valid(value.data, value.len, NULL))
        malformed(head, "host is not valid");
    head->seen |= SEEN_HOST;
    head->host_field = value;
}

/** Fields of the connection, which HTTP/2 has no place for: RFC 9113 section 8.2.2. */
static bool is_of_connection(tern_str name, tern_str value)
{
    switch (name.len) {
    case 2:
        return IS(name, "te") && !(value.len == 8 && text_equal_nocase(value.data, "trailers", 8));
    case 7:
        return IS(name, "upgrade");
    case 10:
        return IS(name, "connection") || IS(name, "keep-alive");
    case 16:
        return IS(name, "proxy-connection");
    case 17:
        return IS(name, "transfer-encoding");
    default:
        return false;
    }
}

/** `value` is the copy that was kept. */
static void note_field(h2_head *head, tern_str name, tern_str value)
{
    switch (name.len) {
    case 4:
        if (IS(name, "host"))
            take_host(head, value);
        break;
    case 6:
        if (IS(name, "cookie"))
            head->cookies++;
        else if (!IS(name, "expect"))
            break;
        else if (value.len == 12 && text_equal_nocase(value.data, "100-continue", 12))
            head->expects_continue = true;
        else
            refuse(head, 417, "an expectation other than 100-continue");
        break;
    case 8:
        if (IS(name, "priority"))
            h2_priority_read(value, &head->urgency, &head->is_incremental);
        break;
    case 12:
        if (IS(name, "content-type"))
            take_once(head, SEEN_CONTENT_TYPE, "more than one Content-Type");
        break;
    case 13:
        if (IS(name, "authorization"))
            take_once(head, SEEN_AUTHORIZATION, "more than one Authorization");
        break;
    case 14:
        if (IS(name, "content-length"))
            take_length(head, value);
        break;
    case 16:
        head->request.is_encoded |= IS(name, "content-encoding");
        break;
    default:
        break;
    }
}

void h2_head_add(h2_head *head, const http_head_limits *limits, tern_str name, tern_str value)
{
    head->decoded_bytes += name.len + value.len + LINE_OVERHEAD;
    if (head->is_malformed || head->is_ignored)
        return;
    bool is_pseudo = name.len > 0 && name.data[0] == ':';
    if ((!is_pseudo && !is_lower_token(name)) || !is_value(value)) {
        malformed(head, "a field has a name or a value that is not allowed");
        return;
    }
    if (head->decoded_bytes > limits->head_bytes)
        refuse(head, 431, "the head is too large");
    if (is_pseudo) {
        if (head->status == 0 || head->is_trailers || head->is_after_pseudo)
            take_pseudo(head, limits, name, value);
        return;
    }
    head->is_after_pseudo = true;
    if (is_of_connection(name, value)) {
        malformed(head, "a field of the connection");
        return;
    }
    if (head->is_trailers || head->status != 0 ||
        (memchr(name.data, '_', name.len) != NULL && !http_field_is_kept(limits, name)))
        return;
    if (head->request.header_count == limits->fields) {
        refuse(head, 431, "too many header fields");
        return;
    }
    name = keep(head, name);
    value = keep(head, value);
    head->headers[head->request.header_count++] = (http_header){.name = (char *)(uintptr_t)name.data,
                                                                .value = (char *)(uintptr_t)value.data,
                                                                .name_len = (uint32_t)name.len,
                                                                .value_len = (uint32_t)value.len};
    note_field(head, name, value);
}

/* -- all of them -- */

/** One Cookie field in place of several: RFC 9113 section 8.2.3. */
static void join_cookies(h2_head *head)
{
    http_request *request = &head->request;
    char *joined = head->text + head->text_len, *at = joined;
    http_header *first = NULL;
    unsigned kept = 0;
    for (unsigned i = 0; i < request->header_count; i++) {
        http_header *h = &head->headers[i];
        bool is_cookie = h->name_len == 6 && memcmp(h->name, "cookie", 6) == 0;
        if (is_cookie) {
            if (at != joined) {
                memcpy(at, "; ", 2);
                at += 2;
            }
            memcpy(at, h->value, h->value_len);
            at += h->value_len;
        }
        if (is_cookie && first != NULL)
            continue;
        head->headers[kept] = *h;
        if (is_cookie)
            first = &head->headers[kept];
        kept++;
    }
    *at = '\0';
    request->header_count = kept;
    if (first == NULL)
        return;
    first->value = joined;
    first->value_len = (uint32_t)(at - joined);
    head->text_len += first->value_len + 1;
}

static void conclude_connect(h2_head *head)
{
    if ((head->seen & (SEEN_SCHEME | SEEN_PATH)) != 0 || (head->seen & SEEN_AUTHORITY) == 0) {
        malformed(head, "CONNECT has :scheme or :path, or no :authority");
        return;
    }
    head->request.path = TERN_STR("/");
    head->request.path_is_plain = true;
}

/** An extended CONNECT: RFC 8441 section 4. The layers above see the GET that HTTP/1.1 would have. */
static void conclude_extended_connect(h2_head *head)
{
    http_request *request = &head->request;
    const unsigned all = SEEN_METHOD | SEEN_SCHEME | SEEN_PATH | SEEN_AUTHORITY;
    if ((head->seen & all) != all || request->method != HTTP_CONNECT || request->path.data[0] != '/') {
        malformed(head, ":protocol without CONNECT, :scheme, :path or :authority");
        return;
    }
    if (!IS(head->protocol, "websocket")) {
        refuse(head, 501, "a protocol other than websocket");
        return;
    }
    head->is_connect = request->wants_tunnel = true;
    request->method = HTTP_GET;
    request->method_text = TERN_STR("GET");
}

static void conclude_target(h2_head *head)
{
    http_request *request = &head->request;
    const unsigned all = SEEN_METHOD | SEEN_SCHEME | SEEN_PATH;
    if ((head->seen & SEEN_PROTOCOL) != 0) {
        if (head->status == 0)
            conclude_extended_connect(head);
    } else if ((head->seen & SEEN_METHOD) != 0 && request->method == HTTP_CONNECT && head->status == 0) {
        conclude_connect(head);
    } else if ((head->seen & all) != all) {
        if (head->status == 0) /* a head that is too large may have lost some */
            malformed(head, "a pseudo-header field is missing");
    } else if (request->path.len == 1 && request->path.data[0] == '*') {
        request->is_asterisk = true;
        if (request->method != HTTP_OPTIONS)
            malformed(head, ":path is * without OPTIONS");
    }
    if (head->host_field.data == NULL)
        return;
    tern_str host = head->host_field;
    if (request->host.data == NULL)
        request->host = host;
    else if (host.len != request->host.len || !text_equal_nocase(host.data, request->host.data, host.len))
        malformed(head, "host differs from :authority");
}

/** A head that is refused has nothing that may be used. */
static void forget(h2_head *head)
{
    head->request = (http_request){.method = HTTP_OTHER_METHOD,
                                   .version = HTTP_2,
                                   .path_is_plain = true,
                                   .method_text = {"", 0},
                                   .path = {"", 0},
                                   .host = {"", 0},
                                   .headers = head->headers};
}

void h2_head_conclude(h2_head *head, bool ends)
{
    http_request *request = &head->request;
    if (head->is_malformed || head->is_ignored || head->is_trailers)
        return;
    conclude_target(head);
    if (head->is_malformed)
        return;
    if (ends && request->has_length && request->length != 0) {
        malformed(head, "content-length is not 0, and no body follows");
        return;
    }
    if (request->host.data == NULL)
        refuse(head, 400, "no Host");
    if (head->status != 0) {
        forget(head);
        return;
    }
    request->has_body = !ends && !head->is_connect && (!request->has_length || request->length != 0);
    if (head->cookies > 1)
        join_cookies(head);
}

/* -- priorities -- */

/** The members of interest of a structured dictionary; anything else is skipped. */
void h2_priority_read(tern_str value, uint8_t *urgency, bool *is_incremental)
{
    const char *at = value.data, *end = value.data + value.len;
    while (at != end) {
        while (at != end && (*at == ' ' || *at == '\t' || *at == ','))
            at++;
        const char *member = at;
        while (at != end && *at != ',')
            at++;
        size_t len = (size_t)(at - member);
        while (len > 0 && (member[len - 1] == ' ' || member[len - 1] == '\t'))
            len--;
        if (len == 3 && memcmp(member, "u=", 2) == 0 && member[2] >= '0' && member[2] <= '7')
            *urgency = (uint8_t)(member[2] - '0');
        else if (len == 1 && *member == 'i')
            *is_incremental = true;
        else if (len == 4 && memcmp(member, "i=?", 3) == 0)
            *is_incremental = member[3] == '1';
    }
}
