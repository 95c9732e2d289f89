#include "data/check/call.h"

#include "data/check/source.h"

#include <stdlib.h>
#include <string.h>

/* The calls that leave a note, and the form of their arguments. */
static const call_kind call_kinds[] = {
    {"tern_select", CALL_SELECTION, STATEMENT_SELECT, 1, 0},
    {"tern_first", CALL_SELECTION, STATEMENT_SELECT, 1, 0},
    {"tern_count", CALL_SELECTION, STATEMENT_COUNT, 1, 0},
    {"tern_exists", CALL_SELECTION, STATEMENT_EXISTS, 1, 0},
    {"tern_rows_open", CALL_SELECTION, STATEMENT_SELECT, 1, 0},
    {"tern_remove_where", CALL_SELECTION, STATEMENT_REMOVE_WHERE, 1, 0},
    {"tern_sum", CALL_SELECTION, STATEMENT_AGGREGATE, 2, 0},
    {"tern_average", CALL_SELECTION, STATEMENT_AGGREGATE, 2, 1},
    {"tern_least", CALL_SELECTION, STATEMENT_AGGREGATE, 2, 2},
    {"tern_greatest", CALL_SELECTION, STATEMENT_AGGREGATE, 2, 3},
    {"tern_search", CALL_SELECTION, STATEMENT_SEARCH, 2, 0},
    {"tern_search_count", CALL_SELECTION, STATEMENT_SEARCH_COUNT, 2, 0},
    {"tern_find", CALL_KEY, STATEMENT_FIND, 1, 0},
    {"tern_get_or_404", CALL_KEY, STATEMENT_FIND, 1, 0},
    {"tern_remove", CALL_KEY, STATEMENT_REMOVE, 1, 0},
    {"tern_sql", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_run", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_select_page", CALL_SELECTION, STATEMENT_SELECT, 2, 0},
    {"tern_pluck", CALL_SELECTION, STATEMENT_SELECT, 2, 0},
    {"tern_sql_pluck", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_value", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_int", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_double", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_bool", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_text", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_uuid", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_date", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_datetime", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_sql_decimal", CALL_OWN, STATEMENT_OWN, 1, 0},
    {"tern_where_given", CALL_GIVEN, STATEMENT_EXISTS, 1, 0},
    {"tern_where", CALL_CONDITION, STATEMENT_EXISTS, 1, 0},
    {"TERN_CHECKED", CALL_CONDITION, STATEMENT_EXISTS, 1, 0},
    {"tern_resource", CALL_SELECTION, STATEMENT_SELECT, 1, 0}, /* resources.c adds the notes */
    {"tern_preload", CALL_RELATED, STATEMENT_RELATED, 1, 0},
};

/** The state of parsing one note. */
typedef struct reading {
    check_call *call;
    const check_notes *notes;
    arena *memory;
    const call_values *own; /* of the current text */
} reading;

unsigned check_count_marks(const char *text)
{
    unsigned count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'' || *at == '"') {
            const char *end = strchr(at + 1, *at); /* a doubled quote ends a text and begins another */
            at = end != NULL ? end : at + strlen(at) - 1;
        } else if (*at == '?') {
            count += at[1] != '?';
            at += at[1] == '?';
        }
    }
    return count;
}

/* -- texts -- */

static void add_text(reading *r, const char *text)
{
    check_call *call = r->call;
    if (call->text_count < CALL_CHOICES_MOST)
        call->texts[call->text_count++] = (call_text){text, r->own};
    else
        call->has_other_text = true;
}

static void take_text(void *arg, tern_str leaf)
{
    reading *r = arg;
    tern_str name, rest, piece;
    if (source_call(leaf, &name, &rest) && source_is(name, "TERN_CHECKED")) {
        source_next(&rest, ',', &piece);
        leaf = rest.data != NULL ? rest : leaf;
    }
    const char *text = source_literal(r->memory, leaf);
    if (text != NULL)
        add_text(r, text);
    else if (source_is_null(leaf))
        add_text(r, NULL);
    else
        r->call->has_other_text = true;
}

static void take_order(void *arg, tern_str leaf)
{
    reading *r = arg;
    const char *text = source_literal(r->memory, leaf);
    if (text != NULL && r->call->order_count < CALL_CHOICES_MOST)
        r->call->orders[r->call->order_count++] = text;
}

/* -- values -- */

static unsigned count_pieces(tern_str text)
{
    unsigned count = 0;
    tern_str piece;
    if (text.len == 0)
        return 0;
    while (source_next(&text, ',', &piece))
        count += piece.len != 0; /* a trailing comma is allowed */
    return count;
}

