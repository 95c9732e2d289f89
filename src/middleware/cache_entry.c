/** Kept replies as bytes. They may come from a store that others write to, so nothing in them is trusted. */
#include "middleware/cache.h"

#include <string.h>

static const uint32_t MARK = 0x31637274; /* "trc1": the version of this format */

typedef struct entry_head {
    uint32_t mark;
    uint8_t kind, is_public, header_count, tag_count;
    uint16_t status;
    uint16_t has_type;
    uint32_t texts_len; /* type or names, headers and tags, each with its NUL */
    uint64_t made_ms, fresh_ms, renew_ms, error_ms, moment;
} entry_head;

static size_t texts_len(const cache_entry *entry)
{
    size_t len = 0;
    if (entry->type != NULL || entry->names != NULL)
        len += strlen(entry->type != NULL ? entry->type : entry->names) + 1;
    for (unsigned i = 0; i < entry->header_count; i++)
        len += strlen(entry->headers[i].name) + strlen(entry->headers[i].value) + 3;
    for (unsigned i = 0; i < entry->tag_count; i++)
        len += strlen(entry->tags[i]) + 1;
    return len;
}

tern_str cache_entry_write(tern_ctx *c, const cache_entry *entry)
{
    entry_head head = {.mark = MARK,
                       .kind = (uint8_t)entry->kind,
                       .is_public = entry->is_public,
                       .header_count = (uint8_t)entry->header_count,
                       .tag_count = (uint8_t)entry->tag_count,
                       .status = (uint16_t)entry->status,
                       .has_type = entry->type != NULL || entry->names != NULL,
                       .texts_len = (uint32_t)texts_len(entry),
                       .made_ms = entry->made_ms,
                       .fresh_ms = entry->fresh_ms,
                       .renew_ms = entry->renew_ms,
                       .error_ms = entry->error_ms,
                       .moment = entry->moment};
    size_t len = sizeof head + head.texts_len + entry->body.len;
    char *data = tern_alloc(c, len), *at = data + sizeof head;
    memcpy(data, &head, sizeof head);
    if (head.has_type)
        at = stpcpy(at, entry->type != NULL ? entry->type : entry->names) + 1;
    for (unsigned i = 0; i < entry->header_count; i++) {
        *at++ = entry->headers[i].replaces ? '=' : '+';
        at = stpcpy(at, entry->headers[i].name) + 1;
        at = stpcpy(at, entry->headers[i].value) + 1;
    }
    for (unsigned i = 0; i < entry->tag_count; i++)
        at = stpcpy(at, entry->tags[i]) + 1;
    if (entry->body.len != 0)
        memcpy(at, entry->body.data, entry->body.len);
    return (tern_str){data, len};
}

/* The next text before `end`, which is after a NUL; NULL when there is none. */
static const char *next_text(const char **at, const char *end)
{
    const char *text = *at;
    if (text == end)
        return NULL;
    *at = text + strlen(text) + 1;
    return text;
}

static bool read_texts(const entry_head *head, const char *at, const char *end, cache_entry *entry)
{
    bool is_whole = true;
    if (head->has_type) {
        const char *first = next_text(&at, end);
        is_whole = first != NULL;
        entry->type = head->kind == CACHE_REPLY ? first : NULL;
        entry->names = head->kind == CACHE_VARY ? first : NULL;
    }
    for (unsigned i = 0; i < head->header_count && is_whole; i++) {
        const char *name = next_text(&at, end), *value = next_text(&at, end);
        is_whole = value != NULL && *name != '\0';
        if (is_whole)
            entry->headers[i] = (cache_header){name + 1, value, *name == '='};
    }
    for (unsigned i = 0; i < head->tag_count && is_whole; i++) {
        entry->tags[i] = next_text(&at, end);
        is_whole = entry->tags[i] != NULL;
    }
    return is_whole && at == end && (head->kind != CACHE_VARY || entry->names != NULL);
}

bool cache_entry_read(tern_str data, cache_entry *entry)
{
    entry_head head;
    if (data.len < sizeof head)
        return false;
    memcpy(&head, data.data, sizeof head);
    const char *texts = data.data + sizeof head;
    if (head.mark != MARK || head.kind < CACHE_REPLY || head.kind > CACHE_PASS ||
        head.header_count > CACHE_HEADERS_MAX || head.tag_count > CACHE_TAGS_MAX || head.status < 200 ||
        head.status > 599 || head.texts_len > data.len - sizeof head ||
        (head.texts_len != 0 && texts[head.texts_len - 1] != '\0'))
        return false;
    entry->kind = (cache_kind)head.kind;
    entry->status = head.status;
    entry->is_public = head.is_public != 0;
    entry->made_ms = head.made_ms;
    entry->fresh_ms = head.fresh_ms;
    entry->renew_ms = head.renew_ms;
    entry->error_ms = head.error_ms;
    entry->moment = head.moment;
    entry->type = entry->names = NULL;
    entry->header_count = head.header_count;
    entry->tag_count = head.tag_count;
    entry->body = (tern_str){texts + head.texts_len, data.len - sizeof head - head.texts_len};
    return read_texts(&head, texts, texts + head.texts_len, entry);
}

uint64_t cache_hash(const void *data, size_t len, uint64_t seed)
{
    /* FNV-1a over eight bytes at a time, with the finish of MurmurHash3 */
    uint64_t hash = seed ^ 0xcbf29ce484222325ull ^ len;
    const char *at = data;
    for (; len >= 8; at += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0x9fb21c651e98df25ull;
        hash ^= hash >> 32;
    }
    for (; len != 0; at++, len--)
        hash = (hash ^ (unsigned char)*at) * 0x100000001b3ull;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdull;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ull;
    return hash ^ hash >> 33;
}
