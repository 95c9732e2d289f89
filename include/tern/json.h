/**
 * Typed JSON: models as replies, and as bodies that a handler reads itself.
 *
 * The value's type is checked by the compiler: `tern_json(c, Todo, &note)` does not compile when note is not
 * a Todo. In builds with assertions (without NDEBUG) each value is also checked against its model's rules,
 * and the reply of a success against the route's `.returns`; a violation is a 500 with a line in the log. In
 * every build a NULL where the document has a value is one.
 */
#ifndef TERN_JSON_H
#define TERN_JSON_H

#include <tern/context.h>
#include <tern/model.h>
#include <tern/page.h>
#include <tern/reply.h>

#ifdef NDEBUG
#define TERN_CHECKS_REPLIES_ 0
#else
#define TERN_CHECKS_REPLIES_ 1
#endif

/* A value is the last argument and may hold commas: `tern_json(c, Todo, &(Todo){.id = 1, .title =
 * "Milk"})`. */
#define TERN_POINTER_TO_(Model, ...)                                                                         \
    _Generic((__VA_ARGS__), Model * : (__VA_ARGS__), const Model * : (__VA_ARGS__))
#define TERN_LIST_OF_(Model, ...)                                                                            \
    ((const Model##_list[1]){_Generic((__VA_ARGS__), Model##_list : (__VA_ARGS__))})

/** The route's `.status` (default 200) with `*value` as JSON: `return tern_json(c, Todo, &todo)`. */
#define tern_json(c, Model, ...)                                                                             \
    tern_json_of(c, TERN_TYPE(Model), TERN_POINTER_TO_(Model, __VA_ARGS__), TERN_CHECKS_REPLIES_)

/** The route's `.status` with the list's items as a JSON array: `return tern_json_list(c, Todo, todos)`. */
#define tern_json_list(c, Model, ...)                                                                        \
    tern_json_of(c, TERN_LIST(Model), TERN_LIST_OF_(Model, __VA_ARGS__), TERN_CHECKS_REPLIES_)

/** 201 with `*value` as JSON, and as its Location the request's path, '/' and the value's `.key` field (no
 * Location for a model without one). */
#define tern_created(c, Model, ...)                                                                          \
    tern_created_of(c, TERN_TYPE(Model), TERN_POINTER_TO_(Model, __VA_ARGS__), TERN_CHECKS_REPLIES_)

/**
 * One page of a longer list: `{"items":[...],"total":123}`. The route says `.returns = TERN_LIST(Todo),
 * .paged = true`, and by .total and .page_names what the page looks like.
 *
 * `total` is the number of all rows, or `&paging`, the tern_paging that tern_select_page has filled in: then
 * the page also has its cursor ("next"), what else the route's .page_names name, and `Link: <...>;
 * rel="next"`, the address of the next page. A route whose pages have more than items and total does not
 * accept a number: 500.
 */
#define tern_page(c, Model, list, total)                                                                     \
    _Generic((total), tern_paging *                                                                          \
             : tern_page_found, const tern_paging *                                                          \
             : tern_page_found, default                                                                      \
             : tern_page_of)(c, TERN_LIST(Model), TERN_LIST_OF_(Model, list), total, TERN_CHECKS_REPLIES_)

/**
 * Reads the body as JSON of a model, for handlers without an input of their own: a `Todo *` in the request's
 * memory, valid by its rules.
 *
 * Fails with 415 when the body is of another type, 400 when it is not JSON, 422 with all of its faults. Call
 * it once a request: texts of the result are in the body, which tern_body shows changed afterwards.
 */
#define tern_json_read(c, Model) ((Model *)tern_json_read_of(c, TERN_TYPE(Model)))

/** The JSON of a value as text in the request's memory, for anything but a reply: `tern_json_print(c, Todo, &todo)`. Fails
 * with 500 when it is NULL or has a NULL where the document has a value. */
#define tern_json_print(c, Model, ...)                                                                       \
    tern_json_print_of(c, TERN_TYPE(Model), TERN_POINTER_TO_(Model, __VA_ARGS__))
/** Reads JSON that is not the body: a `Model *` in the request's memory, valid by its rules; NULL with the first fault in
 * `*problem`. Keys that the model does not have are skipped. `text` is copied. */
#define tern_json_parse(c, Model, text, problem)                                                             \
    ((Model *)tern_json_parse_of(c, TERN_TYPE(Model), text, problem))

/* What the macros call. `checks`: whether the value is held against its rules. */
tern_reply tern_json_of(tern_ctx *c, const tern_type *type, const void *value, bool checks) TERN_TO_RETURN_;
tern_reply tern_created_of(tern_ctx *c, const tern_type *type, const void *value,
                           bool checks) TERN_TO_RETURN_;
tern_reply tern_page_of(tern_ctx *c, const tern_type *list_type, const void *list, int64_t total,
                        bool checks) TERN_TO_RETURN_;
tern_reply tern_page_found(tern_ctx *c, const tern_type *list_type, const void *list,
                           const tern_paging *paging, bool checks) TERN_TO_RETURN_;
void *tern_json_read_of(tern_ctx *c, const tern_type *type);
const char *tern_json_print_of(tern_ctx *c, const tern_type *type, const void *value);
void *tern_json_parse_of(tern_ctx *c, const tern_type *type, tern_str text, const char **problem);

#endif
