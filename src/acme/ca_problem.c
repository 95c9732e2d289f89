/** Problem documents of the authority (RFC 7807 and RFC 8555 section 6.7), in words. */
#include "acme/ca.h"

#include "schema/json/json.h"

#include <stdio.h>
#include <string.h>

enum { SUBPROBLEMS_SHOWN = 5 };

TERN_MODEL_WITH(ProblemName, (.ignore_unknown = true),
    (const char *, value, .optional = true))

TERN_MODEL_WITH(Subproblem, (.ignore_unknown = true),
    (const char *, type, .optional = true),
    (const char *, detail, .optional = true),
    (ProblemName, identifier, .optional = true))

TERN_MODEL_WITH(Problem, (.ignore_unknown = true),
    (const char *, type, .optional = true),
    (const char *, detail, .optional = true),
    (const char *, instance, .optional = true),
    (Subproblem_list, subproblems, .optional = true))

static const char *short_type(const char *type)
{
    static const char urn[] = "urn:ietf:params:acme:error:";
    if (type == NULL)
        return "";
    return strncmp(type, urn, sizeof urn - 1) == 0 ? type + sizeof urn - 1 : type;
}

static bool decode(ca *c, tern_any json, Problem *out)
{
    tern_faults faults;
    const json_limits limits = {.depth = 16, .items = 10000};
    const place top = {.name = "problem"};
    char *text =
        arena_text(c->arena, json.data != NULL ? json.data : "", json.len); /* decoding writes into it */
    buf problems = {0};
    bool is_prepared = Problem_type.plan != NULL || schema_prepare(TERN_TYPE(Problem), &problems);
    buf_free(&problems);
    faults_init(&faults, c->arena);
    return text != NULL && is_prepared &&
           json_decode(TERN_TYPE(Problem), out, (tern_str){text, json.len}, &limits, &top, c->arena, &faults);
}

/** Appends to the fault's text what fits. */
static void append(ca_fault *to, const char *before, const char *text)
{
    size_t len = strlen(to->text);
    snprintf(to->text + len, sizeof to->text - len, "%s%.300s", before, text);
}

bool ca_fail_problem(ca *c, const char *what, tern_any json)
{
    Problem p;
    if (!decode(c, json, &p))
        return ca_fail(c, "%s, and the problem is not described", what);
    const char *type = short_type(p.type);
    ca_fail(c, "%s", what);
    snprintf(c->fault.type, sizeof c->fault.type, "%s", type);
    append(&c->fault, " ", type);
    append(&c->fault, ": ", p.detail != NULL ? p.detail : "no detail");
    for (size_t i = 0; i < p.subproblems.count && i < SUBPROBLEMS_SHOWN; i++) {
        const Subproblem *s = &p.subproblems.items[i];
        append(&c->fault, "; ", s->identifier.value != NULL ? s->identifier.value : "a name");
        append(&c->fault, ": ", short_type(s->type));
        append(&c->fault, ": ", s->detail != NULL ? s->detail : "no detail");
    }
    if (p.instance != NULL)
        append(&c->fault, "; see ", p.instance);
    return false;
}
