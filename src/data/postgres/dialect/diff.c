/*
 * PostgreSQL changes tables in place. What blocks other changes is dropped first, and what depends on them is
 * added last: drop foreign keys, indexes, checks and keys; change columns and tables; add keys, checks,
 * foreign keys and indexes.
 */
#include "data/migrate/diff/diff.h"
#include "data/postgres/dialect/parts.h"
#include "data/table/maker.h"

#include <string.h>

/* -- constraints of columns: definitions and names -- */

typedef struct constraint {
    const char *ending;                              /* "check" or "fkey" */
    bool (*add)(buf *sql, const ddl_column *column); /* false: the column has none */
} constraint;

static bool add_check(buf *sql, const ddl_column *column)
{
    buf rules = {0};
    bool has = ddl_add_check(&rules, DATA_POSTGRES, column);
    if (has)
        buf_add_printf(sql, "check (%s)", rules.failed ? "" : rules.data);
    sql->failed |= rules.failed;
    buf_free(&rules);
    return has;
}

static bool add_reference(buf *sql, const ddl_column *column)
{
    if (column->references == NULL)
        return false;
    buf_add_text(sql, "foreign key (");
    data_name_add(sql, column->name);
    buf_add_text(sql, ") ");
    ddl_add_reference(sql, column);
    return true;
}

static const constraint checks = {"check", add_check}, references = {"fkey", add_reference};

typedef enum constraint_step { DROP_OLD, RENAME_OLD, ADD_NEW } constraint_step;

/** Whether the column gets another type. */
static bool has_new_type(const ddl_column *mid, const ddl_column *to)
{
    return strcmp(ddl_type_name(DATA_POSTGRES, mid->kind), ddl_type_name(DATA_POSTGRES, to->kind)) != 0;
}

/** Whether an unchanged foreign key must be dropped for a while: it cannot exist while one end has the new
 * type and the other the old one. */
static bool must_be_off(const schema_diff *d, const ddl_column *mid, const ddl_column *to)
{
    const diff_table *other = to->references != NULL ? diff_find_common(d, to->references) : NULL;
    const ddl_column *key = other != NULL ? ddl_find_column(other->mid, to->references_column) : NULL;
    return other != NULL && (has_new_type(mid, to) || key == NULL ||
                             has_new_type(key, ddl_find_column(other->to, to->references_column)));
}

/** Writes one step of a constraint's change, in the phase of that step. */
static void change_constraint(const schema_diff *d, const diff_table *t, const constraint *kind,
                              const ddl_column *mid, const ddl_column *to, constraint_step step, buf *sql)
{
    buf was = {0}, is = {0}, old_name = {0}, new_name = {0};
    bool had = kind->add(&was, mid), has = kind->add(&is, to);
    ddl_add_name(&old_name, t->from->name, diff_old_column(t, mid)->name, kind->ending);
    ddl_add_name(&new_name, t->to->name, to->name, kind->ending);
    sql->failed |= was.failed || is.failed || old_name.failed || new_name.failed;
    if (!sql->failed && (had || has)) {
        bool is_same =
            had && has && strcmp(was.data, is.data) == 0 && (kind != &references || !must_be_off(d, mid, to));
        if (step == DROP_OLD && had && !is_same) {
            diff_add_alter(sql, t->to->name);
            buf_add_printf(sql, "drop constraint %s;\n", old_name.data);
        } else if (step == RENAME_OLD && is_same && strcmp(old_name.data, new_name.data) != 0) {
            diff_add_alter(sql, t->to->name);
            buf_add_printf(sql, "rename constraint %s to %s;\n", old_name.data, new_name.data);
        } else if (step == ADD_NEW && has && !is_same) {
            diff_add_alter(sql, t->to->name);
            buf_add_printf(sql, "add constraint %s %s;\n", new_name.data, is.data);
        }
    }
    buf_free(&was);
    buf_free(&is);
    buf_free(&old_name);
    buf_free(&new_name);
}

static void change_constraints(const schema_diff *d, const constraint *kind, constraint_step step, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        for (size_t k = 0; k < t->mid->columns.count; k++) {
            const ddl_column *mid = &t->mid->columns.items[k], *to = ddl_find_column(t->to, mid->name);
            if (to != NULL)
                change_constraint(d, t, kind, mid, to, step, sql);
        }
    }
}

/** A foreign key of a dropped column or table, to one that is dropped or gets another key: it would block
 * that change. */
