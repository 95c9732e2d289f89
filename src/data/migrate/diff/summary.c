/* Describes the changes in lines for people. */
#include "data/migrate/diff/diff.h"

#include <string.h>

static void add_key(const ddl_table *table, buf *out)
{
    for (size_t i = 0; i < table->key.count; i++)
        buf_add_printf(out, i == 0 ? "%s" : " + %s", table->key.items[i]);
}

/** Whether one of the names is missing from the others. */
static bool has_more(const tern_text_list *names, const tern_text_list *others)
{
    for (size_t i = 0; i < names->count; i++) {
        size_t k = 0;
        while (k < others->count && strcmp(others->items[k], names->items[i]) != 0)
            k++;
        if (k == others->count)
            return true;
    }
    return false;
}

static void tell_key(const diff_table *t, buf *out)
{
    if (!diff_has_new_key(t))
        return;
    buf_add_printf(out, "  change key of %s from ", t->to->name);
    add_key(t->mid, out);
    buf_add_text(out, " to ");
    add_key(t->to, out);
    bool was_unique = !has_more(&t->mid->key, &t->to->key); /* and remains unique with more columns */
    buf_add_text(out, was_unique || ddl_has_automatic_key(t->to)
                          ? "\n"
                          : ", which fails if rows have the same values\n");
}

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_limit(const ddl_column *a, const ddl_column *b)
{
    return is_same_text(a->min, b->min) && is_same_text(a->max, b->max) &&
           a->min_excluded == b->min_excluded && a->max_excluded == b->max_excluded &&
           is_same_text(a->min_length, b->min_length) && is_same_text(a->max_length, b->max_length) &&
           is_same_text(a->multiple_of, b->multiple_of) && is_same_text(a->pattern, b->pattern);
}

/** Describes what changes about the column, and what that requires of existing rows. */
static void tell_change(const ddl_column *mid, const ddl_column *to, buf *out)
{
    if (mid->kind != to->kind)
        buf_add_printf(out, ", from %s to %s", ddl_kind_name(mid->kind), ddl_kind_name(to->kind));
    if (mid->nullable != to->nullable)
        buf_add_text(out, to->nullable           ? ", may be null"
                          : to->fallback != NULL ? ", nulls become the fallback"
                                                 : ", which fails if rows have a null in it");
    if (!is_same_text(mid->fallback, to->fallback))
        buf_add_text(out, ", another fallback for new rows");
    if (has_more(&mid->choices, &to->choices) && to->choices.count != 0)
        buf_add_text(out, ", fewer choices, which fails if rows have one of the others");
    else if (has_more(&to->choices, &mid->choices) && mid->choices.count != 0)
        buf_add_text(out, ", more choices");
    else if (mid->choices.count != to->choices.count)
        buf_add_text(out, to->choices.count == 0 ? ", any text"
                                                 : ", only some texts, which fails if rows have others");
    if (!is_same_limit(mid, to))
        buf_add_text(out, ", other limits, which fails if rows exceed them");
    if (!is_same_text(mid->references, to->references) || mid->on_delete != to->on_delete)
        buf_add_text(out, mid->references == NULL  ? ", a foreign key"
                          : to->references == NULL ? ", no foreign key"
                                                   : ", another foreign key");
}

/** Whether the column differs in some dialect. */
static bool changes_anywhere(const ddl_table *table, const ddl_column *mid, const ddl_column *to)
{
    for (unsigned i = 0; i < DATA_DIALECTS; i++)
        if (!diff_is_same_column(data_dialects[i], table, mid, to))
            return true;
    return false;
}

static void tell_columns(const diff_table *t, buf *out)
{
    const char *table = t->to->name;
    for (size_t i = 0; i < t->mid->columns.count; i++) {
        const ddl_column *mid = &t->mid->columns.items[i], *to = ddl_find_column(t->to, mid->name);
        const char *was = diff_old_column(t, mid)->name;
        if (strcmp(was, mid->name) != 0)
            buf_add_printf(out, "  rename column %s.%s to %s\n", table, was, mid->name);
        if (to == NULL)
            buf_add_printf(out, "  DROP column %s.%s, with all its values\n", table, mid->name);
        else if (changes_anywhere(t->to, mid, to)) {
            buf_add_printf(out, "  change column %s.%s", table, mid->name);
            tell_change(mid, to, out);
            buf_add_text(out, "\n");
        }
    }
    for (size_t i = 0; i < t->to->columns.count; i++)
        if (ddl_find_column(t->mid, t->to->columns.items[i].name) == NULL)
            buf_add_printf(out, "  add column %s.%s\n", table, t->to->columns.items[i].name);
}

static void tell_indexes(const diff_table *t, buf *out)
{
    for (size_t i = 0; i < t->mid->indexes.count; i++) {
        const ddl_index *mid = &t->mid->indexes.items[i], *to = ddl_find_index(t->to, mid->name);
        if (to == NULL)
            buf_add_printf(out, "  drop index %s\n", mid->name);
        else if (!diff_is_same_index(mid, to))
            buf_add_printf(out, "  change index %s\n", mid->name);
    }
    for (size_t i = 0; i < t->to->indexes.count; i++) {
        const ddl_index *to = &t->to->indexes.items[i];
        if (ddl_find_index(t->mid, to->name) == NULL)
            buf_add_printf(out, "  add %sindex %s%s\n", to->unique ? "unique " : "", to->name,
                           to->unique ? ", which fails if rows have the same values" : "");
    }
}

static bool is_same_list(const tern_text_list *a, const tern_text_list *b)
{
    size_t i = 0;
    while (i < a->count && i < b->count && strcmp(a->items[i], b->items[i]) == 0)
        i++;
    return i == a->count && i == b->count;
}

static void tell_search(const diff_table *t, buf *out)
{
    bool had = t->mid->search.count != 0, has = t->to->search.count != 0;
    if (!is_same_list(&t->mid->search, &t->to->search))
        buf_add_printf(out, "  %s search in %s\n", !had ? "add" : has ? "change" : "drop", t->to->name);
}

void diff_summary(const schema_diff *d, buf *out)
{
    for (size_t i = 0; i < d->to->tables.count; i++)
        if (ddl_find_table(d->mid, d->to->tables.items[i].name) == NULL)
            buf_add_printf(out, "  create table %s\n", d->to->tables.items[i].name);
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        if (strcmp(t->from->name, t->to->name) != 0)
            buf_add_printf(out, "  rename table %s to %s\n", t->from->name, t->to->name);
        tell_key(t, out);
        tell_columns(t, out);
        tell_indexes(t, out);
        tell_search(t, out);
    }
    for (size_t i = 0; i < d->mid->tables.count; i++)
        if (ddl_find_table(d->to, d->mid->tables.items[i].name) == NULL)
            buf_add_printf(out, "  DROP table %s, with all its rows\n", d->mid->tables.items[i].name);
}
