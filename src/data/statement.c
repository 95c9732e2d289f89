#include "data/statement.h"
#include "base/mem.h"
#include "data/convert.h"
#include "data/made_statement.h"
#include "data/misuse.h"
#include "data/named.h"

#include <link.h>
#include <string.h>

enum { FIRST_SLOTS = 64, FIRST_START_TEXTS = 64 };

typedef struct kept_statement {
    struct kept_statement *next; /* in the same slot */
    uint64_t hash;
    statement_key key;
    made_statement made; /* last: the data it points to follows it */
} kept_statement;

/* This worker's statements. Only literals are kept, so that the program's text bounds their number.
 * Statements whose form clients choose are in combination.c. */
static struct {
    kept_statement **slots;
    size_t slot_count, count;
    unsigned ids;
} kept;

/* -- literals -- */

static int find_segment(struct dl_phdr_info *info, size_t size, void *arg)
{
    uintptr_t at = (uintptr_t)arg;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && at >= start && at - start < segment->p_memsz)
            return (segment->p_flags & PF_W) != 0 ? -1 : 1;
    }
    return 0;
}

/* Texts that were made at start: a few for each resource. They are never freed: another text at the same
 * address would count as a literal, and find the wrong statements. */
static struct {
    const char **texts;
    size_t count, room;
} kept_texts;

static bool has_room_for_text(void)
{
    if (kept_texts.count < kept_texts.room)
        return true;
    size_t room = kept_texts.room != 0 ? 2 * kept_texts.room : FIRST_START_TEXTS;
    const char **texts = mem_realloc(kept_texts.texts, room * sizeof *texts);
    if (texts == NULL)
        return false;
    kept_texts.texts = texts;
    kept_texts.room = room;
    return true;
}

const char *statement_keep_text(const char *text)
{
    if (statement_is_literal(text))
        return text;
    for (size_t i = 0; i < kept_texts.count; i++)
        if (strcmp(kept_texts.texts[i], text) == 0)
            return kept_texts.texts[i];
    const char *copy = has_room_for_text() ? mem_text(text, strlen(text)) : NULL;
    if (copy != NULL)
        kept_texts.texts[kept_texts.count++] = copy;
    return copy;
}

bool statement_is_literal(const char *text)
{
    for (size_t i = 0; i < kept_texts.count; i++)
        if (kept_texts.texts[i] == text)
            return true;
    return dl_iterate_phdr(find_segment, (void *)(uintptr_t)text) == 1;
}

/* -- looking up -- */

/* The products of the words are independent of each other; keys with the same hash are compared. */
uint64_t statement_key_hash(const statement_key *key)
{
    static const uint64_t odd = 0x9e3779b97f4a7c15;
    uint64_t words[(sizeof *key + 7) / 8] = {0}, hash = 0;
    memcpy(words, key, sizeof *key);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        hash += words[i] * (odd * (2 * i + 1));
    hash ^= hash >> 32;
    hash *= 0xff51afd7ed558ccd;
    return hash ^ hash >> 32;
}

static const data_statement *find(const statement_key *key, uint64_t hash)
{
    if (kept.slots == NULL)
        return NULL;
    for (kept_statement *s = kept.slots[hash & (kept.slot_count - 1)]; s != NULL; s = s->next)
        if (s->hash == hash && memcmp(&s->key, key, sizeof *key) == 0)
            return &s->made.statement;
    return NULL;
}

void statement_key_begin(statement_key *key, const tern_type *type, statement_verb verb)
{
    memset(key, 0, sizeof *key);
    key->type = type;
    key->verb = (uint8_t)verb;
}

const data_statement *statement_find(const statement_key *key)
{
    return find(key, statement_key_hash(key));
}

void statement_key_args(tern_ctx *c, statement_key *key, const tern_args *args)
{
    if (args->count > STATEMENT_ARGS_MOST)
        data_misuse(c, "a statement has at most %d values, not %u", STATEMENT_ARGS_MOST, args->count);
    key->arg_count = (uint8_t)args->count;
    for (unsigned i = 0; i < args->count; i++) {
        if (args->items[i].kind == TERN_ARG_FILTERS)
            data_misuse(c, "TERN_FILTERS cannot be a value here");
        key->kinds[i] = (uint8_t)args->items[i].kind;
    }
}

/* -- keeping -- */

static bool make_room(void)
{
    if (kept.count < kept.slot_count)
        return true;
    size_t slot_count = kept.slot_count != 0 ? 2 * kept.slot_count : FIRST_SLOTS;
    kept_statement **slots = mem_zero(slot_count, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < kept.slot_count; i++) {
        for (kept_statement *s = kept.slots[i], *next; s != NULL; s = next) {
            next = s->next;
            s->next = slots[s->hash & (slot_count - 1)];
            slots[s->hash & (slot_count - 1)] = s;
        }
    }
    mem_free(kept.slots);
    kept.slots = slots;
    kept.slot_count = slot_count;
    return true;
}

