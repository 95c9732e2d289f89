/** Getters of text and typed values from the path and the query. */
#include "app/ctx.h"
#include "base/text.h"
#include "http/url.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUERY_PAIRS_MAX = 1000 };

/* -- path -- */

static const tern_str *find_param(tern_ctx *c, const char *name)
{
    const route *r = c->match.route;
    if (r == NULL)
        return NULL;
    for (unsigned i = 0; i < r->param_count; i++)
        if (strcmp(r->params[i], name) == 0)
            return &c->match.params[i];
    return NULL;
}

const char *tern_param(tern_ctx *c, const char *name)
{
    const tern_str *value = find_param(c, name);
    return value != NULL ? ctx_text(c, *value) : NULL;
}

int64_t tern_param_int(tern_ctx *c, const char *name)
{
    const tern_str *text = find_param(c, name);
    if (text == NULL)
        tern_fail(c, 500, "the route has no parameter {%s}", name);
    int64_t value;
    if (!text_get_i64(text->data, text->len, &value))
        ctx_fail(c, 404, NULL);
    return value;
}

/* -- query -- */

static void count_query(tern_ctx *c)
{
    tern_str rest = c->x->request->query, name, value;
    unsigned pairs = 0;
    while (query_next(&rest, &name, &value))
        if (++pairs > QUERY_PAIRS_MAX)
            tern_fail(c, 400, "the query has more than %d parameters", QUERY_PAIRS_MAX);
    c->is_query_counted = true;
}

const char *tern_query_nth(tern_ctx *c, const char *name, unsigned nth)
{
    tern_str query = c->x->request->query, value;
    if (query.len == 0)
        return NULL;
    if (!c->is_query_counted)
        count_query(c);
    if (!query_find(query, name, nth, &value))
        return NULL;
    char *text = ctx_need(c, arena_alloc(ctx_arena(c), value.len + 1));
    text[0] = '\0';
    if (value.len != 0 && url_decode_component(value, text) < 0)
        tern_fail(c, 400, "query parameter \"%s\" is wrongly encoded", name);
    return text;
}

const char *tern_query(tern_ctx *c, const char *name)
{
    return tern_query_nth(c, name, 0);
}

/** 422: `query parameter "page" must be a whole number`. Never with the value: it may be a secret, and
 * replies are logged. */
static _Noreturn void refuse(tern_ctx *c, const char *name, const char *what)
{
    tern_fail(c, 422, "query parameter \"%s\" must be %s", name, what);
}

int64_t tern_query_int(tern_ctx *c, const char *name, int64_t fallback)
{
    const char *text = tern_query(c, name);
    int64_t value;
    if (text == NULL)
        return fallback;
    if (!text_get_i64(text, strlen(text), &value))
        refuse(c, name, "a whole number");
    return value;
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/** Whether `text` is [-]digits[.digits][e[+-]digits], with a digit before or after the point: no hexadecimal,
 * no infinity, no white space, all of which strtod accepts. */
static bool is_decimal(const char *text)
{
    const char *p = text + (*text == '-');
    size_t whole = digits(p), fraction = 0;
    p += whole;
    if (*p == '.') {
        fraction = digits(p + 1);
        p += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '-' || p[1] == '+');
        size_t exponent = digits(p);
        if (exponent == 0)
            return false;
        p += exponent;
    }
    return *p == '\0';
}

double tern_query_double(tern_ctx *c, const char *name, double fallback)
{
    static locale_t c_locale; /* a program that calls setlocale may have another decimal point */
    const char *text = tern_query(c, name);
    if (text == NULL)
        return fallback;
    if (c_locale == (locale_t)0 && (c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)) == (locale_t)0)
        ctx_fail(c, 503, "out of memory while reading a number");
    double value = is_decimal(text) ? strtod_l(text, NULL, c_locale) : HUGE_VAL;
    if (!isfinite(value))
        refuse(c, name, "a number");
    return value;
}

bool tern_query_bool(tern_ctx *c, const char *name, bool fallback)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"true", true},   {"1", true},  {"yes", true}, {"on", true},
                 {"false", false}, {"0", false}, {"no", false}, {"off", false}};
    const char *text = tern_query(c, name);
    if (text == NULL)
        return fallback;
    size_t len = strlen(text);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].text) == len && text_equal_nocase(text, words[i].text, len))
            return words[i].value;
    refuse(c, name, "true or false");
}
