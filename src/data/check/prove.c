/* Checks one call against a database: builds its statement as a request would, and has the database describe
 * it. */
#include "data/check/check.h"

#include "data/order.h"
#include "data/rows.h"
#include "data/select.h"
#include "data/worker_database.h"

#include <stdarg.h>
#include <string.h>

void check_add(check_run *run, const check_call *call, check_weight weight, const char *word,
               const char *format, ...)
{
    va_list args;
    if (check_call_allows(call, run->notes, word))
        return;
    va_start(args, format);
    const char *message = arena_vprintf(run->memory, NULL, format, args);
    va_end(args);
    const char *model = call->note->type != NULL ? call->note->type->name : NULL;
    const char *shown =
        model != NULL ? arena_printf(run->memory, "%s(%s)", call->kind->name, model) : call->kind->name;
    if (message == NULL || shown == NULL)
        run->report->is_memory_short = true;
    else
        check_report_add(run->report, &(check_problem){weight, call->note->place, word, shown, message, 0});
}

/* -- the order -- */

/** The first term that is not a field of the table. */
static tern_str wrong_term(const data_table *table, const char *order_by)
{
    for (const char *at = order_by; *at != '\0'; at += *at == ',') {
        at += strspn(at, " \n\t");
        size_t len = strcspn(at, ", \n\t");
        if (data_table_column(table, at, len) == NULL)
            return (tern_str){at, len};
        at += strcspn(at, ",");
    }
    return (tern_str){order_by, strlen(order_by)};
}

static bool check_order(check_run *run, const check_call *call, const char *order_by)
{
    data_order order;
    if (data_order_read(&order, call->table, order_by))
        return true;
    tern_str term = wrong_term(call->table, order_by);
    if (data_table_column(call->table, term.data, term.len) == NULL && term.len != strlen(order_by))
        check_add(run, call, CHECK_ERROR, "order", ".order_by = \"%s\": %s has no field \"%.*s\"%s", order_by,
                  call->table->type->name, (int)term.len, term.data,
                  check_suggest_column(run, call->table, term.data, term.len));
    else
        check_add(run, call, CHECK_ERROR, "order",
                  ".order_by = \"%s\" is not a list of fields of %s, such as \"id desc\"%s", order_by,
                  call->table->type->name, check_suggest_column(run, call->table, term.data, term.len));
    return false;
}

/* -- one text -- */

/** Finds values for this number of `?`, and reports when none of the call's values fit. */
static void choose_values(check_run *run, check_statement *s, const call_values *own)
{
    const check_call *call = s->call;
    unsigned marks = s->text != NULL ? check_count_marks(s->text) : 0;
    const call_values *choices = own != NULL ? own : call->values, *chosen = NULL;
    unsigned count = own != NULL ? 1 : call->value_count;
    s->count = marks <= STATEMENT_ARGS_MOST ? marks : STATEMENT_ARGS_MOST;
    memset(s->kinds, TERN_NOTE_ANY, sizeof s->kinds);
    for (unsigned i = 0; i < count && chosen == NULL; i++)
        chosen = choices[i].count == marks ? &choices[i] : NULL;
    if (chosen != NULL && chosen->kinds != NULL)
        memcpy(s->kinds, chosen->kinds, s->count);
    if (chosen != NULL || (own == NULL && call->has_other_values) || (marks == 0 && count == 0) ||
        s->text == NULL)
        return;
    check_add(run, call, CHECK_ERROR, "values", "\"%s\" has %u `?`, and %u value%s", s->text, marks,
              count != 0 ? choices[0].count : 0, count != 0 && choices[0].count == 1 ? "" : "s");
}

static select_sum sum_of(const check_call *call)
{
    return (select_sum){call->kind->function,
                        data_table_column(call->table, call->field.data, call->field.len)};
}

static void build(sql_builder *b, const check_statement *s, const tern_arg *args)
{
    const check_call *call = s->call;
    const statement_verb verb = call->kind->verb;
    const tern_selection selection = {.where = s->text,
                                      .args = {args, s->count},
                                      .order_by = s->order_by,
                                      .limit = call->has_limit,
                                      .offset = call->has_offset,
                                      .for_update = call->is_for_update,
                                      .trusted_sql = true};
    if (verb == STATEMENT_OWN) {
        sql_begin(b);
        sql_fragment(b, NULL, s->text, &selection.args, true);
    } else if (verb == STATEMENT_SEARCH || verb == STATEMENT_SEARCH_COUNT) {
        search_build(b, call->table, verb, &selection);
    } else {
        select_sum sum = verb == STATEMENT_AGGREGATE ? sum_of(call) : (select_sum){0};
        select_build(b, call->table, verb, verb == STATEMENT_AGGREGATE ? &sum : NULL, &selection, NULL);
    }
}

/** Has the database describe the statement. False when the statement is invalid, which is reported. */
static bool ask(check_run *run, const check_statement *s, check_answer *answer)
{
    tern_arg args[STATEMENT_ARGS_MOST];
    sql_builder b;
    bool is_asked = false;
    for (unsigned i = 0; i < s->count; i++)
        args[i] =
            (tern_arg){.kind = s->kinds[i] == TERN_NOTE_ANY ? TERN_ARG_TEXT : (tern_arg_kind)s->kinds[i]};
    build(&b, s, args);
    if (b.mistake != NULL)
        check_add(run, s->call, CHECK_ERROR, "syntax", "\"%s\" %s", b.mistaken, b.mistake);
    else if (b.sql.failed || b.kinds.failed)
        run->report->is_memory_short = true;
    else if (!run->engine->ask(run->client, b.sql.data, (const unsigned char *)b.kinds.data,
                               (unsigned)b.kinds.len, run->memory, answer, run->problem))
        run->is_gone = true;
    else
        is_asked = true;
    buf_free(&b.sql);
    buf_free(&b.kinds);
    return is_asked;
}