size_t made_bytes(const sql_builder *b)
{
    return sizeof(made_statement) + b->conversion_count * sizeof *b->conversions + b->kinds.len + b->sql.len +
           1;
}

/** Sets the pointers of `s` to the data that follows it, using its lengths. */
static void refer(made_statement *s)
{
    char *tail = (char *)(s + 1);
    size_t conversions_bytes = s->conversion_count * sizeof *s->conversions;
    s->conversions = (const statement_conversion *)(const void *)tail;
    s->statement.kinds = (uint8_t *)tail + conversions_bytes;
    s->statement.sql = tail + conversions_bytes + s->statement.arg_count;
}

void made_fill(made_statement *s, const sql_builder *b, unsigned id, bool writes)
{
    char *tail = (char *)(s + 1);
    size_t conversions_bytes = b->conversion_count * sizeof *b->conversions;
    memcpy(tail, b->conversions, conversions_bytes);
    if (b->kinds.len != 0)
        memcpy(tail + conversions_bytes, b->kinds.data, b->kinds.len);
    if (b->sql.len != 0)
        memcpy(tail + conversions_bytes + b->kinds.len, b->sql.data, b->sql.len);
    tail[conversions_bytes + b->kinds.len + b->sql.len] = '\0';
    *s = (made_statement){
        .statement = {.sql_len = b->sql.len, .id = id, .arg_count = (unsigned)b->kinds.len, .writes = writes},
        .conversion_count = b->conversion_count,
        .bytes = made_bytes(b)};
    refer(s);
}

const data_statement *made_copy(arena *a, const made_statement *s)
{
    made_statement *copy = arena_alloc(a, s->bytes);
    if (copy == NULL)
        return NULL;
    memcpy(copy, s, s->bytes);
    copy->is_copy = true;
    refer(copy);
    return &copy->statement;
}

unsigned made_next_id(void)
{
    return ++kept.ids;
}

/** NULL when out of memory. */
static const data_statement *keep(const statement_key *key, const sql_builder *b, bool writes)
{
    kept_statement *s = make_room() ? mem_alloc(sizeof *s - sizeof s->made + made_bytes(b)) : NULL;
    if (s == NULL)
        return NULL;
    s->hash = statement_key_hash(key);
    s->key = *key;
    made_fill(&s->made, b, made_next_id(), writes);
    kept.count++;
    s->next = kept.slots[s->hash & (kept.slot_count - 1)];
    kept.slots[s->hash & (kept.slot_count - 1)] = s;
    return &s->made.statement;
}

static const data_statement *transient(arena *a, const sql_builder *b, bool writes)
{
    made_statement *s = arena_alloc(a, made_bytes(b));
    if (s == NULL)
        return NULL;
    made_fill(s, b, 0, writes);
    return &s->statement;
}

const data_statement *sql_finish(tern_ctx *c, sql_builder *b, const statement_key *key, bool writes)
{
    const data_statement *statement = NULL;
    const char *mistake = b->mistake, *mistaken = b->mistaken;
    bool is_kept = !b->is_transient && kept.count < STATEMENTS_KEPT_MOST;
    if (mistake == NULL && !b->sql.failed && !b->kinds.failed)
        statement = is_kept ? keep(key, b, writes) : transient(ctx_arena(c), b, writes);
    buf_free(&b->sql);
    buf_free(&b->kinds);
    if (mistake != NULL)
        data_misuse(c, "\"%.500s\" %s", mistaken, mistake);
    return ctx_need(c, (void *)(uintptr_t)statement);
}

const tern_arg *statement_args(tern_ctx *c, const data_statement *statement, const tern_arg *args)
{
    const made_statement *s = (const made_statement *)statement;
    if (s->conversion_count == 0)
        return args;
    tern_arg *converted = ctx_need(c, arena_alloc(ctx_arena(c), statement->arg_count * sizeof *args));
    memcpy(converted, args, statement->arg_count * sizeof *args);
    for (unsigned i = 0; i < s->conversion_count; i++) {
        const statement_conversion *at = &s->conversions[i];
        converted[at->number] = data_convert(c, at->column, &args[at->number]);
    }
    return converted;
}

struct named_map **statement_result(const data_statement *statement)
{
    made_statement *s = (made_statement *)(uintptr_t)statement;
    return statement->id != 0 && !s->is_copy ? &s->result : NULL;
}

const data_statement *statement_words(const char *words)
{
    statement_key key;
    statement_key_begin(&key, NULL, STATEMENT_WORDS);
    key.texts[0] = words;
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    sql_add(&b, words);
    if (!b.sql.failed)
        statement = keep(&key, &b, false);
    buf_free(&b.sql);
    return statement;
}

void statement_forget(void)
{
    for (size_t i = 0; i < kept.slot_count; i++) {
        for (kept_statement *s = kept.slots[i], *next; s != NULL; s = next) {
            next = s->next;
            named_map_free(s->made.result);
            mem_free(s);
        }
    }
    mem_free(kept.slots);
    memset(&kept, 0, sizeof kept);
    combinations_forget();
}
