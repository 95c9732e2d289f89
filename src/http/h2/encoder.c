/** Hot path: a reply's head is a few bytes written in order. No search, no allocation. */
#include "http/h2/encoder.h"

#include "base/text.h"
#include "http/date.h"

#include <string.h>

/* Numbers of the static table: RFC 7541 appendix A. */
enum {
    STATIC_STATUS = 8,
    STATIC_CONTENT_LENGTH = 28,
    STATIC_CONTENT_TYPE = 31,
    STATIC_DATE = 33,
    STATIC_SERVER = 54,
    STATIC_LAST = 61
};

enum { ENTRY_OVERHEAD = 32 /* RFC 7541 section 4.1 */ };

/* The beginnings of a field: RFC 7541 section 6. */
enum { INDEXED = 0x80, ADDED = 0x40, RESIZED = 0x20, NEVER_INDEXED = 0x10, NOT_INDEXED = 0 };

static char *put(char *at, const void *data, size_t len)
{
    memcpy(at, data, len);
    return at + len;
}

/** An integer whose first byte has `bits` bits beside `begin`: RFC 7541 section 5.1. */
static char *put_number(char *at, unsigned begin, unsigned bits, size_t value)
{
    size_t most = ((size_t)1 << bits) - 1;
    if (value < most) {
        *at++ = (char)(begin | value);
        return at;
    }
    *at++ = (char)(begin | most);
    for (value -= most; value >= 128; value >>= 7)
        *at++ = (char)(value | 128);
    *at++ = (char)value;
    return at;
}

static char *put_text(char *at, const char *text, size_t len)
{
    return put(put_number(at, 0, 7, len), text, len);
}

void encoder_init(h2_encoder *e)
{
    e->table_bytes = H2_TABLE_BYTES; /* what both sides begin with */
}

void encoder_resize(h2_encoder *e, uint32_t bytes)
{
    if (bytes > H2_TABLE_BYTES)
        bytes = H2_TABLE_BYTES;
    if (bytes == e->table_bytes)
        return;
    e->table_bytes = bytes;
    e->has_resized = true;
    e->server = e->date = (encoder_entry){0};
    memset(e->defaults, 0, sizeof e->defaults);
    for (unsigned i = 0; i < ENCODER_TYPES; i++)
        e->types[i].entry.number = 0;
}

/** The number of an entry in the table as it is now; 0 when it is not there. */
static unsigned index_of(const h2_encoder *e, const encoder_entry *entry)
{
    if (entry->number == 0 || e->added_bytes - entry->before > e->table_bytes)
        return 0;
    return STATIC_LAST + 1 + e->added - entry->number;
}

/** Notes that a field is in the table from now on; false if it does not fit. */
static bool note(h2_encoder *e, encoder_entry *entry, size_t name_len, size_t value_len)
{
    uint32_t bytes = (uint32_t)(name_len + value_len + ENTRY_OVERHEAD);
    if (bytes > e->table_bytes / 4)
        return false;
    *entry = (encoder_entry){.number = ++e->added, .before = e->added_bytes};
    e->added_bytes += bytes;
    return true;
}

/** A field that is in the table from now on, if it fits. */
static char *add(h2_encoder *e, char *at, encoder_entry *entry, unsigned name, size_t name_len,
                 tern_str value)
{
    bool is_added = note(e, entry, name_len, value.len);
    at = is_added ? put_number(at, ADDED, 6, name) : put_number(at, NOT_INDEXED, 4, name);
    return put_text(at, value.data, value.len);
}

static char *put_entry(h2_encoder *e, char *at, encoder_entry *entry, unsigned name, size_t name_len,
                       tern_str value)
{
    unsigned index = index_of(e, entry);
    if (index != 0)
        return put_number(at, INDEXED, 7, index);
    return add(e, at, entry, name, name_len, value);
}

char *encoder_announce(h2_encoder *e, char *at)
{
    if (!e->has_resized)
        return at;
    e->has_resized = false;
    *at++ = (char)RESIZED; /* empties the table, then sets its size: RFC 7541 section 4.2 */
    return put_number(at, RESIZED, 5, e->table_bytes);
}

char *encoder_status(h2_encoder *e, char *at, int status)
{
    static const uint16_t known[] = {200, 204, 206, 304, 400, 404, 500};
    at = encoder_announce(e, at);
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == status) {
            *at++ = (char)(INDEXED | (STATIC_STATUS + i));
            return at;
        }
    const char digits[3] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
                            (char)('0' + status % 10)};
    at = put_number(at, NOT_INDEXED, 4, STATIC_STATUS);
    return put_text(at, digits, sizeof digits);
}

