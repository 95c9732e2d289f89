/**
 * Reads a request into the input model of its handler.
 *
 * The source of each field is decided once, at start, in a plan for each route. A request is then read source
 * by source; the faults of all sources are collected and reported together.
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
    /** The type of the body: the model itself, or, when some fields have another source or are never set by
     * clients, a twin of it with only the other fields. NULL: no field comes from the body. */
    const tern_type *body;
    const char *wrapper;   /* the key that contains the body in JSON; NULL: none */
    const tern_type *json; /* the type of a JSON body: `body`, or an object that contains it */
    size_t size;           /* bytes of the model, and what `json` notes after it */
    bind_field *fields;    /* fields that are not from the body, in order of declaration */
    unsigned count;
    bool has_query;
    bool has_uploads; /* the body is a multipart form, read as it arrives */
    bool is_body_required;
} bind_plan;

/** Makes the plan of a route for the input of its handler or, if given, of a provider that it needs; NULL
 * with lines in `problems`. The plan and its texts are in `a`. (plan.c) */
const bind_plan *bind_plan_make(arena *a, const route *r, const tern_provider *provider, buf *problems);
/** Prepares a type that a route returns, and the key around it, whose text is in `a`; false with lines in
 * `problems`. (plan.c) */
bool bind_prepare_returns(arena *a, route *r, buf *problems);
/** The media types that the input of a QUERY route is read from, as Accept-Query; NULL if the route has another
 * method, or its input no body, unless .accept_query says it. (plan.c) */
const char *bind_accept_query(const route *r);
/** The mistake in a key around a body; NULL if none. (wrap.c) */
const char *bind_wrap_wrong(const char *key);
/** Makes plan->json of plan->body and plan->wrapper; false with lines in `problems`. (wrap.c) */
bool bind_wrap_make(bind_plan *plan, buf *problems);
/** Frees the results of bind_wrap_make. (wrap.c) */
void bind_wrap_forget(void);
/** Frees the twins of models (tests under leak checkers); after schema_forget. (plan.c) */
void bind_forget(void);

/** "path", "query", ... by tern_source. (plan.c) */
extern const char bind_source_names[][8];

/** The state of reading one request. */
typedef struct binding {
    tern_ctx *c;
    const bind_plan *plan;
    void *model;
    tern_faults faults;
} binding;

/** One text given for a field, in the request's memory, NUL-terminated. */
typedef struct bind_text {
    struct bind_text *next;
    tern_str text;
    const tern_upload *upload; /* a file instead of text; NULL otherwise */
} bind_text;

/** All texts given for one field. */
typedef struct bind_texts {
    bind_text *first, *last;
    unsigned count;
} bind_texts;

/** Adds a text; fails the request when out of memory. (value.c) */
void bind_texts_add(tern_ctx *c, bind_texts *texts, tern_str text, const tern_upload *upload);
/** Makes the field's value from the texts given for it: its fallback or zero when there are none. `above` is
 * the source ("query"), `name` is the field's name there. (value.c) */
void bind_field_texts(binding *b, const field_plan *f, const bind_texts *texts, const place *above,
                      const char *name);

/** Reads the body into the model. (body.c) */
void bind_body(binding *b);
/** Reads a form's fields into the model, one for each field of plan->body. (body.c) */
void bind_form_fields(binding *b, const bind_texts *given);
/** The number of the body's field of that name; -1 when there is no such field (a fault, unless the model
 * ignores unknown ones) or clients cannot set it. (body.c) */
int bind_form_field(binding *b, tern_str name);
/** Reads a multipart body, whole or as it arrives. (multipart.c) */
void bind_multipart(binding *b, tern_str content_type);
/** The body, which must be JSON, as a value of `type`; fails as tern_bind does. (body.c) */
void *bind_json_body(tern_ctx *c, const tern_type *type);

/** Ends the request with 422 and all faults. Returns when there are none. (bind.c) */
void bind_fail_faults(tern_ctx *c, const tern_faults *faults);
/** Ends the request with 422 and one fault, of `name` in `source` ("query", "body"); texts are literals or in
 * the request's memory. (bind.c) */
_Noreturn void bind_fail_at(tern_ctx *c, const char *source, const char *name, const char *code,
                            const char *message);
/** Fails with 500 and a line in the log when `type` has mistakes; otherwise it is prepared. (bind.c) */
void bind_need_plan(tern_ctx *c, const tern_type *type);

#endif
