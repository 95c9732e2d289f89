/* Reads the related rows of many rows with one more query: tern_preload. */
#include "data/misuse.h"
#include "data/order.h"
#include "data/preload_path.h"
#include "data/rows.h"
#include "data/select.h"

#include <stdlib.h>
#include <string.h>

/* Statements exist only for these numbers of keys; the last key is repeated to fill one. */
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
    const tern_preload_options *options;
    const data_table *table;     /* of the existing rows */
    const data_table *related;   /* of the keys to find */
    const rows_map *map;         /* of `related` */
    const field_plan *field;     /* where the rows are stored */
    const data_column *key;      /* of `table`: identifies the related rows */
    const data_column *match;    /* the column that the keys are compared with */
    const data_table *pairs;     /* .through; NULL: none */
    const data_column *other;    /* in `pairs`: references the related rows */
    const data_column *referred; /* in `related`: the column it references */
    pair *found;                 /* sorted by key */
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

/* -- the query -- */

/** Appends a given condition, in brackets. */
static void add_where(sql_builder *b, const preload *p)
{
    sql_add(b, " where (");
    sql_fragment(b, data_table_base(p->related), p->options->where, &p->options->args,
                 p->options->trusted_sql);
    sql_add(b, ")");
}

/** A condition names columns of the related rows, which the table of pairs may have too. So with such a table
 * it goes into a subquery. */
static void add_from(sql_builder *b, const preload *p)
{
    bool is_within = p->pairs != NULL && p->options->where != NULL;
    sql_add(b, "select ");
    for (unsigned i = 0; i < p->related->column_count; i++) {
        sql_add(b, i == 0 ? "r." : ", r.");
        sql_name(b, p->related->columns[i].name);
    }
    sql_add(b, p->pairs != NULL ? ", p." : ", r.");
    sql_name(b, p->match->name);
    sql_add(b, is_within ? " from (select * from " : " from ");
    sql_name(b, p->related->name);
    if (is_within) {
        add_where(b, p);
        sql_add(b, ")");
    }
    sql_add(b, " r");
    if (p->pairs == NULL)
        return;
    sql_add(b, " join ");
    sql_name(b, p->pairs->name);
    sql_add(b, " p on p.");
    sql_name(b, p->other->name);
    sql_add(b, " = r.");
    sql_name(b, p->referred->name);
}

/** Orders as requested, and then by the key. */
static void add_order(sql_builder *b, const preload *p)
{
    const char *order_by = p->options->order_by;
    data_order order;
    if (!data_order_read(&order, data_table_base(p->related), order_by))
        sql_mistake(
            b, order_by,
            "orders by something that is not a field of the related model; write \"field, other desc\"");
    if (order_by != NULL)
        sql_note_order(b, order_by);
    sql_order_terms(b, &order, "r.");
}

/** "select r.*, the key from related r where (condition) and the key in (...) order by ..." */
static const data_statement *related_statement(const preload *p, unsigned count)
{
    const tern_preload_options *o = p->options;
    statement_key key;
    statement_key_begin(&key, p->table->type, STATEMENT_RELATED);
    key.rows = count;
    key.columns[0] = (uint64_t)(p->field - plan_of(p->table->type)->fields);
    key.texts[0] = o->where;
    key.texts[1] = o->order_by;
    statement_key_args(p->c, &key, &o->args);
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    if (o->where == NULL && o->args.count != 0)
        data_misuse(p->c, ".args has values, but there is no .where for them");
    sql_builder b;
    sql_begin(&b);
    add_from(&b, p);
    if (p->pairs == NULL && o->where != NULL)
        add_where(&b, p);
    sql_add(&b, p->pairs == NULL && o->where != NULL ? " and " : " where ");
    sql_add(&b, p->pairs != NULL ? "p." : "r.");
    sql_name(&b, p->match->name);
    for (unsigned i = 0; i < count; i++) {
        sql_add(&b, i == 0 ? " in (" : ", ");
        sql_arg(&b, p->match->kind);
    }
    sql_add(&b, ")");
    add_order(&b, p);
    return sql_finish(p->c, &b, &key, false);
}

/* -- the result -- */