static void drop_reference(const schema_diff *d, const ddl_table *from, const ddl_column *old,
                           const ddl_table *mid, const ddl_column *column, buf *sql)
{
    const ddl_table *target = column->references != NULL ? ddl_find_table(d->mid, column->references) : NULL;
    const diff_table *other = target != NULL ? diff_find_common(d, target->name) : NULL;
    bool is_table_kept = diff_find_common(d, mid->name) != NULL;
    bool is_in_the_way = target != NULL && (other != NULL   ? diff_is_key_touched(other)
                                            : is_table_kept ? true
                                                            : target > mid);
    if (!is_in_the_way)
        return;
    diff_add_alter(sql, mid->name);
    buf_add_text(sql, "drop constraint ");
    ddl_add_name(sql, from->name, old->name, "fkey");
    buf_add_text(sql, ";\n");
}

static void drop_references(const schema_diff *d, buf *sql)
{
    change_constraints(d, &references, DROP_OLD, sql);
    for (size_t i = 0; i < d->mid->tables.count; i++)
        for (size_t k = 0; k < d->mid->tables.items[i].columns.count; k++) {
            const ddl_table *from = &d->from->tables.items[i], *mid = &d->mid->tables.items[i];
            const diff_table *t = diff_find_common(d, mid->name);
            const ddl_column *column = &mid->columns.items[k];
            if (t == NULL || ddl_find_column(t->to, column->name) == NULL)
                drop_reference(d, from, &from->columns.items[k], mid, column, sql);
        }
}

/* -- keys -- */

/** Renames the key with its table. */
static void rename_key(const diff_table *t, buf *sql)
{
    buf was = {0}, is = {0};
    ddl_add_key_name(&was, t->from->name, ddl_has_automatic_key(t->mid));
    ddl_add_key_name(&is, t->to->name, ddl_has_automatic_key(t->to));
    sql->failed |= was.failed || is.failed;
    if (!sql->failed && strcmp(was.data, is.data) != 0) {
        diff_add_alter(sql, t->to->name);
        buf_add_printf(sql, "rename constraint %s to %s;\n", was.data, is.data);
    }
    buf_free(&was);
    buf_free(&is);
}

static void rename_keys(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++)
        if (!diff_has_new_key(&d->common[i]))
            rename_key(&d->common[i], sql);
}

static void drop_keys(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        if (!diff_has_new_key(t))
            continue;
        diff_add_alter(sql, t->to->name);
        buf_add_text(sql, "drop constraint ");
        ddl_add_key_name(sql, t->from->name, ddl_has_automatic_key(t->from));
        buf_add_text(sql, ";\n");
    }
}

/** A new column that the database numbers already has its key. */
static void add_keys(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        if (!diff_has_new_key(t) ||
            (ddl_has_automatic_key(t->to) && ddl_find_column(t->mid, t->to->key.items[0]) == NULL))
            continue;
        diff_add_alter(sql, t->to->name);
        buf_add_text(sql, "add ");
        ddl_add_key(sql, t->to);
        buf_add_text(sql, ";\n");
    }
}

/* -- indexes -- */

static void drop_indexes(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++)
        for (size_t k = 0; k < d->common[i].mid->indexes.count; k++) {
            const ddl_index *mid = &d->common[i].mid->indexes.items[k];
            const ddl_index *to = ddl_find_index(d->common[i].to, mid->name);
            if (to != NULL && diff_is_same_index(mid, to))
                continue;
            buf_add_text(sql, "drop index ");
            data_name_add(sql, mid->name);
            buf_add_text(sql, ";\n");
        }
}

static void add_indexes(const schema_diff *d, buf *sql)
{
    for (size_t i = 0; i < d->to->tables.count; i++) {
        const ddl_table *to = &d->to->tables.items[i], *mid = ddl_find_table(d->mid, to->name);
        for (size_t k = 0; k < to->indexes.count; k++) {
            const ddl_index *index = &to->indexes.items[k];
            const ddl_index *old = mid != NULL ? ddl_find_index(mid, index->name) : NULL;
            if (old == NULL || !diff_is_same_index(old, index))
                ddl_add_index(sql, to, index);
        }
    }
}

/** The index is recreated under its old name, like the others. */
static bool is_searched_otherwise(const diff_table *t)
{
    return strcmp(t->from->name, t->to->name) != 0 || !diff_is_same_search(DATA_POSTGRES, t->mid, t->to);
}

