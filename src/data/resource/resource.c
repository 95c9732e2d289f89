/* A table as a REST API: the handlers that tern_resource registers. */
#include "data/resource/resource.h"
#include "app/bind/bind.h"
#include "data/filters.h"
#include "data/misuse.h"
#include "data/page/page.h"
#include "data/rows.h"
#include "data/select.h"
#include "data/write.h"
#include "schema/scalar.h"
#include "schema/validate.h"

#include <tern/json.h>

#include <string.h>

enum { SIZE = 20, MOST_SIZE = 100 };

static const resource *resource_of(const tern_ctx *c)
{
    return c->match.route->handler.arg;
}

static void ask_permission(tern_ctx *c, const resource *r, tern_operation operation, const void *row)
{
    if (r->options.may[operation] != NULL)
        r->options.may[operation](c, row);
}

static const place body_place = {.name = "body"};

/* -- one row -- */

/** The key in the path; 404 when a part of it is not a value of its field. */
static tern_args key_in_path(tern_ctx *c, const resource *r, const data_table *table)
{
    char *key = tern_alloc(c, r->key->size);
    tern_arg *args = tern_alloc(c, table->key_count * sizeof *args);
    data_error error;
    bind_need_plan(c, r->key);
    for (unsigned i = 0; i < table->key_count; i++) {
        const field_plan *f = &plan_of(r->key)->fields[i];
        data_column column = table->columns[table->keys[i]];
        const char *text = tern_param(c, f->field->name);
        if (scalar_read(f->type, text, strlen(text), plan_value(f, key), ctx_arena(c)) != NULL)
            tern_fail(c, 404, "there is no such %s", r->model->name);
        column.plan = f;
        if (!data_column_arg(&column, key, ctx_arena(c), &args[i], &error))
            data_answer(c, &error, table, NULL);
    }
    return (tern_args){args, table->key_count};
}

/** The rows that are visible to the client. */
static tern_selection visible_of(tern_ctx *c, const resource *r)
{
    const tern_selection all = {0};
    return r->options.visible != NULL ? r->options.visible(c) : all;
}

/** The row with the path's key, if it is visible to the client; otherwise 404. */
static void *need_row(tern_ctx *c, const resource *r, bool for_update)
{
    const data_table *table = data_need_table(c, r->model);
    tern_args key = key_in_path(c, r, table);
    if (r->options.visible == NULL && !for_update)
        return tern_get_or_404_of(c, r->model, key);
    const tern_selection visible = visible_of(c, r);
    const tern_selection within = {.where = visible.where,
                                   .args = visible.args,
                                   .filters = visible.filters,
                                   .trusted_sql = visible.trusted_sql,
                                   .for_update = for_update};
    void *row = select_find_within(c, table, key, &within);
    if (row == NULL)
        tern_fail(c, 404, "there is no such %s", r->model->name);
    return row;
}

static tern_reply run_read(tern_ctx *c)
{
    const resource *r = resource_of(c);
    const void *in = tern_bind(c, r->reading);
    resource_included included = resource_read_includes(c, r, r->read_include, in);
    void *row = need_row(c, r, false);
    ask_permission(c, r, TERN_OPERATION_READ, row);
    tern_reply reply = tern_json_of(c, r->model, row, false);
    resource_tag tag = resource_tag_of(r, row, reply.data, reply.len);
    if (reply.status == 200 && included != 0) {
        resource_include(c, r, included, row, 1);
        reply = tern_json_of(c, r->model, row, false);
        resource_tag_add_variant(&tag, reply.data, reply.len);
    }
    return reply.status == 200 ? resource_reply_tagged(c, &tag, reply) : reply;
}

/* -- writing -- */

/** Checks a row that was composed from parts against the model's rules. */
static void must_be_valid(tern_ctx *c, const tern_type *model, const void *row)
{
    tern_faults faults;
    faults_init(&faults, ctx_arena(c));
    bind_need_plan(c, model);
    validate_value(model, row, &body_place, &faults);
    bind_fail_faults(c, &faults);
}

/** Updates the row to what the next client will see: with the effects of defaults, generated columns and
 * triggers, and with values as the engine stores them. Fields without a column do not change. Returns what a
 * read would find. */
static const void *show_stored(tern_ctx *c, const data_table *table, void *row)
{
    tern_arg *key = tern_alloc(c, table->key_count * sizeof *key);
    data_error error;
    for (unsigned i = 0; i < table->key_count; i++)
        if (!data_column_arg(&table->columns[table->keys[i]], row, ctx_arena(c), &key[i], &error))
            data_answer(c, &error, table, NULL);
    void *stored = select_find(c, table, (tern_args){key, table->key_count}, NULL);
    for (unsigned i = 0; i < table->column_count && stored != NULL; i++) {
        const field_plan *f = table->columns[i].plan;
        memcpy(plan_value(f, row), plan_value(f, stored), f->type->size);
        *plan_state(f, row) = *plan_state(f, stored);
    }
    return stored != NULL ? stored : row;
}

