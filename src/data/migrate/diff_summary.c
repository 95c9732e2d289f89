/* What changes, in lines for people. */
#include "data/migrate/diff.h"

#include <string.h>

static void add_key(const ddl_table *table, buf *out)
{
    for (size_t i = 0; i < table->key.count; i++)
        buf_add_printf(out, i == 0 ? "%s" : " + %s", table->key.items[i]);
}

static void tell_key(const diff_table *t, buf *out)
{
    if (!diff_has_new_key(t))
        return;
    buf_add_printf(out, "  change key of %s from ", t->to->name);
    add_key(t->mid, out);
    buf_add_text(out, " to ");
    add_key(t->to, out);
    bool is_given = !ddl_has_automatic_key(t->to);
    for (size_t i = 0; i < t->mid->key.count && is_given;
         i++) { /* more columns are unique as the fewer were */
        size_t k = 0;
        while (k < t->to->key.count && strcmp(t->to->key.items[k], t->mid->key.items[i]) != 0)
            k++;
        if (k == t->to->key.count) {
            buf_add_text(out, ", which fails where rows have the same values");
            break;
        }
    }
    buf_add_text(out, "\n");
}

/** What a change of the column's kind or null is to its values; nothing else is worth a word. */
static void tell_values(const ddl_column *mid, const ddl_column *to, buf *out)
{
    const char *from = ddl_kind_name(mid->kind), *kind = ddl_kind_name(to->kind);
    if (mid->kind != to->kind)
        buf_add_printf(out, ", from %s to %s", from, kind);
    if (mid->nullable && !to->nullable && to->fallback == NULL)
        buf_add_text(out, ", which fails where rows have a null in it");
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
            buf_add_printf(out, "  DROP column %s.%s, with all that it holds\n", table, mid->name);
        else if (!diff_is_same_column(DATA_SQLITE, t->to, mid, to) ||
                 !diff_is_same_column(DATA_POSTGRES, t->to, mid, to)) {
            buf_add_printf(out, "  change column %s.%s", table, mid->name);
            tell_values(mid, to, out);
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
                           to->unique ? ", which fails where rows have the same values" : "");
    }
}

static void tell_search(const diff_table *t, buf *out)
{
    bool had = t->mid->search.count != 0, has = t->to->search.count != 0;
    if (!diff_is_same_search(DATA_POSTGRES, t->mid, t->to))
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
