/* Providers that a test replaces. */
#include "app/provide/provide.h"
#include "app/test/internal.h"

#include <string.h>

static provide_replacement **find(tern_test *t, const tern_provider *provider)
{
    provide_replacement **at = &t->replacements;
    while (*at != NULL && (*at)->of != provider)
        at = &(*at)->next;
    return at;
}

void test_check_replacements(const tern_test *t)
{
    for (const provide_replacement *r = t->replacements; r != NULL; r = r->next)
        if (!r->is_needed)
            tern_test_fail_at(r->file, r->line, "no route needs the provider %s", r->of->name);
}

void tern_test_provide_with(tern_test *t, const char *file, int line, const tern_provider *provider,
                            const tern_provider *replacement, const void *value)
{
    provide_replacement **at = find(t, provider);
    buf problems = {0};
    if (t->served != 0)
        tern_test_fail_at(file, line, "tern_test_serve has started the application with its own providers");
    if (replacement == provider) {
        if (*at != NULL)
            *at = (*at)->next;
    } else {
        if (*at == NULL)
            *at = memset(test_need(arena_alloc(&t->arena, sizeof **at)), 0, sizeof **at);
        (*at)->of = provider;
        (*at)->by = replacement;
        (*at)->value = value;
        (*at)->file = file;
        (*at)->line = line;
    }
    if (t->app == NULL) /* created by the first request */
        return;
    t->app->replacements = t->replacements;
    if (!app_compile(t->app, &problems))
        tern_test_fail_at(file, line, "the application has errors:\n%s",
                          problems.data != NULL ? problems.data : "out of memory");
    buf_free(&problems);
    test_check_replacements(t);
}
