#include "http/h1/meaning.h"

#include "base/text.h"
#include "http/authority.h"
#include "http/scan/scan.h"

#include <string.h>

h1_result h1_refuse(h1_head *head, int status, const char *reason)
{
    head->status = status;
    head->reason = reason;
    return H1_ERROR;
}

/* -- targets that are not a plain path -- */

static void set_path(h1_head *head, const char *path, const char *end)
{
    const char *question = memchr(path, '?', (size_t)(end - path));
    const char *path_end = question != NULL ? question : end;
    head->request.query =
        question != NULL ? (tern_str){question + 1, (size_t)(end - question - 1)} : (tern_str){NULL, 0};
    if (path_end == path) {
        head->request.path = TERN_STR("/");
        head->request.path_is_plain = true;
        return;
    }
    head->request.path = (tern_str){path, (size_t)(path_end - path)};
    bool is_plain = true;
    scan_scalar.path(path, path, path_end, &is_plain);
    head->request.path_is_plain = is_plain;
}

/** Length of "http://" or "https://" at the start of `target`, 0 when neither is there. */
static size_t scheme_length(const char *target, size_t len)
{
    static const tern_str schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (len >= schemes[i].len && text_equal_nocase(target, schemes[i].data, schemes[i].len))
            return schemes[i].len;
    return 0;
}

h1_result h1_special_target(h1_head *head, const char *target, size_t len)
{
    const char *end = target + len;
    if (head->request.method == HTTP_CONNECT) {
        bool has_port = false;
        if (!authority_is_valid(target, len, &has_port) || !has_port)
            return h1_refuse(head, 400, "the target of CONNECT is not host:port");
        head->request.host = (tern_str){target, len};
        set_path(head, end, end);
        return H1_COMPLETE;
    }
    if (len == 1 && *target == '*' && head->request.method == HTTP_OPTIONS) {
        head->request.is_asterisk = true;
        head->request.path_is_plain = true;
        head->request.path = (tern_str){target, 1};
        head->request.query = (tern_str){NULL, 0};
        return H1_COMPLETE;
    }
    size_t scheme = scheme_length(target, len);
    if (scheme == 0)
        return h1_refuse(head, 400, "the target is neither a path nor an http URL");
    const char *authority = target + scheme;
    const char *authority_end = authority;
    while (authority_end != end && *authority_end != '/' && *authority_end != '?')
        authority_end++;
    head->request.host = (tern_str){authority, (size_t)(authority_end - authority)};
    if (!authority_is_valid(head->request.host.data, head->request.host.len, NULL))
        return h1_refuse(head, 400, "the target's host is not valid");
    set_path(head, authority_end, end);
    return H1_COMPLETE;
}

/* -- words -- */

/** Four or eight bytes in lower case. The bit turns some other bytes into each other too, but among those
 * that may stand in a header it makes letters only of letters, and nothing into a digit or '-', which is all
 * that the words here are made of. */
static inline uint32_t lower_32(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word | 0x20202020u;
}

static inline uint64_t lower_64(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word | 0x2020202020202020u;
}

/** Whether `len` (at least 4) bytes of a name or value are `lower`: by words, the last one overlapping. */
static inline bool is_word(const char *text, const char *lower, size_t len)
{
    if (len < 8)
        return lower_32(text) == lower_32(lower) && lower_32(text + len - 4) == lower_32(lower + len - 4);
    for (size_t i = 0; i + 8 < len; i += 8)
        if (lower_64(text + i) != lower_64(lower + i))
            return false;
    return lower_64(text + len - 8) == lower_64(lower + len - 8);
}

/* -- fields -- */

/** As authority_is_valid; the host seen last is remembered, since a server rarely has more than one. */
static inline bool host_is_valid(tern_str host)
{
    static char last[64];
    static size_t last_len;
    if (host.len == last_len && memcmp(host.data, last, last_len) == 0 && last_len != 0)
        return true;
    if (!authority_is_valid(host.data, host.len, NULL))
        return false;
    if (host.len <= sizeof last) {
        memcpy(last, host.data, host.len);
        last_len = host.len;
    }
    return true;
}

