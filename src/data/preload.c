/* Related rows of many rows by one more query: tern_preload. */
#include "data/misuse.h"
#include "data/rows.h"
#include "data/select.h"

#include <stdlib.h>
#include <string.h>

/* Statements exist for these numbers of keys only; what is left over repeats the last one. */
static const unsigned batches[] = {1, 8, 64, 512};
enum { BATCHES = sizeof batches / sizeof *batches, KEYS_MOST = 512 };

/** A key, and the row that has it or is related to it. */
typedef struct pair {
    tern_arg key;
    char *row;
} pair;

/** One preload. */
typedef struct preload {
    tern_ctx *c;
    const data_table *table;   /* of the rows that there are */
    const data_table *related; /* of those that are looked for */
    const rows_map *map;       /* of `related` */
    const field_plan *field;   /* where they go */
    const data_column *match;  /* the column that the keys are compared with */
    const data_table *pairs;   /* .through; NULL: none */
    const data_column *other;  /* in `pairs`: what refers to the related rows */
    pair *found;               /* by key, once sorted */
    size_t found_count, found_room;
} preload;

static int compare_args(const tern_arg *a, const tern_arg *b)
{
    if (a->kind == TERN_ARG_INT)
        return (a->integer > b->integer) - (a->integer < b->integer);
    if (a->kind == TERN_ARG_UUID)
        return memcmp(a->uuid.bytes, b->uuid.bytes, sizeof a->uuid.bytes);
    size_t len = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order = len != 0 ? memcmp(a->text.data, b->text.data, len) : 0;
    return order != 0 ? order : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

static int compare_pairs(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    int order = compare_args(&x->key, &y->key);
    return order != 0 ? order
                      : (x->row > y->row) - (x->row < y->row); /* equal keys stay in the order of the query */
}

/* -- what is asked -- */

static void add_from(sql_builder *b, const preload *p)
{
    sql_add(b, "select ");
    for (unsigned i = 0; i < p->related->column_count; i++) {
        sql_add(b, i == 0 ? "r." : ", r.");
        sql_name(b, p->related->columns[i].name);
    }
    sql_add(b, p->pairs != NULL ? ", p." : ", r.");
    sql_name(b, p->match->name);
    sql_add(b, " from ");
    sql_name(b, p->related->name);
    sql_add(b, " r");
    if (p->pairs == NULL)
        return;
    sql_add(b, " join ");
    sql_name(b, p->pairs->name);
    sql_add(b, " p on p.");
    sql_name(b, p->other->name);
    sql_add(b, " = r.");
    sql_name(b, p->related->columns[p->related->keys[0]].name);
}

/** "select r.*, the key from related r where the key in (...) order by r's own key" */
static const data_statement *related_statement(const preload *p, unsigned count)
{
    statement_key key;
    statement_key_begin(&key, p->table->type, STATEMENT_RELATED);
    key.rows = count;
    key.columns[0] = (uint64_t)(p->field - plan_of(p->table->type)->fields);
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    add_from(&b, p);
    sql_add(&b, p->pairs != NULL ? " where p." : " where r.");
    sql_name(&b, p->match->name);
    for (unsigned i = 0; i < count; i++) {
        sql_add(&b, i == 0 ? " in (" : ", ");
        sql_arg(&b, p->match->kind);
    }
    sql_add(&b, ")");
    for (unsigned i = 0; i < p->related->key_count; i++) {
        sql_add(&b, i == 0 ? " order by r." : ", r.");
        sql_name(&b, p->related->columns[p->related->keys[i]].name);
    }
    return sql_finish(p->c, &b, &key, false);
}

/* -- what comes -- */

static const char *read_key(const data_row *row, unsigned column, const data_column *match, tern_arg *key,
                            arena *a)
{
    /* .references takes no other kinds, and relations go by it */
    static const tern_type *const types[] = {[TERN_ARG_INT] = &tern_int64_type,
                                             [TERN_ARG_TEXT] = &tern_text_type,
                                             [TERN_ARG_UUID] = &tern_uuid_type};
    union {
        int64_t integer;
        const char *text;
        tern_uuid uuid;
    } value;
    bool is_null = false;
    const char *wanted = row->engine->column_read(row, column, types[match->kind], &value, &is_null, a);
    if (wanted != NULL || is_null)
        return wanted != NULL ? wanted : "a key";
    *key = match->kind == TERN_ARG_INT    ? tern_arg_int(value.integer)
           : match->kind == TERN_ARG_TEXT ? tern_arg_text(value.text)
                                          : tern_arg_uuid(value.uuid);
    return NULL;
}

/** The rows lie one by one, so that their order in memory is that of the query (see compare_pairs). */
static bool take_related(data_run *run, const data_row *row)
{
    preload *p = run->sink;
    if (p->found_count == p->found_room) {
        size_t room = p->found_room != 0 ? 2 * p->found_room : 64, size = p->related->type->size;
        pair *found = arena_alloc(run->memory, room * sizeof *found);
        char *rows = found != NULL ? arena_alloc(run->memory, room * size) : NULL;
        if (rows == NULL)
            return data_refuse(&run->error, TERN_DATA_FAILED, "there is no memory for %zu rows", room);
        for (size_t i = 0; i < p->found_count; i++) {
            found[i].key = p->found[i].key;
            memcpy(rows + i * size, p->found[i].row, size);
        }
        for (size_t i = 0; i < room; i++)
            found[i].row = rows + i * size;
        p->found = found;
        p->found_room = room;
    }
    pair *at = &p->found[p->found_count];
    const data_row without_key = {row->engine, row->handle, row->number, row->columns - 1};
    const char *wanted = read_key(row, row->columns - 1, p->match, &at->key, run->memory);
    if (wanted != NULL)
        return data_refuse(&run->error, TERN_DATA_FAILED, "the key %s is not %s", p->match->name, wanted);
    if (!rows_read(p->map, run, &without_key, at->row))
        return false;
    p->found_count++;
    run->rows++;
    return true;
}

/** Asks for the rows of `count` different keys, in as few statements as may be. */
static void ask(preload *p, const tern_arg *keys, size_t count)
{
    p->map = select_need_map(p->c, p->related);
    tern_arg *args = ctx_need(p->c, arena_alloc(&p->c->x->arena, KEYS_MOST * sizeof *args));
    for (size_t from = 0; from < count;) {
        size_t left = count - from < KEYS_MOST ? count - from : KEYS_MOST, batch = 0;
        while (batches[batch] < left)
            batch++;
        for (size_t i = 0; i < batches[batch]; i++)
            args[i] = keys[from + (i < left ? i : left - 1)];
        data_run run = {.statement = related_statement(p, batches[batch]),
                        .args = args,
                        .on_row = take_related,
                        .sink = p};
        data_execute(p->c, &run, p->related, NULL);
        from += left;
    }
    if (p->found_count != 0)
        qsort(p->found, p->found_count, sizeof *p->found, compare_pairs);
}

/** The first of the found that has this key; found_count when none has. */
static size_t first_of(const preload *p, const tern_arg *key)
{
    size_t low = 0, high = p->found_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_args(&p->found[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->found_count && compare_args(&p->found[low].key, key) == 0 ? low : p->found_count;
}

/* -- where it goes -- */

static void fill_model(const preload *p, char *row, const tern_arg *key)
{
    size_t at = key->is_null ? p->found_count : first_of(p, key);
    bool is_there = at < p->found_count;
    if (is_there)
        memcpy(plan_value(p->field, row), p->found[at].row, p->related->type->size);
    *plan_state(p->field, row) = is_there ? TERN_STATE_VALUE : TERN_STATE_NULL;
}

static void fill_list(const preload *p, char *row, const tern_arg *key)
{
    size_t first = first_of(p, key), end = first, size = p->related->type->size;
    while (end < p->found_count && compare_args(&p->found[end].key, key) == 0)
        end++;
    char *items = ctx_need(p->c, arena_alloc(&p->c->x->arena, (end - first) * size));
    for (size_t i = first; i < end; i++)
        memcpy(items + (i - first) * size, p->found[i].row, size);
    tern_bool_list *list = plan_value(p->field, row); /* every list begins alike */
    list->items = (bool *)(void *)items;
    list->count = end - first;
    *plan_state(p->field, row) = TERN_STATE_VALUE;
}

/** The column of `from` that refers to `to` and is not `but`; data_tables_make has seen that there is one. */
static const data_column *reference(const data_table *from, const data_table *to, const data_column *but)
{
    for (unsigned i = 0; i < from->column_count; i++)
        if (from->columns[i].references == to && &from->columns[i] != but)
            return &from->columns[i];
    return NULL;
}

/** Finds out how the field's rows are related; returns the column of `table` that has the keys. */
static const data_column *relate(preload *p, const char *name)
{
    const type_plan *plan = plan_of(p->table->type);
    const tern_field *field = NULL;
    for (unsigned i = 0; i < p->table->type->field_count && field == NULL; i++) {
        p->field = &plan->fields[i];
        field = strcmp(p->field->field->name, name) == 0 ? p->field->field : NULL;
    }
    if (field == NULL || (field->via == NULL && field->by == NULL && field->through == NULL))
        data_misuse(p->c, "%s.%s holds no related rows: it has no .via, .by or .through",
                    p->table->type->name, name);
    p->related = data_need_table(p->c, field->via != NULL ? field->type : field->type->item);
    const data_column *own_key = p->table->key_count == 1 ? &p->table->columns[p->table->keys[0]] : NULL;
    if (field->via != NULL) {
        p->match = &p->related->columns[p->related->keys[0]];
        return data_table_column(p->table, field->via, strlen(field->via));
    }
    if (field->through == NULL) {
        p->match = data_table_column(p->related, field->by, strlen(field->by));
        return own_key;
    }
    p->pairs = data_need_table(p->c, field->through);
    p->match = field->by != NULL ? data_table_column(p->pairs, field->by, strlen(field->by))
                                 : reference(p->pairs, p->table, NULL);
    p->other = reference(p->pairs, p->related, p->match);
    return own_key;
}

void tern_preload_of(tern_ctx *c, const tern_type *type, void *items, size_t count, const char *field)
{
    preload p = {.c = c, .table = data_need_table(c, type)};
    size_t size = p.table->type->size, different = 0;
    data_error error;
    data_request_of(c);
    const data_column *key = relate(&p, field);
    if (count == 0)
        return;
    pair *keys = ctx_need(c, arena_alloc(&c->x->arena, count * sizeof *keys));
    tern_arg *asked = ctx_need(c, arena_alloc(&c->x->arena, count * sizeof *asked));
    size_t key_count = 0;
    for (size_t i = 0; i < count; i++) {
        keys[key_count].row = (char *)items + i * size;
        if (!data_column_arg(key, keys[key_count].row, &c->x->arena, &keys[key_count].key, &error))
            data_answer(c, &error, p.table, NULL);
        if (!keys[key_count].key.is_null)
            key_count++;
    }
    qsort(keys, key_count, sizeof *keys, compare_pairs);
    for (size_t i = 0; i < key_count; i++)
        if (i == 0 || compare_args(&keys[i].key, &keys[i - 1].key) != 0)
            asked[different++] = keys[i].key;
    if (different != 0)
        ask(&p, asked, different);
    for (size_t i = 0; i < count; i++) {
        tern_arg of;
        char *row = (char *)items + i * size;
        data_column_arg(key, row, &c->x->arena, &of, &error);
        if (p.field->field->via != NULL)
            fill_model(&p, row, &of);
        else
            fill_list(&p, row, &of);
    }
}