static unsigned count_kinds(const unsigned char *kinds)
{
    unsigned count = 0;
    while (kinds[count] != TERN_NOTE_END)
        count++;
    return count;
}

static bool is_same_file(const tern_sql_note *a, const tern_sql_note *b)
{
    size_t a_len, b_len;
    check_place_line(a->place, &a_len);
    check_place_line(b->place, &b_len);
    return a_len == b_len && memcmp(a->place, b->place, a_len) == 0;
}

static unsigned distance(const tern_sql_note *a, const tern_sql_note *b)
{
    size_t len;
    int apart = (int)check_place_line(a->place, &len) - (int)check_place_line(b->place, &len);
    return (unsigned)abs(apart);
}

/** The kinds of the values in the note nearest to the call that has the same source text; NULL without such a
 * note. */
static const unsigned char *kinds_of(const reading *r, tern_str values)
{
    enum { LINES_MOST = 60 };
    const tern_sql_note *nearest = NULL;
    for (unsigned i = 0; i < r->notes->count; i++) {
        const tern_sql_note *note = r->notes->items[i];
        tern_str name, arguments;
        if (note->kinds == NULL || !is_same_file(note, r->call->note) ||
            !source_call((tern_str){note->call, strlen(note->call)}, &name, &arguments) ||
            !source_is(name, "TERN_ARGS") || !source_holds(arguments, values) ||
            !source_holds(values, arguments) || distance(note, r->call->note) > LINES_MOST)
            continue;
        if (nearest == NULL || distance(note, r->call->note) < distance(nearest, r->call->note))
            nearest = note;
    }
    return nearest != NULL ? nearest->kinds : NULL;
}

static void take_values(void *arg, tern_str leaf)
{
    reading *r = arg;
    check_call *call = r->call;
    tern_str name, values;
    if (!source_call(leaf, &name, &values) || !source_is(name, "TERN_ARGS")) {
        const char *none = leaf.len != 0 ? memchr(leaf.data, ')', leaf.len) : NULL; /* (tern_args){0} */
        bool is_none = none != NULL && source_holds(leaf, (tern_str){"){0}", 4});
        if (is_none && call->value_count < CALL_CHOICES_MOST)
            call->values[call->value_count++] = (call_values){0};
        call->has_other_values |= !is_none;
        return;
    }
    const unsigned char *kinds = kinds_of(r, values);
    unsigned count = kinds != NULL ? count_kinds(kinds) : count_pieces(values);
    if (call->value_count < CALL_CHOICES_MOST)
        call->values[call->value_count++] = (call_values){count, kinds};
    else
        call->has_other_values = true;
}

/* -- conditions that may be left out: TERN_FILTERS(TERN_IF(given, "a = ?", x), TERN_ANY_OF(...), "b = 1") -- */

static void take_filters(void *arg, tern_str leaf)
{
    reading *r = arg;
    tern_str name, rest, piece;
    if (!source_call(leaf, &name, &rest)) {
        if (leaf.len != 0)
            take_text(arg, leaf);
    } else if (source_is(name, "TERN_IF")) {
        const call_values *around = r->own;
        call_values *own = arena_alloc(r->memory, sizeof *own);
        source_next(&rest, ',', &piece);
        if (own == NULL || !source_next(&rest, ',', &piece))
            return;
        *own = (call_values){rest.data != NULL ? count_pieces(rest) : 0,
                             rest.data != NULL ? kinds_of(r, rest) : NULL};
        r->own = own;
        source_leaves(piece, take_text, r);
        r->own = around;
    } else if (source_is(name, "TERN_FILTERS") || source_is(name, "TERN_ANY_OF") ||
               source_is(name, "TERN_ALL_OF")) {
        while (source_next(&rest, ',', &piece))
            source_leaves(piece, take_filters, r);
    } else {
        r->call->has_other_text = true;
    }
}

/* -- arguments -- */

static void read_filters(reading *r, tern_str value)
{
    static const call_values none;
    r->own = &none; /* of literals; each TERN_IF has its own values */
    source_leaves(value, take_filters, r);
    r->own = NULL;
}