static void drop_searches(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++)
        if (is_searched_otherwise(&d->common[i]))
            ddl_drop_search(sql, DATA_POSTGRES, d->common[i].from);
}

static void add_searches(const schema_diff *d, buf *sql)
{
    for (size_t i = 0; i < d->to->tables.count; i++)
        if (ddl_find_table(d->mid, d->to->tables.items[i].name) == NULL)
            ddl_add_search(sql, DATA_POSTGRES, &d->to->tables.items[i]);
    for (unsigned i = 0; i < d->common_count; i++)
        if (is_searched_otherwise(&d->common[i]))
            ddl_add_search(sql, DATA_POSTGRES, d->common[i].to);
}

/* -- columns -- */

static void begin_column(const ddl_table *table, const ddl_column *column, const char *what, buf *sql)
{
    diff_add_alter(sql, table->name);
    buf_add_text(sql, what);
    data_name_add(sql, column->name);
}

static void drop_columns(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        for (size_t k = 0; k < t->mid->columns.count; k++) {
            const ddl_column *mid = &t->mid->columns.items[k];
            if (ddl_find_column(t->to, mid->name) != NULL)
                continue;
            begin_column(t->to, mid, "drop column ", sql);
            buf_add_text(sql, ";\n");
        }
    }
}

/** Whether the foreign key must be added later: its table is created later in the same migration, or the key
 * that it references is. */
static bool is_ahead(const void *arg, const ddl_table *table, const ddl_column *column)
{
    const schema_diff *d = arg;
    if (column->references == NULL)
        return false;
    const diff_table *other = diff_find_common(d, column->references);
    return other == NULL ? ddl_find_table(d->to, column->references) > table : diff_is_key_touched(other);
}

static void add_column(const schema_diff *d, const ddl_table *table, const ddl_column *column, buf *sql)
{
    buf filling = {0};
    bool is_filled = diff_add_new_value(&filling, DATA_POSTGRES, table, column, d->is_down);
    diff_add_alter(sql, table->name);
    buf_add_text(sql, "add column ");
    ddl_add_column(sql, DATA_POSTGRES, table, column, !is_ahead(d, table, column));
    if (is_filled)
        buf_add_printf(sql, " default %s", filling.failed ? "" : filling.data);
    buf_add_text(sql, ";\n");
    if (is_filled) { /* only for existing rows */
        begin_column(table, column, "alter column ", sql);
        buf_add_text(sql, " drop default;\n");
    }
    sql->failed |= filling.failed;
    buf_free(&filling);
}

/** The default as SQL, or "" in the arena. */
static const char *default_of(const schema_diff *d, const ddl_column *column)
{
    buf text = {0};
    if (column->fallback != NULL)
        ddl_add_literal(&text, DATA_POSTGRES, column->kind, column->fallback);
    const char *kept =
        text.failed ? NULL : arena_text(d->memory, text.data != NULL ? text.data : "", text.len);
    buf_free(&text);
    return kept;
}

static void set_not_null(const schema_diff *d, const ddl_table *table, const ddl_column *to,
                         const char *value, buf *sql)
{
    buf filling = {0};
    if (*value == '\0')
        diff_add_filling(&filling, DATA_POSTGRES, to, d->is_down);
    else
        buf_add_text(&filling, value);
    if (filling.len != 0) {
        buf_add_text(sql, "update ");
        data_name_add(sql, table->name);
        buf_add_text(sql, " set ");
        data_name_add(sql, to->name);
        buf_add_printf(sql, " = %s where ", filling.data);
        data_name_add(sql, to->name);
        buf_add_text(sql, " is null;\n");
    }
    begin_column(table, to, "alter column ", sql);
    buf_add_text(sql, " set not null;\n");
    sql->failed |= filling.failed;
    buf_free(&filling);
}

/** The database numbers the rows from now on, after the existing ones. */
static void add_numbers(const ddl_table *table, const ddl_column *column, buf *sql)
{
    begin_column(table, column, "alter column ", sql);
    buf_add_text(sql, " add generated by default as identity;\nselect setval(pg_get_serial_sequence(");
    buf_add_printf(sql, "'\"%s\"', ", table->name);
    ddl_add_text(sql, column->name);
    buf_add_text(sql, "), greatest(coalesce(max(");
    data_name_add(sql, column->name);
    buf_add_text(sql, "), 0) + 1, 1), false) from ");
    data_name_add(sql, table->name);
    buf_add_text(sql, ";\n");
}

