/**
 * From a request to the input model of its handler.
 *
 * What comes from where is decided once, at start, in a plan for each route. A request is then read source by
 * source; every fault of all of them is gathered, and answered at once.
 */
#ifndef APP_BIND_H
#define APP_BIND_H

#include "app/ctx.h"
#include "schema/faults.h"
#include "schema/plan/plan.h"

enum { BIND_FIELDS_MAX = 128 };

/** A field that does not come from the body. */
typedef struct bind_field {
    const field_plan *f;
    tern_source source;
    const char *name; /* in that source: "user_agent" is the header "user-agent" */
    uint32_t name_len;
    unsigned param; /* TERN_FROM_PATH: which of the route's parameters */
} bind_field;

typedef struct bind_plan {
    const tern_type *type;
    /** What the body is read as: the model itself, or, when some fields come from elsewhere or are never the
     * client's to give, a twin of it with the other fields only. NULL: nothing comes from the body. */
    const tern_type *body;
    const char *wrapper;   /* the key that JSON has the body under; NULL: none */
    const tern_type *json; /* what a JSON body is read as: `body`, or an object that holds it */
    size_t size;           /* bytes of the model, and what `json` notes after it */
    bind_field *fields;    /* those that are not the body's: in order of declaration */
    unsigned count;
    bool has_query;
    bool has_uploads; /* the body is a multipart form, read as it comes */
    bool is_body_required;
} bind_plan;

/** Makes the plan of a route for the input of its handler or, with one, of a provider that it needs; NULL with
 * lines in `problems`. Texts and the plan are in `a`. (plan.c) */
const bind_plan *bind_plan_make(arena *a, const route *r, const tern_provider *provider, buf *problems);
/** Prepares a type that a route returns, and the key around it, whose text lies in `a`; false with lines in
 * `problems`. (plan.c) */
bool bind_prepare_returns(arena *a, route *r, buf *problems);
/** What is wrong with a key around a body; NULL when nothing is. (wrap.c) */
const char *bind_wrap_wrong(const char *key);
/** Makes plan->json of plan->body and plan->wrapper; false with lines in `problems`. (wrap.c) */
bool bind_wrap_make(bind_plan *plan, buf *problems);
/** Takes back what bind_wrap_make has made. (wrap.c) */
void bind_wrap_forget(void);
/** Takes back what was made for models whose body is a part of them (tests under leak checkers); after
 * schema_forget. (plan.c) */
void bind_forget(void);

/** "path", "query", ... by tern_source. (plan.c) */
extern const char bind_source_names[][8];

/** The reading of one request. */
typedef struct binding {
    tern_ctx *c;
    const bind_plan *plan;
    void *model;
    tern_faults faults;
} binding;

/** One text that was given for a field, in the request's memory, NUL-terminated. */
typedef struct bind_text {
    struct bind_text *next;
    tern_str text;
    const tern_upload *upload; /* a file in place of text; NULL otherwise */
} bind_text;

/** All that was given for one field. */
typedef struct bind_texts {
    bind_text *first, *last;
    unsigned count;
} bind_texts;

/** Adds one; fails the request when out of memory. (value.c) */
void bind_texts_add(tern_ctx *c, bind_texts *texts, tern_str text, const tern_upload *upload);
/** Makes the field's value of what was given for it: its fallback or zero when that is nothing. `above` is
 * the source ("query"), `name` what the field is called there. (value.c) */
void bind_field_texts(binding *b, const field_plan *f, const bind_texts *texts, const place *above,
                      const char *name);

/** Reads the body into the model. (body.c) */
void bind_body(binding *b);
/** Reads a form's fields into the model, one for each field of plan->body. (body.c) */
void bind_form_fields(binding *b, const bind_texts *given);
/** The number of the body's field of that name; -1 when it is no field (a fault, unless the model ignores
 * them) or not the client's to give. (body.c) */
int bind_form_field(binding *b, tern_str name);
/** Reads a multipart body, whole or as it comes. (multipart.c) */
void bind_multipart(binding *b, tern_str content_type);
/** The body, which must be JSON, as a value of `type`; fails as tern_bind does. (body.c) */
void *bind_json_body(tern_ctx *c, const tern_type *type);

/** Ends the request with what is wrong with it: 422 with every fault. Returns when there is none.
 * (bind.c) */
void bind_fail_faults(tern_ctx *c, const tern_faults *faults);
/** Ends the request with 422 and one fault, that of `name` in `source` ("query", "body"); texts are literals or the
 * request's. (bind.c) */
_Noreturn void bind_fail_at(tern_ctx *c, const char *source, const char *name, const char *code,
                            const char *message);
/** Fails with 500 and a line in the log when `type` has mistakes; otherwise it is prepared. (bind.c) */
void bind_need_plan(tern_ctx *c, const tern_type *type);

#endif