static const char *read_key(const data_row *row, unsigned column, const data_column *match, tern_arg *key,
                            arena *a)
{
    /* .references accepts no other kinds, and relations use it */
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

/** The rows are contiguous, so that their order in memory is that of the query (see compare_pairs). */
static bool take_related(data_run *run, const data_row *row)
{
    preload *p = run->sink;
    if (p->found_count == p->found_room) {
        size_t room = p->found_room != 0 ? 2 * p->found_room : 64, size = p->related->type->size;
        pair *found = arena_alloc(run->memory, room * sizeof *found);
        char *rows = found != NULL ? arena_alloc(run->memory, room * size) : NULL;
        if (rows == NULL)
            return data_refuse(&run->error, TERN_DATA_FAILED, "out of memory for %zu rows", room);
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

/** Reads the rows of `count` different keys, in as few statements as possible. */
static void ask(preload *p, const tern_arg *keys, size_t count)
{
    const tern_args given = p->options->args;
    p->map = select_need_map(p->c, p->related);
    tern_arg *args = ctx_need(p->c, arena_alloc(&p->c->x->arena, (given.count + KEYS_MOST) * sizeof *args));
    for (size_t from = 0; from < count;) {
        size_t left = count - from < KEYS_MOST ? count - from : KEYS_MOST, batch = 0;
        while (batches[batch] < left)
            batch++;
        const data_statement *statement = related_statement(p, batches[batch]);
        if (given.count != 0)
            memcpy(args, given.items, given.count * sizeof *args);
        for (size_t i = 0; i < batches[batch]; i++)
            args[given.count + i] = keys[from + (i < left ? i : left - 1)];
        data_run run = {.statement = statement,
                        .args = statement_args(p->c, statement, args),
                        .on_row = take_related,
                        .sink = p};
        data_execute(p->c, &run, p->related, NULL);
        from += left;
    }
    if (p->found_count != 0)
        qsort(p->found, p->found_count, sizeof *p->found, compare_pairs);
}

/** The first found row with this key; found_count without one. */
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

/* -- storing the rows -- */

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
    size_t first = key->is_null ? p->found_count : first_of(p, key), end = first;
    size_t size = p->related->type->size;
    while (end < p->found_count && compare_args(&p->found[end].key, key) == 0)
        end++;
    char *items = ctx_need(p->c, arena_alloc(&p->c->x->arena, (end - first) * size));
    for (size_t i = first; i < end; i++)
        memcpy(items + (i - first) * size, p->found[i].row, size);
    tern_bool_list *list = plan_value(p->field, row); /* every list begins the same way */
    list->items = (bool *)(void *)items;
    list->count = end - first;
    *plan_state(p->field, row) = TERN_STATE_VALUE;
}

/* -- the relation -- */

static const tern_field *need_relation(preload *p, const char *name, size_t len)
{
    const type_plan *plan = plan_of(p->table->type);
    const tern_field *field = NULL;
    for (unsigned i = 0; i < p->table->type->field_count && field == NULL; i++) {
        p->field = &plan->fields[i];
        if (strncmp(p->field->field->name, name, len) == 0 && p->field->field->name[len] == '\0')
            field = p->field->field;
    }
    if (field == NULL || (field->via == NULL && field->by == NULL && field->through == NULL))
        data_misuse(p->c, "%s.%.*s does not hold related rows: it has no .via, .by or .through",
                    p->table->type->name, (int)len, name);
    return field;
}

/** Finds the relation of the field's rows; data_tables_make has checked that it exists. */
static void relate(preload *p, const char *name, size_t len)
{
    const tern_field *field = need_relation(p, name, len);
    p->related = data_need_table(p->c, field->via != NULL ? field->type : field->type->item);
    if (field->via != NULL) {
        p->key = data_table_column(p->table, field->via, strlen(field->via));
        p->match = data_referred_column(p->key, p->related);
        return;
    }
    if (field->through == NULL) {
        p->match = data_table_column(data_table_base(p->related), field->by, strlen(field->by));
    } else {
        p->pairs = data_need_table(p->c, field->through);
        data_pair_columns columns = data_pair_columns_of(p->pairs, p->table, p->related, field->by);
        p->match = columns.near;
        p->other = columns.far;
        p->referred = data_referred_column(p->other, p->related);
    }
    p->key = data_referred_column(p->match, p->table);
}

/** Whether the row was read without its key: its key field would find nothing. */
static bool is_unread(const preload *p, const char *row)
{
    static const char nothing[sizeof(tern_uuid)];
    const field_plan *f = p->key->plan;
    return *plan_state(f, row) == TERN_STATE_ABSENT && (p->table->is_view || !p->key->is_nullable) &&
           memcmp(plan_value(f, row), nothing, f->type->size) == 0;
}

static tern_arg key_of(const preload *p, const char *row)
{
    tern_arg key;
    data_error error;
    if (is_unread(p, row))
        data_misuse(p->c, "%s.%s was not read, and the rows of %s are found by it", p->table->type->name,
                    p->key->plan->field->name, p->field->field->name);
    if (!data_column_arg(p->key, row, &p->c->x->arena, &key, &error))
        data_answer(p->c, &error, p->table, NULL);
    return key;
}

void tern_preload_of(tern_ctx *c, const tern_type *type, void *items, size_t count, const char *path,
                     const tern_preload_options *options)
{
    data_request_of(c);
    const preload_rows rows = preload_path_follow(c, type, items, count, path);
    preload p = {.c = c, .options = options, .table = data_need_table(c, rows.type)};
    relate(&p, rows.field, rows.field_len);
    if (rows.count == 0)
        return;
    pair *keys = ctx_need(c, arena_alloc(ctx_arena(c), rows.count * sizeof *keys));
    tern_arg *asked = ctx_need(c, arena_alloc(ctx_arena(c), rows.count * sizeof *asked));
    size_t key_count = 0, different = 0;
    for (size_t i = 0; i < rows.count; i++) {
        keys[key_count] = (pair){key_of(&p, rows.rows[i]), rows.rows[i]};
        key_count += !keys[key_count].key.is_null;
    }
    qsort(keys, key_count, sizeof *keys, compare_pairs);
    for (size_t i = 0; i < key_count; i++)
        if (i == 0 || compare_args(&keys[i].key, &keys[i - 1].key) != 0)
            asked[different++] = keys[i].key;
    if (different != 0)
        ask(&p, asked, different);
    for (size_t i = 0; i < rows.count; i++) {
        tern_arg of = key_of(&p, rows.rows[i]);
        if (p.field->field->via != NULL)
            fill_model(&p, rows.rows[i], &of);
        else
            fill_list(&p, rows.rows[i], &of);
    }
}