static void change_type(const schema_diff *d, const ddl_table *table, const ddl_column *mid,
                        const ddl_column *to, buf *sql)
{
    if (has_new_type(mid, to)) {
        begin_column(table, to, "alter column ", sql);
        buf_add_printf(sql, " type %s using ", ddl_type_name(DATA_POSTGRES, to->kind));
        diff_add_conversion(sql, DATA_POSTGRES, to->name, mid->kind, to->kind);
        buf_add_text(sql, ";\n");
    }
    if (!diff_refers_otherwise(d, mid, to))
        return;
    buf_add_text(sql, "update ");
    data_name_add(sql, table->name);
    buf_add_text(sql, " set ");
    data_name_add(sql, to->name);
    buf_add_text(sql, " = " DIFF_BY_HAND "(");
    data_name_add(sql, to->name);
    buf_add_text(sql, ");\n");
}

static void alter_column(const schema_diff *d, const ddl_table *table, const ddl_column *mid,
                         const ddl_column *to, buf *sql)
{
    const char *old_default = default_of(d, mid), *new_default = default_of(d, to);
    if (old_default == NULL || new_default == NULL) {
        sql->failed = true;
        return;
    }
    bool has_new_default = has_new_type(mid, to) || strcmp(old_default, new_default) != 0;
    if (mid->automatic && !to->automatic) {
        begin_column(table, to, "alter column ", sql);
        buf_add_text(sql, " drop identity;\n");
    }
    if (has_new_default && *old_default != '\0') {
        begin_column(table, to, "alter column ", sql);
        buf_add_text(sql, " drop default;\n");
    }
    change_type(d, table, mid, to, sql);
    if (has_new_default && *new_default != '\0') {
        begin_column(table, to, "alter column ", sql);
        buf_add_printf(sql, " set default %s;\n", new_default);
    }
    if (mid->nullable && !to->nullable) {
        set_not_null(d, table, to, new_default, sql);
    } else if (!mid->nullable && to->nullable) {
        begin_column(table, to, "alter column ", sql);
        buf_add_text(sql, " drop not null;\n");
    }
    if (!mid->automatic && to->automatic)
        add_numbers(table, to, sql);
}

static void change_columns(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        for (size_t k = 0; k < t->to->columns.count; k++) {
            const ddl_column *to = &t->to->columns.items[k], *mid = ddl_find_column(t->mid, to->name);
            if (mid == NULL)
                add_column(d, t->to, to, sql);
            else
                alter_column(d, t->to, mid, to, sql);
        }
    }
}

/* -- tables -- */

static void add_tables(const schema_diff *d, buf *sql)
{
    for (size_t i = 0; i < d->to->tables.count; i++)
        if (ddl_find_table(d->mid, d->to->tables.items[i].name) == NULL)
            ddl_add_table(sql, DATA_POSTGRES, &d->to->tables.items[i], NULL, is_ahead, d);
}

static void add_later_references(const schema_diff *d, buf *sql)
{
    for (size_t i = 0; i < d->to->tables.count; i++)
        for (size_t k = 0; k < d->to->tables.items[i].columns.count; k++) {
            const ddl_table *table = &d->to->tables.items[i];
            const ddl_column *column = &table->columns.items[k];
            const diff_table *t = diff_find_common(d, table->name);
            if ((t != NULL && ddl_find_column(t->mid, column->name) != NULL) || !is_ahead(d, table, column))
                continue;
            diff_add_alter(sql, table->name);
            buf_add_text(sql, "add constraint ");
            ddl_add_name(sql, table->name, column->name, "fkey");
            buf_add_text(sql, " ");
            add_reference(sql, column);
            buf_add_text(sql, ";\n");
        }
}

void postgres_add_diff(const schema_diff *d, buf *sql)
{
    diff_sql_renames(d, sql);
    rename_keys(d, sql);
    drop_references(d, sql);
    drop_indexes(d, sql);
    drop_searches(d, sql);
    change_constraints(d, &checks, DROP_OLD, sql);
    change_constraints(d, &checks, RENAME_OLD, sql);
    change_constraints(d, &references, RENAME_OLD, sql);
    drop_keys(d, sql);
    diff_sql_drop_tables(d, sql);
    add_tables(d, sql);
    change_columns(d, sql);
    drop_columns(d, sql);
    add_keys(d, sql);
    change_constraints(d, &checks, ADD_NEW, sql);
    change_constraints(d, &references, ADD_NEW, sql);
    add_later_references(d, sql);
    add_indexes(d, sql);
    add_searches(d, sql);
}
