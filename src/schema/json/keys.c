/**
 * Duplicate keys in JSON that is kept as text: two readers could use different values (RFC 8259 section 4
 * leaves it open), so it is rejected.
 *
 * The keys of all open objects are on one stack, those of the innermost on top; at its closing bracket they
 * are compared and removed. Work and memory are linear in the text.
 */
#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"
#include "schema/json/read.h"
#include "schema/json/scan.h"

enum { KEYS_AT_FIRST = 64, KEYS_FEW = 8 };

typedef struct json_key {
    const char *text; /* without its escapes */
    size_t len;
} json_key;

typedef struct key_search {
    json_reader *r;
    json_key *keys;
    size_t count, room;
    json_key lent[KEYS_AT_FIRST]; /* the base of `keys` */
    siphash_key secret;
    bool has_secret;
} key_search;

/** A temporary block, counted against the reader's memory; NULL when reading ended. */
static void *borrow(json_reader *r, size_t count, size_t size)
{
    if (!json_charge(r, count * size))
        return NULL;
    void *block = mem_zero(count, size);
    if (block == NULL)
        json_stop_memory(r);
    return block;
}

static void give_back(json_reader *r, void *block, size_t count, size_t size)
{
    mem_free(block);
    r->memory_left += count * size;
}

static void give_back_keys(key_search *s)
{
    if (s->keys != s->lent)
        give_back(s->r, s->keys, s->room, sizeof *s->keys);
}

static bool grow(key_search *s)
{
    json_key *larger = borrow(s->r, 2 * s->room, sizeof *larger);
    if (larger == NULL)
        return false;
    memcpy(larger, s->keys, s->count * sizeof *larger);
    give_back_keys(s);
    s->keys = larger;
    s->room *= 2;
    return true;
}

/** A copy of the key between these quotes, with its escapes decoded. */
static bool decode_key(key_search *s, const char *open, const char *close, json_key *key)
{
    size_t len = (size_t)(close + 1 - open);
    if (!json_charge(s->r, len + 1))
        return false;
    char *copy = arena_text(s->r->arena, open, len);
    if (copy == NULL)
        return json_stop_memory(s->r);
    json_reader inner;
    json_reader_init(&inner, (tern_str){copy, len}, NULL);
    key->text = json_read_text(&inner);
    key->len = inner.text_len;
    return true;
}

static bool is_same(const json_key *a, const json_key *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static const json_key *find_in_few(const json_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (is_same(&keys[i], &keys[k]))
                return &keys[i];
    return NULL;
}

/** Uses a keyed hash, so that no client can choose keys that collide. */
static const json_key *find_in_many(key_search *s, const json_key *keys, size_t count)
{
    size_t size = 4 * KEYS_FEW;
    while (size < 2 * count)
        size *= 2;
    if (!s->has_secret && !(s->has_secret = random_bytes(&s->secret, sizeof s->secret))) {
        json_stop_memory(s->r);
        return NULL;
    }
    uint32_t *table = borrow(s->r, size, sizeof *table);
    if (table == NULL)
        return NULL;
    const json_key *duplicate = NULL;
    for (size_t i = 0; duplicate == NULL && i < count; i++) {
        size_t slot = (size_t)siphash_1_3(&s->secret, keys[i].text, keys[i].len) & (size - 1);
        while (table[slot] != 0 && !is_same(&keys[table[slot] - 1], &keys[i]))
            slot = (slot + 1) & (size - 1);
        if (table[slot] != 0)
            duplicate = &keys[i];
        table[slot] = (uint32_t)(i + 1);
    }
    give_back(s->r, table, size, sizeof *table);
    return duplicate;
}

/** The closing quote of the string that opens at `open`. */
static const char *closing_quote(const json_reader *r, const char *open, const char *end, bool *has_escape)
{
    bool is_high = false;
    const char *at = json_scan_best->text(r->begin, open + 1, end, &is_high);
    for (*has_escape = *at == '\\'; *at == '\\';)
        at = json_scan_best->text(r->begin, at + 2, end, &is_high);
    return at;
}

static bool push_key(key_search *s, const char *open, const char *close, bool has_escape)
{
    if (s->count == s->room && !grow(s))
        return false;
    json_key *key = &s->keys[s->count++];
    *key = (json_key){open + 1, (size_t)(close - open - 1)};
    return !has_escape || decode_key(s, open, close, key);
}

/** The first duplicate key; NULL if none, or when reading ended. */
static const json_key *find_duplicate(key_search *s, const char *at, const char *end)
{
    size_t began[JSON_DEPTH_MOST]; /* the number of keys at each open brace */
    unsigned depth = 0;
    for (; at < end; at++) {
        if (*at == '{') {
            began[depth++] = s->count;
        } else if (*at == '}' && depth > 0) { /* always true: json_skip has checked it */
            size_t first = began[--depth], count = s->count - first;
            const json_key *duplicate = count <= KEYS_FEW ? find_in_few(s->keys + first, count)
                                                          : find_in_many(s, s->keys + first, count);
            if (duplicate != NULL || s->r->stop != NULL)
                return duplicate;
            s->count = first;
        } else if (*at == '"') {
            bool has_escape;
            const char *open = at;
            at = closing_quote(s->r, open, end, &has_escape);
            const char *next = at + 1;
            if (next < end && (unsigned char)*next <= ' ')
                next = json_space_slow(next, end);
            if (next < end && *next == ':' && !push_key(s, open, at, has_escape))
                return NULL;
        }
    }
    return NULL;
}

bool json_keys_differ(json_reader *r, const char *begin, const place *where)
{
    enum { SHOWN_BYTES = 64 };
    if (*begin != '{' && *begin != '[')
        return true;
    key_search s = {.r = r, .room = KEYS_AT_FIRST};
    s.keys = s.lent;
    const json_key *duplicate = find_duplicate(&s, begin, r->at);
    if (duplicate != NULL && duplicate->len <= SHOWN_BYTES &&
        memchr(duplicate->text, '\0', duplicate->len) == NULL)
        fault_add(r->faults, where, "duplicate", NULL, NULL, "has the key \"%.*s\" twice",
                  (int)duplicate->len, duplicate->text);
    else if (duplicate != NULL)
        fault_add(r->faults, where, "duplicate", NULL, NULL, "has a key twice");
    give_back_keys(&s);
    return duplicate == NULL && r->stop == NULL;
}
