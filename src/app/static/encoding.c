#include "app/static/encoding.h"

#include "app/accept.h"
#include "app/ctx.h"
#include "base/text.h"

#include <string.h>

const char *const static_form_suffix[TERN_STATIC_FORMS] = {
    [TERN_STATIC_BR] = ".br", [TERN_STATIC_ZSTD] = ".zst", [TERN_STATIC_GZIP] = ".gz"};
const char *const static_form_encoding[TERN_STATIC_FORMS] = {
    [TERN_STATIC_BR] = "br", [TERN_STATIC_ZSTD] = "zstd", [TERN_STATIC_GZIP] = "gzip"};

enum { NOT_NAMED = -1 };

static bool is_text(tern_str s, const char *text)
{
    return s.len == strlen(text) && text_equal_nocase(s.data, text, s.len);
}

tern_static_form static_form_choose(tern_str accept, unsigned forms)
{
    int weights[TERN_STATIC_FORMS], others = NOT_NAMED, weight;
    tern_str element, name;
    for (int form = 0; form < TERN_STATIC_FORMS; form++)
        weights[form] = NOT_NAMED;
    while (ctx_list_next(&accept, &element)) {
        accept_next_part(&element, ';', &name);
        weight = (int)accept_weight(element);
        if (is_text(name, "*"))
            others = weight;
        else if (is_text(name, "identity"))
            weights[TERN_STATIC_PLAIN] = weight;
        else if (is_text(name, "x-gzip")) /* the same, RFC 9110 section 8.4.1.3 */
            weights[TERN_STATIC_GZIP] = weight;
        else
            for (int form = TERN_STATIC_PLAIN + 1; form < TERN_STATIC_FORMS; form++)
                if (is_text(name, static_form_encoding[form]))
                    weights[form] = weight;
    }
    tern_static_form best = TERN_STATIC_PLAIN;
    int most =
        weights[TERN_STATIC_PLAIN] > 0 ? weights[TERN_STATIC_PLAIN] - 1 : 0; /* it loses against equals */
    for (int form = TERN_STATIC_PLAIN + 1; form < TERN_STATIC_FORMS; form++) {
        const int own = weights[form] != NOT_NAMED ? weights[form] : others;
        if ((forms >> form & 1) != 0 && own > most) {
            most = own;
            best = (tern_static_form)form;
        }
    }
    return best;
}