static h1_result note_host(h1_head *head, h1_seen *seen, tern_str value)
{
    if (seen->host)
        return h1_refuse(head, 400, "more than one Host");
    seen->host = true;
    if (value.len == 0 && head->request.version == HTTP_1_0)
        return H1_COMPLETE; /* same as without */
    if (!host_is_valid(value))
        return h1_refuse(head, 400, "Host is not valid");
    if (head->request.host.data ==
        NULL) /* the host of an absolute-form target wins: RFC 9112 section 3.2.2 */
        head->request.host = value;
    return H1_COMPLETE;
}

static h1_result note_content_length(h1_head *head, h1_seen *seen, tern_str value)
{
    if (head->request.has_length)
        return h1_refuse(head, 400, "more than one Content-Length");
    if (seen->transfer_encoding)
        return h1_refuse(head, 400, "Content-Length together with Transfer-Encoding");
    uint64_t sum = 0;
    bool is_huge = false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)(unsigned char)value.data[i] - '0';
        if (digit > 9)
            return h1_refuse(head, 400, "Content-Length is not a decimal number");
        if (sum > ((uint64_t)INT64_MAX - digit) / 10)
            is_huge = true;
        else
            sum = sum * 10 + digit;
    }
    if (value.len == 0)
        return h1_refuse(head, 400, "Content-Length is empty");
    if (is_huge)
        return h1_refuse(head, 413, "Content-Length is too large");
    head->request.has_length = true;
    head->request.length = sum;
    head->request.has_body = sum > 0;
    return H1_COMPLETE;
}

