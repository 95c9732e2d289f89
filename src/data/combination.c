/*
 * Statements whose form clients choose, by the filters they give or the fields they write.
 *
 * One call may have 2^n of them, so a worker keeps only the most recently used. A request gets its own copy
 * in its memory, so dropping a statement does not affect it. A new statement reuses the number of a dropped
 * one with a new version. The version shows connections that their prepared statement with this number is
 * outdated.
 *
 * Hot path: statement_find_with. It reads no text, and allocates only the copy.
 */
#include "data/filters.h"
#include "data/made_statement.h"

#include "base/mem.h"

#include <string.h>

enum { SLOTS = 256 };

typedef struct combination {
    struct combination *next; /* in the same slot */
    uint64_t hash, used_at;   /* by kept.uses: the smallest is dropped first */
    statement_key key;
    made_statement *made;
    unsigned text_count, shape_len;
    const char *texts[]; /* and the shape after them */
} combination;

static struct {
    combination *slots[SLOTS];
    unsigned count;
    uint64_t uses;
} kept;

static const filters_given no_filters;

static uint64_t hash_of(const statement_key *key, const filters_given *given)
{
    static const uint64_t odd = 0x9e3779b97f4a7c15;
    uint64_t hash = statement_key_hash(key);
    for (unsigned i = 0; i < given->text_count; i++)
        hash = (hash ^ (uintptr_t)given->texts[i]) * odd;
    for (unsigned i = 0; i < given->shape_len; i++)
        hash = (hash ^ given->shape[i]) * odd;
    return hash ^ hash >> 32;
}

static size_t texts_bytes(const filters_given *given)
{
    return given->text_count * sizeof *given->texts;
}

static bool is_of(const combination *s, const statement_key *key, const filters_given *given)
{
    return s->text_count == given->text_count && s->shape_len == given->shape_len &&
           memcmp(&s->key, key, sizeof *key) == 0 &&
           (given->text_count == 0 || memcmp(s->texts, given->texts, texts_bytes(given)) == 0) &&
           (given->shape_len == 0 || memcmp(&s->texts[s->text_count], given->shape, given->shape_len) == 0);
}

const data_statement *statement_find_combination(tern_ctx *c, const statement_key *key,
                                                 const filters_given *given)
{
    uint64_t hash = hash_of(key, given);
    for (combination *s = kept.slots[hash % SLOTS]; s != NULL; s = s->next) {
        if (s->hash != hash || !is_of(s, key, given))
            continue;
        s->used_at = ++kept.uses;
        return ctx_need(c, (void *)(uintptr_t)made_copy(ctx_arena(c), s->made));
    }
    return NULL;
}

const filters_given *statement_any_columns(void)
{
    return &no_filters;
}

/* -- keeping -- */

static void unlink_combination(combination *s)
{
    combination **at = &kept.slots[s->hash % SLOTS];
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    kept.count--;
}

static void drop(combination *s)
{
    mem_free(s->made);
    mem_free(s);
}

/** The least recently used one. */
static combination *oldest(void)
{
    combination *found = NULL;
    for (unsigned i = 0; i < SLOTS; i++)
        for (combination *s = kept.slots[i]; s != NULL; s = s->next)
            if (found == NULL || s->used_at < found->used_at)
                found = s;
    return found;
}

/** A number for a new statement, and how often it was used before. */
static void give_number(data_statement *statement)
{
    if (kept.count < COMBINATIONS_KEPT_MOST) {
        statement->id = made_next_id();
        return;
    }
    combination *s = oldest();
    statement->id = s->made->statement.id;
    statement->version = s->made->statement.version + 1;
    unlink_combination(s);
    drop(s);
}

static combination *make(const sql_builder *b, const statement_key *key, const filters_given *given,
                         bool writes)
{
    combination *s = mem_alloc(sizeof *s + texts_bytes(given) + given->shape_len);
    made_statement *made = s != NULL ? mem_alloc(made_bytes(b)) : NULL;
    if (made == NULL) {
        mem_free(s);
        return NULL;
    }
    made_fill(made, b, 0, writes);
    s->hash = hash_of(key, given);
    s->key = *key;
    s->made = made;
    s->text_count = given->text_count;
    s->shape_len = given->shape_len;
    if (given->text_count != 0)
        memcpy(s->texts, given->texts, texts_bytes(given));
    if (given->shape_len != 0)
        memcpy(&s->texts[s->text_count], given->shape, given->shape_len);
    return s;
}

const data_statement *sql_finish_with(tern_ctx *c, sql_builder *b, const statement_key *key,
                                      const filters_given *given, bool writes)
{
    if (given == NULL || b->is_transient || b->mistake != NULL || b->sql.failed || b->kinds.failed)
        return sql_finish(c, b, key, writes);
    combination *s = make(b, key, given, writes);
    buf_free(&b->sql);
    buf_free(&b->kinds);
    ctx_need(c, s);
    give_number(&s->made->statement);
    s->used_at = ++kept.uses;
    s->next = kept.slots[s->hash % SLOTS];
    kept.slots[s->hash % SLOTS] = s;
    kept.count++;
    return ctx_need(c, (void *)(uintptr_t)made_copy(ctx_arena(c), s->made));
}

void combinations_forget(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        for (combination *s = kept.slots[i], *next; s != NULL; s = next) {
            next = s->next;
            drop(s);
        }
    }
    memset(&kept, 0, sizeof kept);
}