static tern_reply run_create(tern_ctx *c)
{
    const resource *r = resource_of(c);
    void *row = tern_bind(c, r->creating);
    ask_permission(c, r, TERN_OPERATION_CREATE, row);
    tern_transaction (c) {
        if (r->options.before_write != NULL)
            r->options.before_write(c, row, NULL);
        resource_need_address(c, r, row);
        tern_insert_of(c, r->model, row, &(tern_write){0});
        resource_put_tag(c, r, show_stored(c, data_need_table(c, r->model), row));
        if (r->options.after_write != NULL)
            r->options.after_write(c, row, NULL);
    }
    return tern_created_of(c, r->model, row, false);
}

/** Copies fields that a client must not set, and a version that was not sent, from the existing row. */
static void keep_unwritable(const tern_type *model, void *row, const void *before)
{
    for (unsigned i = 0; i < model->field_count; i++) {
        const tern_field *field = &model->fields[i];
        uint8_t *state = (uint8_t *)row + field->state_offset;
        bool is_kept = field->read_only || field->created || field->key ||
                       (field->version && *state != TERN_STATE_GIVEN);
        if (!is_kept)
            continue;
        memcpy((char *)row + field->offset, (const char *)before + field->offset, field->type->size);
        *state = ((const uint8_t *)before)[field->state_offset];
    }
}

/** Omitted fields are null from now on, and are shown as null. */
static void null_absent(const data_table *table, void *row)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        uint8_t *state = plan_state(table->columns[i].plan, row);
        if (*state == TERN_STATE_ABSENT && table->columns[i].is_nullable)
            *state = plan_lacking_state(table->columns[i].plan);
    }
}

/** The new row: `before` with the fields that were sent. */
static void *merged(tern_ctx *c, const resource *r, const void *in, const void *before)
{
    const tern_type *model = r->model;
    char *row = tern_alloc(c, model->size);
    memcpy(row, before, model->size);
    for (unsigned i = 0; i < model->field_count; i++) {
        const tern_field *field = &model->fields[i];
        uint8_t state = ((const uint8_t *)in)[field->state_offset];
        if (field->key || field->read_only || (state != TERN_STATE_GIVEN && state != TERN_STATE_NULL))
            continue;
        memcpy(row + field->offset, (const char *)in + field->offset, field->type->size);
        row[field->state_offset] = (char)(state == TERN_STATE_NULL ? TERN_STATE_NULL : TERN_STATE_VALUE);
    }
    must_be_valid(c, model, row);
    return row;
}

/** Writes the existing row with the changes in `in`. */
static tern_reply write_row(tern_ctx *c, const resource *r, tern_operation operation, void *in)
{
    void *row = in;
    tern_transaction (c) {
        const void *before = need_row(c, r, true);
        ask_permission(c, r, operation, before);
        resource_need_match(c, r, before);
        if (operation == TERN_OPERATION_CHANGE) {
            row = merged(c, r, in, before);
        } else {
            keep_unwritable(r->model, row, before);
            null_absent(data_need_table(c, r->model), row);
        }
        if (r->options.before_write != NULL)
            r->options.before_write(c, row, before);
        if (!tern_update_of(c, r->model, row, &(tern_write){0}))
            tern_fail(c, 404, "there is no such %s", r->model->name);
        const void *stored = show_stored(c, data_need_table(c, r->model), row);
        if (operation == TERN_OPERATION_CHANGE) /* RFC 9110 section 9.3.4: a PUT does not return an ETag */
            resource_put_tag(c, r, stored);
        if (r->options.after_write != NULL)
            r->options.after_write(c, row, before);
    }
    return tern_json_of(c, r->model, row, false);
}

static tern_reply run_replace(tern_ctx *c)
{
    const resource *r = resource_of(c);
    return write_row(c, r, TERN_OPERATION_REPLACE, tern_bind(c, r->replacing));
}

static tern_reply run_change(tern_ctx *c)
{
    const resource *r = resource_of(c);
    return write_row(c, r, TERN_OPERATION_CHANGE, tern_bind(c, r->changing));
}

