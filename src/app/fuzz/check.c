/* The checks in printed findings; every test may use them. */
#include "app/fuzz/internal.h"

#include <string.h>

static const route *route_of(tern_test *t, const tern_answer *a)
{
    const char *path = strchr(a->request, ' ');
    route_match match;
    if (t->app == NULL || path == NULL)
        return NULL;
    tern_str method = {a->request, (size_t)(path - a->request)}, asked = {path + 1, strcspn(path + 1, "?")};
    return router_match(t->app->router, http_method_of(method.data, method.len), method,
                        TERN_STR("localhost"), asked, &match) == ROUTE_FOUND
               ? match.route
               : NULL;
}

void tern_check_returns_at(const char *file, int line, tern_test *t, tern_answer *a)
{
    const route *r = route_of(t, a);
    const char *field;
    if (r == NULL || r->options.returns == NULL)
        tern_test_fail_at(file, line, "%s has no route with .returns", a->request);
    int status = r->options.status != 0 ? r->options.status : 200;
    tern_check_status_at(file, line, a, status);
    const char *type = tern_answer_header_of(a, "Content-Type");
    if (type == NULL || strncmp(type, "application/json", 16) != 0)
        tern_check_header_at(file, line, a, "Content-Type", "application/json");
    fuzz_returns_prepare(&t->arena, r->options.returns);
    const char *wrong = fuzz_returns_fault(&t->arena, r, (tern_str){a->body, a->len}, &field);
    if (wrong != NULL)
        tern_test_fail_at(file, line, "the reply of %s does not match .returns: %s\n%.4000s", a->request,
                          wrong, a->body);
}
