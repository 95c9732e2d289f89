#include "app/page/shape.h"

#include <string.h>

#define KEY(text)                                                                                            \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }

const page_shape page_shape_usual = {
    .names = {[PAGE_ITEMS] = "items", [PAGE_TOTAL] = "total", [PAGE_NEXT] = "next"},
    .keys = {[PAGE_ITEMS] = KEY("{\"items\":"),
             [PAGE_TOTAL] = KEY(",\"total\":"),
             [PAGE_NEXT] = KEY(",\"next\":")},
};

typedef struct named_fields {
    const char *names[PAGE_FIELDS];
} named_fields;

static named_fields fields_of(const tern_page_names *names)
{
    return (named_fields){{
        [PAGE_ITEMS] = names->items,
        [PAGE_TOTAL] = names->total,
        [PAGE_TOTAL_IS_ESTIMATE] = names->total_is_estimate,
        [PAGE_NUMBER] = names->page,
        [PAGE_SIZE] = names->size,
        [PAGE_HAS_NEXT] = names->has_next,
        [PAGE_NEXT] = names->next,
    }};
}

static const char *const options[PAGE_FIELDS] = {"items",    "total", "total_is_estimate", "page", "size",
                                                 "has_next", "next"};

static const char *usual_name(page_field field, tern_total total)
{
    switch (field) {
    case PAGE_TOTAL_IS_ESTIMATE:
        return total == TERN_TOTAL_ESTIMATE ? "total_is_estimate" : NULL;
    case PAGE_HAS_NEXT:
        return total == TERN_TOTAL_NONE ? "has_next" : NULL;
    default:
        return page_shape_usual.names[field];
    }
}

/** The fields that a page with this kind of total never has. */
static bool has_field(page_field field, tern_total total)
{
    if (field == PAGE_TOTAL)
        return total != TERN_TOTAL_NONE;
    return field != PAGE_TOTAL_IS_ESTIMATE || total == TERN_TOTAL_ESTIMATE;
}

static bool check_names(const page_shape *shape, const char *where, buf *problems)
{
    bool is_right = true;
    if (shape->names[PAGE_ITEMS] == NULL) {
        buf_add_printf(problems, "%s: .page_names leaves out the items, but every page needs them\n", where);
        is_right = false;
    }
    for (unsigned i = 0; i < PAGE_FIELDS; i++) {
        if (shape->names[i] == NULL)
            continue;
        if (*shape->names[i] == '\0') {
            buf_add_printf(problems,
                           "%s: .page_names.%s is empty: name it, or leave it out with TERN_LEFT_OUT\n",
                           where, options[i]);
            is_right = false;
        }
        for (unsigned k = 0; k < i; k++)
            if (shape->names[k] != NULL && *shape->names[i] != '\0' &&
                strcmp(shape->names[i], shape->names[k]) == 0) {
                buf_add_printf(problems,
                               "%s: .page_names gives %s and %s the same name, \"%s\": rename one\n", where,
                               options[k], options[i], shape->names[i]);
                is_right = false;
            }
    }
    return is_right;
}

static bool add_key(arena *a, page_shape *shape, page_field field)
{
    buf key = {0};
    const char *name = shape->names[field];
    buf_add_text(&key, field == PAGE_ITEMS ? "{\"" : ",\"");
    buf_add_json(&key, name, strlen(name));
    buf_add_text(&key, "\":");
    const char *kept = key.failed ? NULL : arena_text(a, key.data, key.len);
    shape->keys[field] = (tern_str){kept, key.len};
    buf_free(&key);
    return kept != NULL;
}

const page_shape *page_shape_make(arena *a, const tern_page_names *own, const tern_page_names *of_app,
                                  tern_total total, const char *where, buf *problems)
{
    page_shape *shape = arena_alloc(a, sizeof *shape);
    const named_fields first = fields_of(own), second = fields_of(of_app);
    if (shape == NULL)
        return NULL;
    *shape = (page_shape){.total = total};
    for (page_field i = 0; i < PAGE_FIELDS; i++) {
        const char *name = first.names[i] != NULL    ? first.names[i]
                           : second.names[i] != NULL ? second.names[i]
                                                     : usual_name(i, total);
        if (name == NULL || strcmp(name, TERN_LEFT_OUT) == 0 || !has_field(i, total))
            continue;
        shape->names[i] = arena_text(a, name, strlen(name));
        if (shape->names[i] == NULL)
            return NULL;
    }
    if (!check_names(shape, where, problems))
        return NULL;
    for (page_field i = 0; i < PAGE_FIELDS; i++)
        if (shape->names[i] != NULL && !add_key(a, shape, i))
            return NULL;
    return shape;
}