/** Takes the next element of a comma-separated list, without the white space around it; false at the end. */
static bool list_next(tern_str *rest, tern_str *element)
{
    if (rest->data == NULL)
        return false;
    const char *begin = rest->data, *end = rest->data + rest->len;
    const char *comma = memchr(begin, ',', rest->len);
    *rest = comma != NULL ? (tern_str){comma + 1, (size_t)(end - comma - 1)} : (tern_str){NULL, 0};
    if (comma != NULL)
        end = comma;
    while (begin != end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (begin != end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *element = (tern_str){begin, (size_t)(end - begin)};
    return true;
}

static bool equals(tern_str text, tern_str word)
{
    return text.len == word.len && is_word(text.data, word.data, word.len);
}

/** 0 for exactly `chunked`; 501 for a coding we do not speak; 400 for a value that cannot be a framing. */
static int coding_status(tern_str value)
{
    bool is_chunked = false, others = false;
    tern_str element;
    while (list_next(&value, &element)) {
        if (element.len == 0 || is_chunked) /* nothing may follow chunked: RFC 9112 section 6.1 */
            return 400;
        for (size_t i = 0; i < element.len; i++)
            if (!scan_is(SCAN_TOKEN, element.data[i]))
                return 400;
        if (equals(element, TERN_STR("chunked")))
            is_chunked = true;
        else
            others = true;
    }
    return others ? 501 : 0;
}

static h1_result note_transfer_encoding(h1_head *head, h1_seen *seen, tern_str value)
{
    if (head->request.version == HTTP_1_0)
        return h1_refuse(head, 400, "Transfer-Encoding in HTTP/1.0");
    if (seen->transfer_encoding)
        return h1_refuse(head, 400, "more than one Transfer-Encoding");
    if (head->request.has_length)
        return h1_refuse(head, 400, "Content-Length together with Transfer-Encoding");
    seen->transfer_encoding = true;
    int status = coding_status(value);
    if (status == 501)
        return h1_refuse(head, 501, "a transfer coding other than chunked");
    if (status != 0)
        return h1_refuse(head, 400, "Transfer-Encoding is malformed");
    head->is_chunked = head->request.has_body = true;
    return H1_COMPLETE;
}

/** Only three options are read. Nothing that Connection names is removed from the request: a field that a
 * client could make disappear is a field that no application could trust. */
static h1_result note_connection(h1_head *head, h1_seen *seen, tern_str value)
{
    (void)head;
    tern_str element;
    while (list_next(&value, &element)) {
        if (equals(element, TERN_STR("close")))
            seen->token_close = true;
        else if (equals(element, TERN_STR("keep-alive")))
            seen->token_keep_alive = true;
        else if (equals(element, TERN_STR("upgrade")))
            seen->token_upgrade = true;
    }
    return H1_COMPLETE;
}

static h1_result note_expect(h1_head *head, h1_seen *seen, tern_str value)
{
    if (!equals(value, TERN_STR("100-continue")))
        return h1_refuse(head, 417, "an expectation other than 100-continue");
    seen->expect = true;
    return H1_COMPLETE;
}

static h1_result note_upgrade(h1_head *head, h1_seen *seen, tern_str value)
{
    (void)head;
    tern_str element;
    seen->upgrade |= H1_UPGRADES;
    while (list_next(&value, &element))
        if (equals(element, TERN_STR("websocket")))
            seen->upgrade |= H1_TO_WEBSOCKET;
    return H1_COMPLETE;
}

/** Two of them mean two things, and which one counts depends on who reads. */
static h1_result note_once(h1_head *head, h1_seen *seen, uint8_t which, const char *reason)
{
    if (seen->once & which)
        return h1_refuse(head, 400, reason);
    seen->once |= which;
    return H1_COMPLETE;
}

static h1_result note_content_type(h1_head *head, h1_seen *seen, tern_str value)
{
    (void)value;
    return note_once(head, seen, H1_CONTENT_TYPE, "more than one Content-Type");
}

static h1_result note_authorization(h1_head *head, h1_seen *seen, tern_str value)
{
    (void)value;
    return note_once(head, seen, H1_AUTHORIZATION, "more than one Authorization");
}

static h1_result note_content_encoding(h1_head *head, h1_seen *seen, tern_str value)
{
    (void)seen;
    (void)value;
    head->request.is_encoded = true;
    return H1_COMPLETE;
}

/* The only names that matter here, each of another length. */
static const struct {
    tern_str name;
    h1_result (*note)(h1_head *head, h1_seen *seen, tern_str value);
} known[] = {
    [4] = {{"host", 4}, note_host},
    [6] = {{"expect", 6}, note_expect},
    [7] = {{"upgrade", 7}, note_upgrade},
    [10] = {{"connection", 10}, note_connection},
    [12] = {{"content-type", 12}, note_content_type},
    [13] = {{"authorization", 13}, note_authorization},
    [14] = {{"content-length", 14}, note_content_length},
    [16] = {{"content-encoding", 16}, note_content_encoding},
    [17] = {{"transfer-encoding", 17}, note_transfer_encoding},
};

h1_result h1_note_field(h1_head *head, h1_seen *seen, const http_header *field)
{
    size_t len = field->name_len;
    if (len >= sizeof known / sizeof *known || known[len].note == NULL ||
        !is_word(field->name, known[len].name.data, len))
        return H1_COMPLETE;
    return known[len].note(head, seen, (tern_str){field->value, field->value_len});
}

h1_result h1_conclude(h1_head *head, const h1_seen *seen)
{
    if (!seen->host && head->request.version == HTTP_1_1)
        return h1_refuse(head, 400, "no Host");
    head->keep_alive = !seen->token_close && (head->request.version == HTTP_1_1 || seen->token_keep_alive);
    head->has_upgrade = seen->upgrade && seen->token_upgrade;
    head->request.wants_tunnel = head->has_upgrade && (seen->upgrade & H1_TO_WEBSOCKET) != 0 &&
                                 head->request.version == HTTP_1_1 && head->request.method == HTTP_GET &&
                                 !head->request.has_body;
    /* Without a body there is nothing to wait for, and HTTP/1.0 does not have 100: RFC 9110 section
     * 10.1.1. */
    head->expects_continue = seen->expect && head->request.version == HTTP_1_1 && head->request.has_body;
    return H1_COMPLETE;
}
