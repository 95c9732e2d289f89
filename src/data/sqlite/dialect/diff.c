/*
 * SQLite can change little of a table in place. Any other change recreates the table: create it under another
 * name, copy the rows, drop the old table, rename the new one. Meanwhile foreign keys are not enforced; they
 * are checked before the commit (https://www.sqlite.org/lang_altertable.html, section 7).
 */
#include "data/migrate/diff/diff.h"
#include "data/sqlite/dialect/parts.h"
#include "data/table/maker.h"

#include <string.h>

/** Whether constraints of the column contain the old name of it or of its table. */
static bool has_stale_names(const diff_table *t, const ddl_column *mid)
{
    const ddl_column *from = diff_old_column(t, mid);
    buf check = {0};
    bool has_constraint = mid->references != NULL || ddl_add_check(&check, DATA_SQLITE, mid);
    buf_free(&check);
    return has_constraint && (strcmp(from->name, mid->name) != 0 || strcmp(t->from->name, t->to->name) != 0);
}

/** Whether `add column` is enough: existing rows can only get a constant default from it. */
static bool can_be_added(const ddl_column *column)
{
    return column->references != NULL ? column->nullable && column->fallback == NULL
                                      : column->nullable || column->fallback != NULL;
}

static bool must_be_made_anew(const diff_table *t)
{
    if (diff_has_new_key(t))
        return true;
    for (size_t i = 0; i < t->mid->columns.count; i++) {
        const ddl_column *mid = &t->mid->columns.items[i], *to = ddl_find_column(t->to, mid->name);
        if (to == NULL || !diff_is_same_column(DATA_SQLITE, t->to, mid, to) || has_stale_names(t, mid) ||
            diff_must_convert(DATA_SQLITE, mid->kind, to->kind))
            return true;
    }
    for (size_t i = 0; i < t->to->columns.count; i++) {
        const ddl_column *to = &t->to->columns.items[i];
        if (ddl_find_column(t->mid, to->name) == NULL && !can_be_added(to))
            return true;
    }
    return false;
}

/** The value of a column of the new table, from a row of the old one; false when its default is used. */
static bool add_source(const schema_diff *d, const diff_table *t, const ddl_column *to, buf *sql)
{
    const ddl_column *mid = ddl_find_column(t->mid, to->name);
    if (mid == NULL)
        return diff_add_new_value(sql, DATA_SQLITE, t->to, to, d->is_down);
    bool must_fill = mid->nullable && !to->nullable;
    buf filling = {0};
    if (must_fill && to->fallback != NULL)
        ddl_add_literal(&filling, DATA_SQLITE, to->kind, to->fallback);
    else if (must_fill)
        diff_add_filling(&filling, DATA_SQLITE, to, d->is_down);
    if (must_fill && filling.len == 0 && ddl_is_sole_key(t->to, to) &&
        strcmp(ddl_type_name(DATA_SQLITE, to->kind), "integer") == 0) /* SQLite would number it */
        buf_add_text(&filling, "'a key is never null'");
    if (filling.len != 0)
        buf_add_text(sql, "coalesce(");
    if (diff_refers_otherwise(d, mid, to))
        buf_add_text(sql, DIFF_BY_HAND "(");
    diff_add_conversion(sql, DATA_SQLITE, to->name, mid->kind, to->kind);
    if (diff_refers_otherwise(d, mid, to))
        buf_add_text(sql, ")");
    if (filling.len != 0)
        buf_add_printf(sql, ", %s)", filling.failed ? "" : filling.data);
    sql->failed |= filling.failed;
    buf_free(&filling);
    return true;
}

static void add_indexes(const ddl_table *table, buf *sql)
{
    for (size_t i = 0; i < table->indexes.count; i++)
        ddl_add_index(sql, table, &table->indexes.items[i]);
}

