/* Reports a database's error for a statement that it rejects, reworded where the error is a known one. */
#include "data/check/check.h"

#include "base/text.h"

#include <string.h>

/** The known name most similar to the one written. */
typedef struct likeness {
    const char *name, *best;
    unsigned least; /* the number of wrong letters; starts at the limit */
} likeness;

static void compare(likeness *l, const char *known)
{
    unsigned distance = text_distance(l->name, known);
    if (distance != 0 && distance < l->least + (l->best == NULL) && distance < strlen(l->name)) {
        l->best = known;
        l->least = distance;
    }
}

static likeness like(check_run *run, const char *name, size_t len)
{
    const char *kept = arena_text(run->memory, name, len);
    return (likeness){.name = kept != NULL ? kept : "", .least = len < 4 ? 1 : 2};
}

static const char *suggestion(check_run *run, const likeness *l)
{
    const char *words = l->best != NULL ? arena_printf(run->memory, "; did you mean \"%s\"?", l->best) : NULL;
    return words != NULL ? words : "";
}

static void compare_columns(likeness *l, const data_table *table)
{
    for (unsigned i = 0; i < table->column_count; i++)
        compare(l, table->columns[i].name);
}

const char *check_suggest_column(check_run *run, const data_table *table, const char *name, size_t len)
{
    likeness l = like(run, name, len);
    compare_columns(&l, table);
    return suggestion(run, &l);
}

static const char *suggest_of_tables(check_run *run, const check_tables *tables, tern_str name)
{
    likeness l = like(run, name.data, name.len);
    for (unsigned i = 0; i < tables->count; i++)
        compare_columns(&l, tables->items[i].table);
    return suggestion(run, &l);
}

static const char *suggest_table(check_run *run, tern_str name)
{
    unsigned count;
    const data_table *const *tables = data_tables(&count);
    likeness l = like(run, name.data, name.len);
    for (unsigned i = 0; i < count; i++)
        compare(&l, tables[i]->name);
    return suggestion(run, &l);
}

/* The errors of both databases, by their text before and after a name, and the kind of the name. */
static const struct {
    const char *begin, *end, *is;
} unknown_names[] = {
    {"no such column: ", "", "column"},           {"no such table: ", "", "table"},
    {"no such function: ", "", "function"},       {"column \"", "\" of relation", "column"},
    {"column \"", "\" does not exist", "column"}, {"relation \"", "\" does not exist", "table"},
    {"column ", " does not exist", "column"},     {"function ", " does not exist", "function"},
};

/** Finds the name in `words` that the database does not know; false for other errors. */
static bool find_unknown(const char *words, tern_str *name, const char **is)
{
    static const char no_column[] = " has no column named ";
    const char *column = strstr(words, no_column);
    if (column != NULL) {
        column += sizeof no_column - 1;
        *name = (tern_str){column, strlen(column)};
        *is = "column";
        return true;
    }
    for (size_t i = 0; i < sizeof unknown_names / sizeof *unknown_names; i++) {
        size_t begin_len = strlen(unknown_names[i].begin);
        if (strncmp(words, unknown_names[i].begin, begin_len) != 0)
            continue;
        const char *from = words + begin_len, *end = unknown_names[i].end;
        const char *to = *end != '\0' ? strstr(from, end) : from + strlen(from);
        if (to == NULL)
            continue;
        *name = (tern_str){from, (size_t)(to - from)};
        *is = unknown_names[i].is;
        return true;
    }
    return false;
}

/** Removes quotes, and everything up to the last '.'. */
static tern_str last_name(tern_str name)
{
    for (size_t i = name.len; i-- > 0;)
        if (name.data[i] == '.')
            return (tern_str){name.data + i + 1, name.len - i - 1};
    return name;
}

void check_tell(check_run *run, const check_statement *s, const char *words)
{
    tern_str name;
    const char *is;
    if (!find_unknown(words, &name, &is)) {
        check_add(run, s->call, CHECK_ERROR, "syntax", "%s does not accept \"%s\": %s", run->engine->label,
                  s->text != NULL ? s->text : "it", words);
        return;
    }
    tern_str plain = last_name(name);
    const char *more = strcmp(is, "table") == 0    ? suggest_table(run, plain)
                       : strcmp(is, "column") == 0 ? suggest_of_tables(run, &s->tables, plain)
                                                   : "";
    check_add(run, s->call, CHECK_ERROR, "name", "there is no %s \"%.*s\"%s%s%s", is, (int)name.len,
              name.data, strcmp(is, "function") == 0 ? " in " : "",
              strcmp(is, "function") == 0 ? run->engine->label : "", more);
}
