/* Changes of keys: what they require of existing rows and of references to them. */
#include "data/migrate/diff/diff.h"
#include "data/table/maker.h"

#include <string.h>

static bool is_in_key(const ddl_table *table, const char *name)
{
    for (size_t i = 0; i < table->key.count; i++)
        if (strcmp(table->key.items[i], name) == 0)
            return true;
    return false;
}

bool diff_has_new_key(const diff_table *t)
{
    if (t->mid->key.count != t->to->key.count)
        return true;
    for (size_t i = 0; i < t->to->key.count; i++)
        if (strcmp(t->mid->key.items[i], t->to->key.items[i]) != 0)
            return true;
    return false;
}

bool diff_is_key_touched(const diff_table *t)
{
    for (size_t i = 0; i < t->to->key.count; i++) {
        const ddl_column *mid = ddl_find_column(t->mid, t->to->key.items[i]);
        if (mid == NULL || mid->kind != ddl_find_column(t->to, mid->name)->kind)
            return true;
    }
    return diff_has_new_key(t);
}

bool diff_refers_otherwise(const schema_diff *d, const ddl_column *mid, const ddl_column *to)
{
    return mid->references != NULL && to->references != NULL &&
           strcmp(mid->references, to->references) == 0 && diff_find_common(d, to->references) != NULL &&
           strcmp(mid->references_column, to->references_column) != 0;
}

/* -- values of a new column -- */

typedef enum new_value {
    NOT_NEEDED,   /* null, the default, or the number that the database gives */
    RANDOM,       /* a different value for each row */
    FILLING,      /* one that diff_add_filling knows */
    UNKNOWN,      /* only the author knows */
    NOT_UNIQUE,   /* of the kind, different for each row */
    NOT_REFERRING /* a made-up value would match no row */
} new_value;

static new_value value_of_new(const ddl_table *table, const ddl_column *column, bool is_down)
{
    bool is_key = ddl_is_sole_key(table, column);
    if (column->automatic || (!is_key && (column->nullable || column->fallback != NULL)))
        return NOT_NEEDED;
    if (column->references != NULL && column->fallback == NULL)
        return is_down ? NOT_REFERRING : UNKNOWN;
    if (is_key && (column->kind == ddl_kind_uuid || (is_down && column->kind == ddl_kind_text)))
        return RANDOM;
    if (is_key && !is_down)
        return NOT_UNIQUE;
    return is_down || column->role != ddl_role_plain ? FILLING : UNKNOWN;
}

bool diff_add_new_value(buf *sql, data_dialect dialect, const ddl_table *table, const ddl_column *column,
                        bool is_down)
{
    switch (value_of_new(table, column, is_down)) {
    case RANDOM: /* of version 4, RFC 9562 */
        return buf_add_text(sql, column->kind == ddl_kind_text ? dialect->random_text : dialect->random_uuid);
    case FILLING:
        return diff_add_filling(sql, dialect, column, is_down);
    case UNKNOWN:
    case NOT_UNIQUE:
        return buf_add_text(sql, DIFF_BY_HAND "()");
    default:
        return false;
    }
}

/* -- changes that cannot be migrated -- */

static void check_new(const ddl_table *table, const ddl_column *column, buf *problems)
{
    switch (value_of_new(table, column, false)) {
    case UNKNOWN:
        buf_add_printf(problems,
                       is_in_key(table, column->name)
                           ? "table %s, column %s: it is new and in the key, so existing rows need "
                             "a value, and no rule gives one\n"
                       : column->references != NULL
                           ? "table %s, column %s: it is new and cannot be null, so existing rows "
                             "need a row to refer to: give the field .optional = true\n"
                           : "table %s, column %s: it is new and cannot be null, so existing rows "
                             "need a value: give the field .fallback = \"...\" (or .optional = true)\n",
                       table->name, column->name);
        break;
    case NOT_UNIQUE:
        buf_add_printf(problems,
                       "table %s, column %s: it is new and the key, so each existing row needs a value "
                       "of its own, and no rule gives one\n",
                       table->name, column->name);
        break;
    default:
        break;
    }
}

static void check_kept(const schema_diff *d, const ddl_table *table, const ddl_column *mid,
                       const ddl_column *to, buf *problems)
{
    if (diff_refers_otherwise(d, mid, to))
        buf_add_printf(problems,
                       "table %s, column %s: it refers to %s by its key, which was %s and is %s now; what "
                       "rows hold there has to be looked up\n",
                       table->name, to->name, to->references, mid->references_column, to->references_column);
    else if (!diff_can_convert(mid->kind, to->kind))
        buf_add_printf(
            problems,
            "table %s, column %s: %s values cannot be converted to %s ones without a rule: only you know "
            "how\n",
            table->name, to->name, ddl_kind_name(mid->kind), ddl_kind_name(to->kind));
}

bool diff_check(const schema_diff *d, buf *problems)
{
    size_t before = problems->len;
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        for (size_t k = 0; k < t->to->columns.count; k++) {
            const ddl_column *to = &t->to->columns.items[k], *mid = ddl_find_column(t->mid, to->name);
            if (mid == NULL)
                check_new(t->to, to, problems);
            else
                check_kept(d, t->to, mid, to, problems);
        }
    }
    return problems->len == before && !problems->failed;
}
