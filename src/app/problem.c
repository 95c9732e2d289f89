/** Errors as replies: problem details (RFC 9457). */
#include "app/bind/bind.h"
#include "app/problem_shape.h"
#include "app/problem_type.h"
#include "base/buf.h"
#include "base/text.h"

#include <tern/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ctx_route_label(tern_ctx *c, char *out, size_t size)
{
    const char *method = http_method_name(c->x->request->method);
    const route *r = c->match.route;
    snprintf(out, size, "%s %s", method[0] != '\0' ? method : "(other)",
             r != NULL ? r->pattern : "(no route)");
    return out;
}

/* -- the reply of a problem -- */

/** The faults as a JSON array in the request's memory; NULL if there are none, or when out of memory. */
static const char *faults_text(tern_ctx *c, const tern_problem *problem)
{
    if (problem->fault_count == 0)
        return NULL;
    buf text = {0};
    bool fits = faults_print_json(problem->faults, problem->fault_count, &text);
    const char *kept = fits ? arena_text(ctx_arena(c), text.data, text.len) : NULL;
    buf_free(&text);
    return kept;
}

static void add_member(buf *out, const char *key, const char *text)
{
    buf_add_text(out, key);
    buf_add_json(out, text, strlen(text));
    buf_add_text(out, "\"");
}

tern_reply ctx_problem_details(tern_ctx *c, const tern_problem *problem)
{
    static const char no_memory[] = "{\"type\":\"about:blank\",\"title\":\"Error\"}";
    const char *title = problem->title != NULL ? problem->title : http_status_text(problem->status);
    const char *type = problem->type != NULL ? problem->type : "about:blank";
    const char *detail = problem->detail, *errors = faults_text(c, problem);
    tern_reply reply = {.status = problem->status, .type = "application/problem+json"};
    size_t texts = strlen(title) + strlen(type) + (detail != NULL ? strlen(detail) : 0);
    const char *members = problem->members_json; /* an object */
    size_t members_len = members != NULL ? strlen(members) : 0;
    size_t size = 128 + texts * TEXT_JSON_BYTES + (errors != NULL ? strlen(errors) : 0) + members_len;
    char *room = arena_alloc(ctx_arena(c), size);
    if (room == NULL) {
        reply.data = no_memory;
        reply.len = sizeof no_memory - 1;
        return reply;
    }
    buf body = {.data = room, .cap = size, .limit = size - 1}; /* lent: it never grows */
    add_member(&body, "{\"type\":\"", type);
    add_member(&body, ",\"title\":\"", title);
    buf_add_printf(&body, ",\"status\":%d", problem->status);
    if (detail != NULL)
        add_member(&body, ",\"detail\":\"", detail);
    if (errors != NULL) {
        buf_add_text(&body, ",\"errors\":");
        buf_add_text(&body, errors);
    }
    if (members_len > 2) { /* without its braces */
        buf_add_text(&body, ",");
        buf_add(&body, members + 1, members_len - 2);
    }
    buf_add_text(&body, "}");
    reply.data = body.data;
    reply.len = body.len;
    return reply;
}

/** Stores a problem with its reply; NULL when out of memory. */
static ctx_told *make_told(tern_ctx *c, const tern_problem *problem)
{
    ctx_told *told = arena_alloc(ctx_arena(c), sizeof *told);
    if (told != NULL)
        told->problem = *problem;
    return told;
}

static tern_reply note(tern_ctx *c, ctx_told *told, const tern_problem *problem, tern_reply reply)
{
    c->scope.problem_status = problem->status;
    c->scope.problem_detail = problem->detail;
    if (told != NULL)
        told->reply = reply;
    c->told = told;
    return reply;
}

tern_reply ctx_problem_of(tern_ctx *c, const tern_problem *problem)
{
    tern_problem named = *problem;
    tern_reply reply;
    if (named.title == NULL)
        named.title = http_status_text(named.status);
    ctx_told *told = make_told(c, &named);
    const tern_problem *kept = told != NULL ? &told->problem : &named;
    const problem_shaper *shaper = c->app->shaper;
    if (c->is_shaping)
        c->is_misshapen = true;
    if (shaper == NULL || !shaper->shape(c, kept, &reply))
        reply = ctx_problem_details(c, kept);
    return note(c, told, kept, reply);
}

tern_reply ctx_problem(tern_ctx *c, int status, const char *detail)
{
    return ctx_problem_of(c, &(tern_problem){.status = status, .detail = detail});
}

const tern_problem *tern_problem_of(tern_ctx *c, const tern_reply *reply)
{
    if (c->scope.problem_status == 0 || c->told == NULL)
        return NULL;
    const tern_reply *own = &c->told->reply; /* its status may have changed */
    bool is_same = own->kind == reply->kind && own->type == reply->type && own->data == reply->data &&
                   own->len == reply->len && own->write == reply->write && own->arg == reply->arg;
    return is_same ? &c->told->problem : NULL;
}