static tern_reply run_remove(tern_ctx *c)
{
    const resource *r = resource_of(c);
    const data_table *table = data_need_table(c, r->model);
    tern_bind(c, r->key);
    tern_transaction (c) {
        const void *row = need_row(c, r, true);
        ask_permission(c, r, TERN_OPERATION_REMOVE, row);
        resource_need_match(c, r, row);
        if (r->options.before_remove != NULL)
            r->options.before_remove(c, row);
        tern_remove_of(c, r->model, key_in_path(c, r, table));
        if (r->options.after_remove != NULL)
            r->options.after_remove(c, row);
    }
    return tern_no_content(c);
}

/* -- lists -- */

static void *asked(const tern_field *field, const void *in)
{
    return (char *)(uintptr_t)in + field->offset;
}

static bool is_given(const tern_field *field, const void *in)
{
    return ((const uint8_t *)in)[field->state_offset] == TERN_STATE_GIVEN;
}

/** The number of values in a selection's condition. */
static unsigned values_of(tern_ctx *c, const tern_selection *s)
{
    const filters_given *given = filters_read(c, &s->args, &s->filters);
    return given != NULL ? given->args.count : s->args.count;
}

/** A filter of the query; 422 when a statement has no room for its value. */
static tern_filter filter_of(tern_ctx *c, const resource *r, const data_table *table, unsigned number,
                             const void *in, unsigned *values)
{
    const tern_field *field = &r->asking->fields[number];
    const char *name = r->filters[number]->name;
    tern_arg *arg = tern_alloc(c, sizeof *arg);
    data_error error;
    if ((*values)++ == STATEMENT_ARGS_MOST)
        bind_fail_at(c, "query", field->json != NULL ? field->json : field->name, "too_many",
                     "exceeds the maximum number of filters");
    data_column column = *data_table_column(table, name, strlen(name));
    column.plan = &plan_of(r->asking)->fields[number];
    if (!data_column_arg(&column, in, ctx_arena(c), arg, &error))
        data_answer(c, &error, table, NULL);
    return (tern_filter){r->filter_texts[number], {arg, 1}};
}

/** Selects the visible rows that match the query. */
static void add_filters(tern_ctx *c, const resource *r, const data_table *table, const void *in,
                        tern_selection *s)
{
    const tern_selection visible = visible_of(c, r);
    tern_filter *filters = tern_alloc(c, (r->filter_count + 1) * sizeof *filters);
    tern_arg *group = tern_alloc(c, sizeof *group);
    unsigned count = 0, values = values_of(c, &visible);
    *group = tern_arg_filters(visible.filters);
    filters[count++] = (tern_filter){NULL, {group, 1}};
    for (unsigned i = 0; i < r->filter_count; i++)
        if (is_given(&r->asking->fields[i], in))
            filters[count++] = filter_of(c, r, table, i, in, &values);
    s->where = visible.where;
    s->args = visible.args;
    s->filters = (tern_filters){.items = filters, .count = count};
    s->trusted_sql = visible.trusted_sql;
}

/** The words to search for; NULL without any, as with an empty form field. */
static const char *searched(const resource *r, const void *in)
{
    const char *words = r->search != NULL && is_given(r->search, in) ? *(char **)asked(r->search, in) : NULL;
    return words != NULL && words[strspn(words, " ")] != '\0' ? words : NULL;
}

/** The column of the field with this public name; NULL when clients see no such field. */
static const data_column *column_shown(const resource *r, const data_table *table, const char *name,
                                       size_t len)
{
    int number = plan_find(plan_of(r->model), name, len);
    const tern_field *field = number >= 0 ? &r->model->fields[number] : NULL;
    return field != NULL && !field->write_only ? data_table_column(table, field->name, strlen(field->name))
                                               : NULL;
}

/** "-created,title" as "created desc, title"; 422 when one is not a visible field. */
static const char *order_of(tern_ctx *c, const resource *r, const data_table *table, const void *in)
{
    const char *text = *(const char *const *)asked(r->order, in), *order = "";
    if (!is_given(r->order, in) || *text == '\0')
        return searched(r, in) != NULL ? NULL : r->options.order_by;
    for (const char *at = text; *at != '\0';) {
        bool is_descending = *at == '-';
        at += is_descending;
        size_t len = strcspn(at, ",");
        const data_column *column = column_shown(r, table, at, len);
        if (column == NULL)
            bind_fail_at(c, "query", "order", "not_a_field",
                         "must be fields of the model, as in \"-created,title\"");
        order = tern_sprintf(c, "%s%s%s%s", order, *order != '\0' ? ", " : "", column->plan->field->name,
                             is_descending ? " desc" : "");
        at += len;
        at += *at == ',';
    }
    return order;
}