static void make_anew(const schema_diff *d, const diff_table *t, buf *sql)
{
    const char *passing = arena_printf(d->memory, "tern_new_%.*s", DATA_NAME_MOST - 9, t->to->name);
    buf targets = {0}, sources = {0};
    if (passing == NULL) {
        sql->failed = true;
        return;
    }
    for (size_t i = 0; i < t->to->columns.count; i++) {
        const ddl_column *to = &t->to->columns.items[i];
        buf source = {0};
        if (add_source(d, t, to, &source)) {
            buf_add_text(&targets, targets.len != 0 ? ", " : "");
            data_name_add(&targets, to->name);
            buf_add_printf(&sources, sources.len != 0 ? ", %s" : "%s", source.failed ? "" : source.data);
        }
        sql->failed |= source.failed;
        buf_free(&source);
    }
    if (targets.len == 0) { /* only the number of rows is kept */
        data_name_add(&targets, t->to->key.items[0]);
        buf_add_text(&sources, "null");
    }
    ddl_add_table(sql, DATA_SQLITE, t->to, passing, NULL, NULL);
    buf_add_text(sql, "insert into ");
    data_name_add(sql, passing);
    buf_add_printf(sql, " (%s)\n    select %s from ", targets.failed ? "" : targets.data,
                   sources.failed ? "" : sources.data);
    data_name_add(sql, t->to->name);
    buf_add_text(sql, ";\ndrop table ");
    data_name_add(sql, t->to->name);
    buf_add_text(sql, ";\n");
    diff_add_alter(sql, passing);
    buf_add_text(sql, "rename to ");
    data_name_add(sql, t->to->name);
    buf_add_text(sql, ";\n");
    add_indexes(t->to, sql); /* the old ones were dropped with the old table */
    sql->failed |= targets.failed || sources.failed;
    buf_free(&targets);
    buf_free(&sources);
}

static void change_in_place(const diff_table *t, buf *sql)
{
    for (size_t i = 0; i < t->mid->indexes.count; i++) {
        const ddl_index *mid = &t->mid->indexes.items[i], *to = ddl_find_index(t->to, mid->name);
        if (to != NULL && diff_is_same_index(mid, to))
            continue;
        buf_add_text(sql, "drop index ");
        data_name_add(sql, mid->name);
        buf_add_text(sql, ";\n");
    }
    for (size_t i = 0; i < t->to->columns.count; i++) {
        const ddl_column *to = &t->to->columns.items[i];
        if (ddl_find_column(t->mid, to->name) != NULL)
            continue;
        diff_add_alter(sql, t->to->name);
        buf_add_text(sql, "add column ");
        ddl_add_column(sql, DATA_SQLITE, t->to, to, true);
        buf_add_text(sql, ";\n");
    }
    for (size_t i = 0; i < t->to->indexes.count; i++) {
        const ddl_index *to = &t->to->indexes.items[i], *mid = ddl_find_index(t->mid, to->name);
        if (mid == NULL || !diff_is_same_index(mid, to))
            ddl_add_index(sql, t->to, to);
    }
}

/* -- word search -- */

/** Triggers are dropped with a recreated table, and FTS5 refers to the table and its columns by name. */
static bool must_search_anew(const diff_table *t)
{
    return !diff_is_same_search(DATA_SQLITE, t->from, t->to) ||
           (t->from->search.count != 0 && must_be_made_anew(t));
}

/** Runs before anything is renamed or dropped, because SQLite then checks every trigger. */
static void drop_searches(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++)
        if (must_search_anew(&d->common[i]))
            ddl_drop_search(sql, DATA_SQLITE, d->common[i].from);
    for (size_t i = 0; i < d->mid->tables.count; i++)
        if (ddl_find_table(d->to, d->mid->tables.items[i].name) == NULL)
            ddl_drop_search(sql, DATA_SQLITE, &d->mid->tables.items[i]);
}

static void add_search(const ddl_table *table, buf *sql)
{
    ddl_add_search(sql, DATA_SQLITE, table);
    ddl_add_search_rows(sql, DATA_SQLITE, table);
}

void sqlite_add_diff(const schema_diff *d, buf *sql)
{
    drop_searches(d, sql);
    diff_sql_renames(d, sql);
    for (size_t i = 0; i < d->to->tables.count; i++) {
        const ddl_table *to = &d->to->tables.items[i];
        if (ddl_find_table(d->mid, to->name) != NULL)
            continue;
        ddl_add_table(sql, DATA_SQLITE, to, NULL, NULL, NULL);
        add_indexes(to, sql);
        ddl_add_search(sql, DATA_SQLITE, to);
    }
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        if (must_be_made_anew(t))
            make_anew(d, t, sql);
        else
            change_in_place(t, sql);
        if (must_search_anew(t))
            add_search(t->to, sql);
    }
    diff_sql_drop_tables(d, sql);
}