/* -- problems of handlers and middleware -- */

static int error_status(tern_ctx *c, int status)
{
    if (status >= 400 && status <= 599)
        return status;
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s failed with status %d, which is not an error status; 500 is sent",
             ctx_route_label(c, label, sizeof label), status);
    return 500;
}

static const char *keep_text(tern_ctx *c, const char *text)
{
    return text != NULL ? ctx_text(c, (tern_str){text, strlen(text)}) : NULL;
}

/** A copy in the request's memory, with everything it points to: the caller's memory may be freed or
 * reused. */
static const tern_problem *keep_problem(tern_ctx *c, const tern_problem *problem)
{
    tern_problem *kept = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *kept));
    tern_fault *faults = ctx_need(c, arena_alloc(ctx_arena(c), (problem->fault_count + 1) * sizeof *faults));
    for (size_t i = 0; i < problem->fault_count; i++) {
        const tern_fault *f = &problem->faults[i];
        faults[i] = (tern_fault){.source = keep_text(c, f->source != NULL ? f->source : "body"),
                                 .field = keep_text(c, f->field != NULL ? f->field : ""),
                                 .code = keep_text(c, f->code != NULL ? f->code : "wrong"),
                                 .message = keep_text(c, f->message != NULL ? f->message : ""),
                                 .limit_name = keep_text(c, f->limit_name),
                                 .limit = keep_text(c, f->limit),
                                 .location = keep_text(c, f->location)};
    }
    const problem_type *known =
        problem->type != NULL ? problem_type_find(c->app, (tern_str){problem->type, strlen(problem->type)})
                              : NULL;
    int status = problem->status == 0 && known != NULL ? known->status : problem->status;
    *kept = (tern_problem){
        .status = error_status(c, status),
        .type = keep_text(c, problem->type),
        .title = problem->title == NULL && known != NULL ? known->title : keep_text(c, problem->title),
        .members_json = problem->print_members != NULL
                            ? problem->print_members(c, problem->members_type, problem->members)
                            : keep_text(c, problem->members_json),
        .detail = keep_text(c, problem->detail),
        .faults = problem->fault_count != 0 ? faults : NULL,
        .fault_count = problem->fault_count};
    return kept;
}

tern_reply tern_problem_reply(tern_ctx *c, const tern_problem *problem)
{
    return c->is_shaping ? tern_problem_details(c, problem) : ctx_problem_of(c, keep_problem(c, problem));
}

tern_reply tern_problem_details(tern_ctx *c, const tern_problem *problem)
{
    tern_problem kept = *keep_problem(c, problem);
    if (kept.title == NULL)
        kept.title = http_status_text(kept.status);
    return note(c, make_told(c, &kept), &kept, ctx_problem_details(c, &kept));
}

/* -- failing -- */

/** `problem`: more than status and detail; may be NULL. */
static _Noreturn void fail(tern_ctx *c, int status, const char *detail, const tern_problem *problem,
                           const http_field *field)
{
    status = error_status(c, status);
    scope_before_throw(); /* now: a task that fails while it is ended must not replace this problem
                              */
    if (c->scope.problem_status == 0)
        c->told = NULL;
    c->scope.problem_status = status;
    c->scope.problem_detail = detail;
    c->problem = problem;
    c->problem_field = field;
    unwind_throw(UNWIND_FAIL);
}

void ctx_fail(tern_ctx *c, int status, const char *detail)
{
    fail(c, status, detail, NULL, NULL);
}

void ctx_leave_for(tern_ctx *c, const char *location)
{
    http_field *field = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *field));
    *field = (http_field){.name = "Location", .value = location};
    scope_before_throw();
    c->scope.problem_status = 303;
    c->scope.problem_detail = NULL;
    c->problem = NULL;
    c->problem_field = field;
    c->told = NULL;
    unwind_throw(UNWIND_FAIL);
}

void ctx_fail_faults(tern_ctx *c, int status, const char *detail, const tern_fault *faults, size_t count)
{
    tern_problem *problem = count != 0 ? arena_alloc(ctx_arena(c), sizeof *problem) : NULL;
    if (problem != NULL)
        *problem = (tern_problem){.faults = faults, .fault_count = count};
    fail(c, status, detail, problem, NULL);
}

void ctx_fail_field(tern_ctx *c, int status, const char *detail, const http_field *field)
{
    http_field *kept = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *kept));
    *kept = *field;
    fail(c, status, detail, NULL, kept);
}

