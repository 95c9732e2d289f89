/** Bodies under a key, `{"user": {...}}` (.takes_in): a model with one field that is the body, read by the
 * reader of models. */
#include "app/bind/bind.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

enum { KEY_MOST_BYTES = 255 };

/** Stored for the next route with the same key around the same type. */
typedef struct wrapper {
    tern_type type; /* first: the type that is returned */
    tern_field field;
    struct wrapper *next;
    char key[];
} wrapper;

static wrapper *wrappers;

void bind_wrap_forget(void)
{
    while (wrappers != NULL) {
        wrapper *first = wrappers;
        wrappers = first->next;
        mem_free(first);
    }
}

const char *bind_wrap_wrong(const char *key)
{
    size_t len = strlen(key);
    return len == 0 || len > KEY_MOST_BYTES ? "must have 1 to 255 bytes"
           : !utf8_valid(key, len)          ? "is not UTF-8"
                                            : NULL;
}

/** The body is at the same address as without a wrapper; whether it was given is recorded after the model. */
static wrapper *make(const bind_plan *plan)
{
    size_t len = strlen(plan->wrapper), size = plan->type->size;
    wrapper *made = mem_zero(1, sizeof *made + len + 1);
    if (made == NULL)
        return NULL;
    memcpy(made->key, plan->wrapper, len);
    made->type = (tern_type){.kind = TERN_KIND_MODEL,
                             .name = plan->body->name,
                             .size = size + 1,
                             .fields = &made->field,
                             .field_count = 1,
                             .options = {.ignore_unknown = plan->body->options.ignore_unknown}};
    made->field = (tern_field){
        .name = "body", .json = made->key, .type = (tern_type *)(uintptr_t)plan->body, .state_offset = size};
    made->next = wrappers;
    wrappers = made;
    return made;
}

bool bind_wrap_make(bind_plan *plan, buf *problems)
{
    wrapper *found = wrappers;
    while (found != NULL && (found->field.type != plan->body || strcmp(found->key, plan->wrapper) != 0))
        found = found->next;
    if (found == NULL && (found = make(plan)) == NULL) {
        buf_add_printf(problems, "model %s: out of memory\n", plan->body->name);
        return false;
    }
    plan->json = &found->type;
    plan->size = found->type.size;
    return schema_prepare(&found->type, problems);
}