char *encoder_begin(h2_encoder *e, char *at, int status, const char *server_name)
{
    unsigned second;
    tern_str lines = http_common_lines(server_name, &second);
    tern_str date = {lines.data + lines.len - HTTP_DATE_LEN - 2, HTTP_DATE_LEN};
    at = encoder_status(e, at, status);
    if (lines.data[0] == 'S') /* and not too long for http_common_lines */
        at = put_entry(e, at, &e->server, STATIC_SERVER, 6, (tern_str){server_name, strlen(server_name)});
    if (e->second != second) {
        e->second = second;
        e->date.number = 0;
    }
    return put_entry(e, at, &e->date, STATIC_DATE, 4, date);
}

char *encoder_type(h2_encoder *e, char *at, const char *type, size_t len)
{
    for (unsigned i = 0; i < ENCODER_TYPES; i++)
        if (e->types[i].len == len && memcmp(e->types[i].text, type, len) == 0)
            return put_entry(e, at, &e->types[i].entry, STATIC_CONTENT_TYPE, 12, (tern_str){type, len});
    if (len > ENCODER_TYPE_BYTES) {
        at = put_number(at, NOT_INDEXED, 4, STATIC_CONTENT_TYPE);
        return put_text(at, type, len);
    }
    unsigned slot = e->next_type++ % ENCODER_TYPES;
    e->types[slot].entry.number = 0;
    e->types[slot].len = (uint32_t)len;
    memcpy(e->types[slot].text, type, len);
    return put_entry(e, at, &e->types[slot].entry, STATIC_CONTENT_TYPE, 12, (tern_str){type, len});
}

static char *put_lower(char *at, tern_str name)
{
    at = put_number(at, 0, 7, name.len);
    for (size_t i = 0; i < name.len; i++)
        *at++ = (char)text_lower((unsigned char)name.data[i]);
    return at;
}

char *encoder_defaults(h2_encoder *e, char *at, const http_defaults *d, unsigned replaced, bool is_page)
{
    if (!is_page)
        replaced |= d->for_pages;
    for (unsigned i = 0; i < d->count; i++) {
        if (replaced >> i & 1)
            continue;
        unsigned index = index_of(e, &e->defaults[i]);
        if (index != 0) {
            at = put_number(at, INDEXED, 7, index);
            continue;
        }
        *at++ = (char)(note(e, &e->defaults[i], d->names[i].len, d->values[i].len) ? ADDED : NOT_INDEXED);
        at = put_text(put_lower(at, d->names[i]), d->values[i].data, d->values[i].len);
    }
    return at;
}

char *encoder_length(char *at, uint64_t length)
{
    char digits[20];
    at = put_number(at, NOT_INDEXED, 4, STATIC_CONTENT_LENGTH);
    return put_text(at, digits, text_put_u64(digits, length));
}

/* -- other fields -- */

#define NAME(number, text)                                                                                   \
    {                                                                                                        \
        {text, sizeof(text) - 1}, number                                                                     \
    }

/* Names of replies in the static table, by length. */
static const struct {
    tern_str name;
    unsigned number;
} names[] = {
    NAME(21, "age"),
    NAME(59, "vary"),
    NAME(34, "etag"),
    NAME(45, "link"),
    NAME(22, "allow"),
    NAME(36, "expires"),
    NAME(46, "location"),
    NAME(55, "set-cookie"),
    NAME(53, "retry-after"),
    NAME(24, "cache-control"),
    NAME(18, "accept-ranges"),
    NAME(30, "content-range"),
    NAME(44, "last-modified"),
    NAME(26, "content-encoding"),
    NAME(27, "content-language"),
    NAME(61, "www-authenticate"),
    NAME(25, "content-disposition"),
    NAME(56, "strict-transport-security"),
    NAME(20, "access-control-allow-origin"),
};

static unsigned number_of(const char *name, size_t len)
{
    for (unsigned i = 0; i < sizeof names / sizeof *names && names[i].name.len <= len; i++)
        if (names[i].name.len == len && memcmp(names[i].name.data, name, len) == 0)
            return names[i].number;
    return 0;
}

char *encoder_field(char *at, tern_str name, tern_str value)
{
    char lower[32];
    if (name.len <= sizeof lower) {
        for (size_t i = 0; i < name.len; i++)
            lower[i] = (char)text_lower((unsigned char)name.data[i]);
        unsigned number = number_of(lower, name.len);
        if (number != 0) { /* a cookie may be a secret: RFC 7541 section 7.1.3 */
            at = put_number(at, number == 55 ? NEVER_INDEXED : NOT_INDEXED, 4, number);
            return put_text(at, value.data, value.len);
        }
    }
    *at++ = NOT_INDEXED;
    return put_text(put_lower(at, name), value.data, value.len);
}
