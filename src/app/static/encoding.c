#include "app/static/encoding.h"

#include "app/ctx.h"
#include "base/text.h"

#include <string.h>

const char *const static_form_suffix[TERN_STATIC_FORMS] = {
    [TERN_STATIC_BR] = ".br", [TERN_STATIC_ZSTD] = ".zst", [TERN_STATIC_GZIP] = ".gz"};
const char *const static_form_encoding[TERN_STATIC_FORMS] = {
    [TERN_STATIC_BR] = "br", [TERN_STATIC_ZSTD] = "zstd", [TERN_STATIC_GZIP] = "gzip"};

enum { NOT_NAMED = -1, WHOLE = 1000 };

static bool is_text(tern_str s, const char *text)
{
    return s.len == strlen(text) && text_equal_nocase(s.data, text, s.len);
}

static tern_str trimmed(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return (tern_str){from, (size_t)(to - from)};
}

/** "0.8" as 800; what is no weight of RFC 9110 section 12.4.2 counts as 0, so that nothing unwanted is sent. */
static int weight_of(tern_str text)
{
    int weight = 0, place = WHOLE;
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.data[1] != '.'))
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1)
            continue;
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        weight += place * (text.data[i] - '0');
        place /= 10;
    }
    return weight <= WHOLE ? weight : 0;
}

/** Splits "gzip;q=0.8" into its name and weight. */
static tern_str read_element(tern_str element, int *weight)
{
    const char *end = element.data + element.len, *semicolon = memchr(element.data, ';', element.len);
    *weight = WHOLE;
    if (semicolon == NULL)
        return element;
    const tern_str parameter = trimmed(semicolon + 1, end);
    if (parameter.len >= 2 && text_equal_nocase(parameter.data, "q=", 2))
        *weight = weight_of((tern_str){parameter.data + 2, parameter.len - 2});
    return trimmed(element.data, semicolon);
}

tern_static_form static_form_choose(tern_str accept, unsigned forms)
{
    int weights[TERN_STATIC_FORMS], others = NOT_NAMED, weight;
    tern_str element;
    for (int form = 0; form < TERN_STATIC_FORMS; form++)
        weights[form] = NOT_NAMED;
    while (ctx_list_next(&accept, &element)) {
        const tern_str name = read_element(element, &weight);
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