void tern_fail(tern_ctx *c, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *detail = arena_vprintf(ctx_arena(c), NULL, format, args);
    va_end(args);
    ctx_fail(c, status, detail != NULL ? detail : "out of memory for the details");
}

void tern_fail_with(tern_ctx *c, const tern_problem *problem)
{
    const tern_problem *kept = keep_problem(c, problem);
    fail(c, kept->status, kept->detail, kept, NULL);
}

/** The key that contains the fields of this request's JSON body; NULL if none. */
static const char *wrapper_of(tern_ctx *c)
{
    const bind_plan *plan = c->match.route != NULL ? c->match.route->bind : NULL;
    return plan != NULL && c->is_json_read ? plan->wrapper : NULL;
}

void ctx_place_fault(tern_ctx *c, tern_fault *told)
{
    const char *wrapper = wrapper_of(c);
    if (wrapper == NULL || told->field == NULL || strcmp(told->source, "body") != 0)
        return;
    buf text = {0};
    buf_add_text(&text, "[\"body\",\"");
    buf_add_json(&text, wrapper, strlen(wrapper));
    buf_add_text(&text, "\",\"");
    buf_add_json(&text, told->field, strlen(told->field));
    buf_add_text(&text, "\"]");
    const char *field = arena_printf(ctx_arena(c), "%s.%s", wrapper, told->field);
    const char *location = !text.failed ? arena_text(ctx_arena(c), text.data, text.len) : NULL;
    buf_free(&text);
    if (field == NULL || location == NULL) /* out of memory: its place is less exact */
        return;
    told->field = field;
    told->location = location;
}

/** Finds the source of a field of the handler's input, and its name there. */
static void find_field(tern_ctx *c, const char *name, tern_fault *told)
{
    const bind_plan *plan = c->match.route != NULL ? c->match.route->bind : NULL;
    *told = (tern_fault){.source = "body", .field = name};
    for (unsigned i = 0; plan != NULL && name != NULL && i < plan->type->field_count; i++) {
        const field_plan *f = &plan_of(plan->type)->fields[i];
        if (strcmp(f->field->name, name) == 0)
            told->field = f->key;
    }
    for (unsigned i = 0; plan != NULL && name != NULL && i < plan->count; i++) {
        const bind_field *field = &plan->fields[i];
        if (strcmp(field->f->field->name, name) != 0 && strcmp(field->name, name) != 0)
            continue;
        told->source = bind_source_names[field->source];
        told->field = field->name;
    }
    ctx_place_fault(c, told);
}

void tern_fail_field(tern_ctx *c, int status, const char *field, const char *code, const char *format, ...)
{
    tern_fault told;
    find_field(c, field, &told);
    va_list args;
    va_start(args, format);
    told.message = ctx_need(c, arena_vprintf(ctx_arena(c), NULL, format, args));
    va_end(args);
    told.code = code;
    tern_fail_with(c, &(tern_problem){
                          .status = status, .detail = "1 value is wrong", .faults = &told, .fault_count = 1});
}

/* -- by field -- */

/** The field of a fault, without the key that contains the whole body: the name that users know. */
static const char *field_of(tern_ctx *c, const tern_fault *told)
{
    const char *wrapper = wrapper_of(c), *field = told->field != NULL ? told->field : "";
    size_t len = wrapper != NULL ? strlen(wrapper) : 0;
    bool is_body = told->source == NULL || strcmp(told->source, "body") == 0;
    return len != 0 && is_body && strncmp(field, wrapper, len) == 0 && field[len] == '.' ? field + len + 1
                                                                                         : field;
}

static tern_text_list *messages_of(tern_text_list_map *map, const char *field)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->entries[i].key, field) == 0)
            return &map->entries[i].value;
    tern_text_list_entry *added = &map->entries[map->count++];
    *added = (tern_text_list_entry){.key = field};
    return &added->value;
}

tern_text_list_map tern_problem_by_field(tern_ctx *c, const tern_problem *problem)
{
    const char *about_all = problem->detail != NULL  ? problem->detail
                            : problem->title != NULL ? problem->title
                                                     : http_status_text(problem->status);
    const tern_fault whole = {.field = "", .message = about_all};
    bool has_faults = problem->fault_count != 0;
    const tern_fault *faults = has_faults ? problem->faults : &whole;
    size_t count = has_faults ? problem->fault_count : 1;
    tern_text_list_map map = {.entries = tern_alloc(c, count * sizeof *map.entries)};
    for (size_t i = 0; i < count; i++) {
        tern_text_list *messages = messages_of(&map, field_of(c, &faults[i]));
        if (messages->items == NULL)
            messages->items = tern_alloc(c, (count - i) * sizeof *messages->items);
        messages->items[messages->count++] = faults[i].message != NULL ? faults[i].message : "";
    }
    return map;
}