static void read_option(reading *r, tern_str piece)
{
    check_call *call = r->call;
    tern_str name, value;
    if (!source_option(piece, &name, &value))
        return;
    if (source_is(name, "where"))
        source_leaves(value, take_text, r);
    else if (source_is(name, "args"))
        source_leaves(value, take_values, r);
    else if (source_is(name, "order_by"))
        source_leaves(value, take_order, r);
    else if (source_is(name, "filters"))
        read_filters(r, value);
    call->has_limit |= source_is(name, "limit");
    call->has_offset |= source_is(name, "offset");
    call->has_after |= source_is(name, "after") && !source_is_null(value);
    call->is_trusted |= source_is(name, "trusted_sql") && !source_is(value, "false");
    call->is_for_update |= source_is(name, "for_update") && !source_is(value, "false");
}

static void read_arguments(reading *r)
{
    check_call *call = r->call;
    tern_str rest = call->arguments, piece;
    for (unsigned i = 0; source_next(&rest, ',', &piece); i++) {
        if (i == 1 && call->kind->options_at == 2)
            call->field = piece;
        if (call->kind->form == CALL_RELATED && i == 2)
            call->field = piece;
        if (i < call->kind->options_at)
            continue;
        if (call->kind->form == CALL_SELECTION)
            read_option(r, piece);
        else if (call->kind->form == CALL_GIVEN)
            read_filters(r, piece);
        else if (i == 1 && (call->kind->form == CALL_OWN || call->kind->form == CALL_CONDITION))
            source_leaves(piece, take_text, r);
    }
    if (call->kind->form == CALL_SELECTION || call->kind->form == CALL_GIVEN || call->note->kinds == NULL)
        return;
    call->values[0] = (call_values){count_kinds(call->note->kinds), call->note->kinds};
    call->value_count = 1;
}

/** Every source file that includes a model has its own description of it. */
static const data_table *table_of(const tern_type *type)
{
    const data_table *table = type != NULL ? data_table_of(type) : NULL;
    if (table == NULL && type != NULL)
        for (table = data_table_of_name(type->name); table != NULL && table->type->size != type->size;)
            table = table->older_namesake;
    return table;
}

bool check_call_read(check_call *call, const tern_sql_note *note, const check_notes *notes, arena *a)
{
    tern_str name;
    reading r = {.call = call, .notes = notes, .memory = a};
    *call = (check_call){.note = note, .table = table_of(note->type)};
    if (!source_call((tern_str){note->call, strlen(note->call)}, &name, &call->arguments))
        return false;
    for (size_t i = 0; i < sizeof call_kinds / sizeof *call_kinds; i++)
        if (source_is(name, call_kinds[i].name))
            call->kind = &call_kinds[i];
    if (call->kind == NULL)
        return false;
    read_arguments(&r);
    return true;
}

/** Whether the note allows the problem named `word`. `rest` receives the call that the note encloses. */
static bool is_allowance(const tern_sql_note *note, const char *word, tern_str *rest)
{
    tern_str name, allowed;
    return source_call((tern_str){note->call, strlen(note->call)}, &name, rest) &&
           source_is(name, "tern_allow") && source_next(rest, ',', &allowed) && rest->data != NULL &&
           (source_is(allowed, word) || source_is(allowed, "any"));
}

/** Whether a call with the same source text is between the two notes, which are in the same file. */
static bool has_same_between(const check_notes *notes, unsigned from, const tern_sql_note *call)
{
    for (unsigned i = from; i < notes->count && notes->items[i] != call; i++)
        if (strcmp(notes->items[i]->call, call->call) == 0 && distance(notes->items[i], call) != 0)
            return true;
    return false;
}

/* gcc reports the line of the inner call, clang that of the outer one. Both notes contain the text of the
 * call, unless a macro in it is expanded in the inner note only: then the line must match. */
bool check_call_allows(const check_call *call, const check_notes *notes, const char *word)
{
    enum { LINES_MOST = 30 };
    tern_str rest, written = call->arguments, model;
    const tern_str name = {call->kind->name, strlen(call->kind->name)};
    if (call->note->type == NULL) /* the argument for the model is empty */
        source_next(&written, ',', &model);
    for (unsigned i = 0; i < notes->count; i++) {
        const tern_sql_note *note = notes->items[i];
        size_t len;
        if (!is_allowance(note, word, &rest) || !is_same_file(note, call->note) ||
            !source_holds(rest, name) ||
            check_place_line(note->place, &len) > check_place_line(call->note->place, &len))
            continue;
        unsigned lines = distance(note, call->note);
        if (lines == 0 ||
            (lines <= LINES_MOST && source_holds(rest, written) && !has_same_between(notes, i, call->note)))
            return true;
    }
    return false;
}