/** Keeps only the fields named by "id,title" in every item, and the requested relations. */
static void keep_fields(tern_ctx *c, const resource *r, const void *in, resource_included included,
                        tern_bool_list *list)
{
    const char *text = *(const char *const *)asked(r->fields, in);
    const tern_type *model = r->model;
    if (!is_given(r->fields, in) || *text == '\0')
        return; /* an empty value counts as absent, like an empty form field; so does an empty order */
    uint8_t *is_kept = tern_alloc(c, model->field_count);
    for (unsigned i = 0; i < r->include_count; i++)
        is_kept[r->includes[i] - model->fields] = (included >> i & 1) != 0;
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, ",");
        int number = plan_find(plan_of(model), at, len);
        if (number < 0)
            bind_fail_at(c, "query", "fields", "not_a_field",
                         "must be fields of the model, as in \"id,title\"");
        is_kept[number] = 1;
        at += len;
        at += *at == ',';
    }
    for (size_t i = 0; i < list->count; i++)
        for (unsigned f = 0; f < model->field_count; f++)
            if (!is_kept[f])
                ((uint8_t *)list->items)[i * model->size + model->fields[f].state_offset] = TERN_STATE_ABSENT;
}

/** The requested page: by its number, or the one after a cursor. */
static tern_paging paging_of(tern_ctx *c, const resource *r, const void *in)
{
    const char *after = is_given(r->after, in) ? *(char **)asked(r->after, in) : "";
    if (*after != '\0' && is_given(r->page, in))
        bind_fail_at(c, "query", "after", "not_with_page", "cannot go with the number of a page");
    return (tern_paging){.size = *(int32_t *)asked(r->size, in),
                         .page = *after == '\0' ? *(int32_t *)asked(r->page, in) : 0,
                         .after = after};
}

static tern_reply run_list(tern_ctx *c)
{
    const resource *r = resource_of(c);
    const void *in = tern_bind(c, r->asking);
    const data_table *table = data_need_table(c, r->model);
    tern_selection selection = {0};
    ask_permission(c, r, TERN_OPERATION_LIST, NULL);
    add_filters(c, r, table, in, &selection);
    const char *words = searched(r, in);
    selection.order_by = order_of(c, r, table, in);
    resource_included included = resource_read_includes(c, r, r->list_include, in);
    tern_paging paging = paging_of(c, r, in);
    tern_bool_list *list = page_select(c, table, words, &paging, &selection);
    resource_include(c, r, included, list->items, list->count);
    keep_fields(c, r, in, included, list);
    tern_reply reply = tern_page_found(c, r->list, list, &paging, false);
    const resource_tag tag = resource_tag_of_list(reply.data, reply.len);
    return reply.status == 200 ? resource_reply_tagged(c, &tag, reply) : reply;
}

const resource *data_resource_listed(const route *from)
{
    return from->handler.run == run_list ? from->handler.arg : NULL;
}

/* -- registering -- */

static const struct {
    const char *method;
    tern_reply (*run)(tern_ctx *c);
    const char *name, *summary; /* %s: the model's name */
    bool is_of_one;
    int status;
} operations[TERN_OPERATIONS] = {
    [TERN_OPERATION_LIST] = {"GET", run_list, "list_%s", "List %s rows, page by page", false, 200},
    [TERN_OPERATION_CREATE] = {"POST", run_create, "create_%s", "Create %s", false, 201},
    [TERN_OPERATION_READ] = {"GET", run_read, "get_%s", "Read %s", true, 200},
    [TERN_OPERATION_REPLACE] = {"PUT", run_replace, "replace_%s", "Replace %s", true, 200},
    [TERN_OPERATION_CHANGE] = {"PATCH", run_change, "change_%s", "Change fields of %s", true, 200},
    [TERN_OPERATION_REMOVE] = {"DELETE", run_remove, "remove_%s", "Delete %s", true, 204},
};

static tern_type *input_of(const resource *r, tern_operation operation)
{
    tern_type *const inputs[TERN_OPERATIONS] = {r->asking,    r->creating, r->reading,
                                                r->replacing, r->changing, r->key};
    return inputs[operation];
}

static const char *words(tern_app *app, const char *format, const char *name)
{
    const char *at = strstr(format, "%s");
    return arena_printf(&app->arena, "%.*s%s%s", (int)(at - format), format, name, at + 2);
}