static void prove_text(check_run *run, check_statement *s, const call_values *own)
{
    check_answer answer;
    choose_values(run, s, own);
    check_tables_read(&s->tables, s->call->kind->verb == STATEMENT_OWN ? NULL : s->call->table, s->text);
    check_kinds(run, s);
    if (!ask(run, s, &answer))
        return;
    if (!answer.is_sound) {
        check_tell(run, s, answer.problem != NULL ? answer.problem : "it cannot be prepared");
        return;
    }
    if (s->call->kind->form == CALL_OWN && s->call->note->type != NULL)
        check_result(run, s, &answer);
    if (s->call->kind->form != CALL_CONDITION && s->call->kind->form != CALL_GIVEN)
        check_scan(run, s, &answer);
}

/* -- one call, by its form -- */

static void prove_texts(check_run *run, const check_call *call)
{
    const char *order_by = NULL;
    unsigned orders = 0;
    for (unsigned i = 0; i < call->order_count && call->table != NULL; i++)
        if (check_order(run, call, call->orders[i]) && orders++ == 0)
            order_by = call->orders[i];
    for (unsigned i = 0; i < call->text_count && !run->is_gone; i++) {
        check_statement s = {.call = call, .text = call->texts[i].text, .order_by = order_by};
        prove_text(run, &s, call->texts[i].own);
    }
    if (call->text_count == 0 && !call->has_other_text) {
        check_statement s = {.call = call, .order_by = order_by};
        prove_text(run, &s, NULL);
    }
    run->unchecked += call->has_other_text;
}

static bool is_number(const data_column *column)
{
    return column != NULL && (column->kind == TERN_ARG_INT || column->kind == TERN_ARG_DOUBLE ||
                              column->kind == TERN_ARG_DECIMAL);
}

/** What tern_select and similar calls refuse before they ask the database. */
static bool is_sound_selection(check_run *run, const check_call *call)
{
    const statement_verb verb = call->kind->verb;
    const char *model = call->table->type->name;
    bool is_search = verb == STATEMENT_SEARCH || verb == STATEMENT_SEARCH_COUNT;
    bool has_text = call->has_other_text;
    for (unsigned i = 0; i < call->text_count; i++)
        has_text |= call->texts[i].text != NULL;
    if (verb == STATEMENT_REMOVE_WHERE && !has_text)
        check_add(run, call, CHECK_ERROR, "use", "without .where it would remove every row of %s", model);
    else if (is_search && call->table->searched_count == 0)
        check_add(run, call, CHECK_ERROR, "use", "%s has no field with .search = true", model);
    else if (is_search && call->has_after)
        check_add(run, call, CHECK_ERROR, "use", "a search continues with .offset, not with .after");
    else if (verb == STATEMENT_AGGREGATE && !is_number(sum_of(call).column))
        check_add(run, call, CHECK_ERROR, "use", "%s.%.*s is not a number that the table holds", model,
                  (int)call->field.len, call->field.data);
    else if (!has_text && call->value_count != 0 && call->values[0].count != 0)
        check_add(run, call, CHECK_ERROR, "values", ".args has values, but there is no .where for them");
    else
        return true;
    return false;
}

static void prove_related(check_run *run, const check_call *call)
{
    const tern_type *type = call->table->type;
    const tern_field *field = NULL;
    for (unsigned i = 0; i < type->field_count && field == NULL; i++)
        if (strlen(type->fields[i].name) == call->field.len &&
            memcmp(type->fields[i].name, call->field.data, call->field.len) == 0)
            field = &type->fields[i];
    if (field != NULL && field->via == NULL && field->by == NULL && field->through == NULL)
        check_add(run, call, CHECK_ERROR, "use",
                  "%s.%s does not hold related rows: it has no .via, .by or .through", type->name,
                  field->name);
}

/** A condition without a known table must fit one of them. */
static void prove_for_any_table(check_run *run, const check_call *call)
{
    unsigned count, before = run->report->count;
    const data_table *const *tables = data_tables(&count);
    check_report first = {.memory = run->memory}, *report = run->report;
    for (unsigned i = 0; i < count && !run->is_gone; i++) {
        check_report one = {.memory = run->memory};
        check_call of_table = *call;
        of_table.table = tables[i];
        if (tables[i]->is_view)
            continue;
        run->report = &one;
        prove_texts(run, &of_table);
        run->unchecked -= call->has_other_text;
        run->report = report;
        if (one.count == 0)
            return;
        bool has_advice = strstr(one.items[0].message, "did you mean") != NULL;
        if (first.count == 0 || has_advice)
            first = one;
    }
    run->unchecked += call->has_other_text;
    for (unsigned i = 0; i < first.count && before == run->report->count; i++)
        check_add(run, call, first.items[i].weight, first.items[i].word, "it fits none of the tables: %s",
                  first.items[i].message);
}

void check_prove(check_run *run, const check_call *call)
{
    const call_form form = call->kind->form;
    bool is_condition = form == CALL_CONDITION || form == CALL_GIVEN;
    bool needs_table = form != CALL_OWN && (!is_condition || call->note->type != NULL);
    run->checked++;
    if (needs_table && call->table == NULL)
        check_add(run, call, CHECK_ERROR, "use",
                  "%s is not a table: it is not among the models given to tern_database",
                  call->note->type != NULL ? call->note->type->name : "its model");
    else if (form == CALL_KEY)
        check_key(run, call);
    else if (form == CALL_RELATED)
        prove_related(run, call);
    else if (is_condition && call->table == NULL)
        prove_for_any_table(run, call);
    else if (form != CALL_SELECTION || is_sound_selection(run, call))
        prove_texts(run, call);
}
