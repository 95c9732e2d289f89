#include "auth/session/record.h"

#include <string.h>

enum { VERSION = 1, FLAG_REMEMBERED = 1, FLAG_MOVED = 2, FLAG_FOLLOWED = 4, FIXED = 4 + 4 * 8 };

/* -- writing -- */

static void put(uint8_t **at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *(*at)++ = (uint8_t)(value >> (8 * i));
}

static void put_bytes(uint8_t **at, const void *bytes, size_t len)
{
    if (len != 0)
        memcpy(*at, bytes, len);
    *at += len;
}

static void put_text(uint8_t **at, tern_str text)
{
    put(at, text.len, 2);
    put_bytes(at, text.data, text.len);
}

static size_t size_of(const session_record *r)
{
    size_t size = FIXED + SESSION_KEY_BYTES + 6 + r->user.len + r->device.len + r->address.len;
    for (unsigned i = 0; i < r->count; i++)
        size += 6 + r->entries[i].name.len + r->entries[i].value.len;
    return size;
}

tern_str session_record_write(tern_ctx *c, const session_record *r)
{
    uint8_t *bytes = tern_alloc(c, size_of(r)), *at = bytes;
    put(&at, VERSION, 1);
    put(&at,
        (r->is_remembered ? FLAG_REMEMBERED : 0u) | (r->linked == SESSION_MOVED ? FLAG_MOVED : 0u) |
            (r->linked == SESSION_FOLLOWED ? FLAG_FOLLOWED : 0u),
        1);
    put(&at, r->factors, 1);
    put(&at, 0, 1);
    put(&at, (uint64_t)r->created, 8);
    put(&at, (uint64_t)r->seen, 8);
    put(&at, (uint64_t)r->renewed, 8);
    put(&at, (uint64_t)r->since, 8);
    if (r->linked != SESSION_NO_LINK)
        put_bytes(&at, r->link, SESSION_KEY_BYTES);
    put_text(&at, r->user);
    put_text(&at, r->device);
    put_text(&at, r->address);
    for (unsigned i = 0; i < r->count; i++) {
        const session_entry *e = &r->entries[i];
        if (e->value.data == NULL)
            continue;
        put(&at, e->name.len, 2);
        put(&at, e->value.len, 4);
        put_bytes(&at, e->name.data, e->name.len);
        put_bytes(&at, e->value.data, e->value.len);
    }
    return (tern_str){(char *)bytes, (size_t)(at - bytes)};
}

/* -- reading -- */

static bool get(tern_str *rest, unsigned bytes, uint64_t *value)
{
    *value = 0;
    if (rest->len < bytes)
        return false;
    for (unsigned i = 0; i < bytes; i++)
        *value |= (uint64_t)(uint8_t)rest->data[i] << (8 * i);
    rest->data += bytes;
    rest->len -= bytes;
    return true;
}

static bool get_bytes(tern_str *rest, uint64_t len, tern_str *out)
{
    if (len > rest->len)
        return false;
    *out = (tern_str){rest->data, (size_t)len};
    rest->data += len;
    rest->len -= (size_t)len;
    return true;
}

static bool get_text(tern_str *rest, tern_str *out)
{
    uint64_t len;
    return get(rest, 2, &len) && len <= SESSION_TEXT_MAX && get_bytes(rest, len, out);
}

static bool get_time(tern_str *rest, int64_t *out)
{
    uint64_t value;
    if (!get(rest, 8, &value) || value > (uint64_t)INT64_MAX / 2)
        return false;
    *out = (int64_t)value;
    return true;
}

static session_entry *add_entry(tern_ctx *c, session_record *r)
{
    if (r->count == r->room) {
        unsigned room = r->room != 0 ? 2 * r->room : 8;
        session_entry *list = tern_alloc(c, room * sizeof *list);
        if (r->count != 0)
            memcpy(list, r->entries, r->count * sizeof *list);
        r->entries = list;
        r->room = room;
    }
    session_entry *e = &r->entries[r->count++];
    *e = (session_entry){0};
    return e;
}

bool session_record_read(tern_ctx *c, tern_str rest, session_record *out)
{
    uint64_t version, flags, factors, unused, name_len, value_len;
    tern_str link;
    *out = (session_record){0};
    if (!get(&rest, 1, &version) || version != VERSION || !get(&rest, 1, &flags) ||
        !get(&rest, 1, &factors) || !get(&rest, 1, &unused) || !get_time(&rest, &out->created) ||
        !get_time(&rest, &out->seen) || !get_time(&rest, &out->renewed) || !get_time(&rest, &out->since))
        return false;
    out->factors = (unsigned)factors;
    out->is_remembered = flags & FLAG_REMEMBERED;
    if (flags & (FLAG_MOVED | FLAG_FOLLOWED)) {
        if (!get_bytes(&rest, SESSION_KEY_BYTES, &link))
            return false;
        memcpy(out->link, link.data, SESSION_KEY_BYTES);
        out->linked = flags & FLAG_MOVED ? SESSION_MOVED : SESSION_FOLLOWED;
    }
    if (!get_text(&rest, &out->user) || !get_text(&rest, &out->device) || !get_text(&rest, &out->address))
        return false;
    while (rest.len != 0) {
        if (out->count == SESSION_ENTRIES_MAX || !get(&rest, 2, &name_len) || name_len == 0 ||
            name_len > SESSION_NAME_MAX || !get(&rest, 4, &value_len) || value_len > rest.len)
            return false;
        session_entry *e = add_entry(c, out);
        if (!get_bytes(&rest, name_len, &e->name) || !get_bytes(&rest, value_len, &e->value))
            return false;
    }
    return true;
}

/* -- entries -- */

session_entry *session_record_find(const session_record *r, tern_str name)
{
    for (unsigned i = 0; i < r->count; i++)
        if (r->entries[i].name.len == name.len && memcmp(r->entries[i].name.data, name.data, name.len) == 0)
            return &r->entries[i];
    return NULL;
}

void session_record_set(tern_ctx *c, session_record *r, tern_str name, tern_str value)
{
    session_entry *e = session_record_find(r, name);
    if (e == NULL && r->count == SESSION_ENTRIES_MAX)
        tern_fail(c, 500, "the session has %d keys already, which is the most", SESSION_ENTRIES_MAX);
    if (e == NULL) {
        e = add_entry(c, r);
        e->name = name;
    }
    e->value = value;
    e->is_changed = true;
}