static unsigned count_needs(const tern_provider *const *list)
{
    unsigned count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

/** The requirement of an operation; NULL without one, or without memory, which app_compile reports. */
static const tern_provider *const *needs_of(tern_app *app, const tern_resource_options *o,
                                            tern_operation operation)
{
    bool writes = operation != TERN_OPERATION_LIST && operation != TERN_OPERATION_READ;
    unsigned always = count_needs(o->needs), more = writes ? count_needs(o->needs_to_write) : 0;
    const tern_provider **needs =
        always + more != 0 ? app_keep(app, (always + more + 1) * sizeof *needs) : NULL;
    if (needs == NULL)
        return NULL;
    if (always != 0)
        memcpy(needs, o->needs, always * sizeof *needs);
    if (more != 0)
        memcpy(needs + always, o->needs_to_write, more * sizeof *needs);
    return needs;
}

/** The permissions of an operation; NULL without any, or without memory, which app_compile reports. */
static const char *requires_of(tern_app *app, const tern_resource_options *o, bool writes)
{
    const char *always = o->requires, *more = writes ? o->requires_to_write : NULL;
    if (always == NULL || more == NULL)
        return always != NULL ? always : more;
    const char *both = arena_printf(&app->arena, "%s, %s", always, more);
    app->memory_short |= both == NULL;
    return both;
}

static void add_operation(tern_group *group, const char *pattern, const resource *r, tern_operation operation)
{
    tern_app *app = group->app;
    const tern_resource_options *o = &r->options;
    bool is_list = operation == TERN_OPERATION_LIST;
    bool is_write = operation >= TERN_OPERATION_REPLACE; /* of an existing row */
    const char *whole = operations[operation].is_of_one
                            ? arena_printf(&app->arena, "%s%s", pattern, resource_key_pattern(app, r))
                            : pattern;
    const tern_handler handler = {.name = words(app, operations[operation].name, r->model->name),
                                  .run = operations[operation].run,
                                  .file = o->file,
                                  .line = o->line,
                                  .input = input_of(r, operation),
                                  .arg = r};
    const tern_route_options options = {
        .file = o->file,
        .line = o->line,
        .use = o->use,
        .needs = needs_of(app, o, operation),
        .requires = requires_of(app, o, operation != TERN_OPERATION_LIST && operation != TERN_OPERATION_READ),
        .tags = o->tags,
        .security = o->security,
        .allow_encoded_slashes = o->allow_encoded_slashes,
        .summary = words(app, operations[operation].summary, r->model->name),
        .returns = operation == TERN_OPERATION_REMOVE ? NULL
                   : is_list                          ? r->list
                                                      : r->model,
        .paged = is_list,
        .total = is_list ? o->total : TERN_TOTAL_EXACT,
        .page_names = is_list ? o->page_names : (tern_page_names){0},
        .etag = operation != TERN_OPERATION_REPLACE && operation != TERN_OPERATION_REMOVE,
        .if_match = is_write,
        .need_if_match = is_write && o->need_if_match,
        .partial = is_list, /* ?fields= */
        .status = operations[operation].status,
    };
    if (whole == NULL || handler.name == NULL || options.summary == NULL)
        app->memory_short = true;
    else
        tern_route(group, operations[operation].method, whole, &handler, &options);
}

/** "id": the default order of a list. */
static const char *key_order(tern_app *app, const tern_type *model)
{
    const char *order = "";
    for (unsigned i = 0; i < model->field_count && order != NULL; i++)
        if (model->fields[i].key)
            order =
                arena_printf(&app->arena, "%s%s%s", order, *order != '\0' ? ", " : "", model->fields[i].name);
    return order;
}

static bool check(void *arg, buf *problems)
{
    return resource_check_includes(arg, problems);
}

void tern_resource_of(tern_group *group, const char *pattern, tern_type *model,
                      const tern_resource_options *options)
{
    tern_app *app = group->app;
    resource *r = app_keep(app, sizeof *r);
    if (r == NULL)
        return; /* recorded: app_compile reports it */
    r->model = model;
    r->options = *options;
    if (r->options.size == 0)
        r->options.size = SIZE;
    if (r->options.most_size == 0)
        r->options.most_size = MOST_SIZE > r->options.size ? MOST_SIZE : r->options.size;
    const char *order = options->order_by != NULL ? options->order_by : key_order(app, model);
    r->options.order_by = order != NULL ? statement_keep_text(order) : NULL;
    r->options.includes = app_keep_text(app, options->includes);
    r->options.file = app_keep_text(app, options->file);
    app_add_hook(app, &(app_hook){.prepare = check, .arg = r});
    if (!resource_make_types(app, r) || r->options.order_by == NULL) {
        app->memory_short = true;
        return;
    }
    for (tern_operation operation = 0; operation < TERN_OPERATIONS; operation++)
        if (!options->leave_out[operation])
            add_operation(group, pattern, r, operation);
}
