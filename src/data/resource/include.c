/* Related rows of a resource: those that .includes names and ?include= requests. */
#include "app/bind/bind.h"
#include "data/resource/resource.h"

#include <tern/data.h>

#include <string.h>

static bool is_relation(const tern_field *field)
{
    return (field->via != NULL || field->by != NULL || field->through != NULL) && !field->write_only;
}

static const char *shown_name(const tern_field *field)
{
    return field->json != NULL ? field->json : field->name;
}

/** Reads the next name of "author, tags"; false at the end. */
static bool next_name(const char **at, tern_str *name)
{
    *at += strspn(*at, ", ");
    *name = (tern_str){*at, strcspn(*at, ", ")};
    *at += name->len;
    return name->len != 0;
}

/** The relation with this C name; NULL when the model has none. */
static const tern_field *relation(const tern_type *model, tern_str name)
{
    for (unsigned i = 0; i < model->field_count; i++) {
        const tern_field *field = &model->fields[i];
        if (is_relation(field) && strlen(field->name) == name.len &&
            memcmp(field->name, name.data, name.len) == 0)
            return field;
    }
    return NULL;
}

bool resource_find_includes(tern_app *app, resource *r)
{
    const char *at = r->options.includes != NULL ? r->options.includes : "";
    tern_str name;
    r->includes = app_keep(app, RESOURCE_INCLUDES_MOST * sizeof(tern_field *));
    while (r->includes != NULL && r->include_count < RESOURCE_INCLUDES_MOST && next_name(&at, &name)) {
        const tern_field *field = relation(r->model, name);
        if (field != NULL)
            r->includes[r->include_count++] = field;
    }
    return r->includes != NULL;
}

/** Lists the model's relations, for the message about a wrong name. */
static void add_relations(const tern_type *model, buf *problems)
{
    const char *before = "; it has ";
    for (unsigned i = 0; i < model->field_count; i++) {
        if (!is_relation(&model->fields[i]))
            continue;
        buf_add_printf(problems, "%s%s", before, model->fields[i].name);
        before = ", ";
    }
}

bool resource_check_includes(const resource *r, buf *problems)
{
    const tern_resource_options *o = &r->options;
    const char *at = o->includes != NULL ? o->includes : "";
    unsigned count = 0;
    bool is_right = true;
    for (tern_str name; next_name(&at, &name); count++) {
        if (relation(r->model, name) != NULL)
            continue;
        buf_add_printf(
            problems,
            "%s:%d: resource of %s: .includes names \"%.*s\", which is not a field of it with .via, .by or "
            ".through",
            o->file, o->line, r->model->name, (int)name.len, name.data);
        add_relations(r->model, problems);
        buf_add_text(problems, "\n");
        is_right = false;
    }
    if (count > RESOURCE_INCLUDES_MOST) {
        buf_add_printf(problems, "%s:%d: resource of %s: .includes names %u relations, and %d are the most\n",
                       o->file, o->line, r->model->name, count, RESOURCE_INCLUDES_MOST);
        is_right = false;
    }
    return is_right;
}

static _Noreturn void refuse(tern_ctx *c, const resource *r)
{
    const char *names = "";
    for (unsigned i = 0; i < r->include_count; i++)
        names = tern_sprintf(c, "%s%s%s", names, i != 0 ? ", " : "", shown_name(r->includes[i]));
    bind_fail_at(c, "query", "include", "not_a_relation", tern_sprintf(c, "must be of: %s", names));
}

resource_included resource_read_includes(tern_ctx *c, const resource *r, const tern_field *field,
                                         const void *in)
{
    resource_included included = 0;
    if (field == NULL || ((const uint8_t *)in)[field->state_offset] != TERN_STATE_GIVEN)
        return 0;
    const char *text = *(const char *const *)(const void *)((const char *)in + field->offset);
    for (const char *at = text; *at != '\0';) { /* an empty value counts as absent */
        size_t len = strcspn(at, ",");
        unsigned i = 0;
        while (i < r->include_count && (strlen(shown_name(r->includes[i])) != len ||
                                        memcmp(shown_name(r->includes[i]), at, len) != 0))
            i++;
        if (i == r->include_count)
            refuse(c, r);
        included |= UINT32_C(1) << i;
        at += len;
        at += *at == ',';
    }
    return included;
}

void resource_include(tern_ctx *c, const resource *r, resource_included included, void *rows, size_t count)
{
    for (unsigned i = 0; i < r->include_count; i++)
        if ((included >> i & 1) != 0)
            tern_preload_of(c, r->model, rows, count, r->includes[i]->name, &(tern_preload_options){0});
}
