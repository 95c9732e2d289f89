/** What a client would like to read: its Accept headers (RFC 9110 section 12.5). */
#include <tern/accept.h>

#include "app/accept.h"
#include "app/ctx.h"
#include "base/text.h"

#include <string.h>

static void trim(tern_str *s)
{
    while (s->len > 0 && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }
    while (s->len > 0 && (s->data[s->len - 1] == ' ' || s->data[s->len - 1] == '\t'))
        s->len--;
}

bool accept_next_part(tern_str *rest, char separator, tern_str *part)
{
    if (rest->data == NULL)
        return false;
    const char *end = rest->len != 0 ? memchr(rest->data, separator, rest->len) : NULL;
    *part = (tern_str){rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    *rest = end != NULL ? (tern_str){end + 1, rest->len - part->len - 1} : (tern_str){NULL, 0};
    trim(part);
    return true;
}

unsigned accept_quality(tern_str text)
{
    enum { WHOLE = 1000 };
    unsigned thousandths = 0, place = WHOLE;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1 && text.data[i] == '.')
            continue;
        if (i == 1 || text.data[i] < '0' || text.data[i] > '9')
            return 0;
        thousandths += place * (unsigned)(text.data[i] - '0');
        place /= 10;
    }
    return thousandths <= WHOLE ? thousandths : 0;
}

static bool is_same(tern_str a, tern_str b)
{
    return a.len == b.len && (a.len == 0 || text_equal_nocase(a.data, b.data, a.len));
}

static bool is_text(tern_str s, const char *text)
{
    return is_same(s, (tern_str){text, strlen(text)});
}

static bool is_quality(tern_str part)
{
    return part.len >= 2 && text_equal_nocase("q=", part.data, 2);
}

unsigned accept_weight(tern_str parameters)
{
    unsigned weight = 1000;
    tern_str part;
    while (accept_next_part(&parameters, ';', &part))
        if (is_quality(part))
            weight = accept_quality((tern_str){part.data + 2, part.len - 2});
    return weight;
}

/** Many clients write "application/json; charset=utf-8", and mean JSON. */
static bool is_charset(tern_str part)
{
    static const char name[] = "charset=";
    return part.len >= sizeof name - 1 && text_equal_nocase(name, part.data, sizeof name - 1);
}

/* -- how exactly a range means an offer: 0 does not, more is more exact -- */

enum { ANY = 1, FAMILY, NAME }; /* one more for each parameter */

static bool has_param(tern_str offer, tern_str wanted)
{
    tern_str part;
    accept_next_part(&offer, ';', &part);
    while (accept_next_part(&offer, ';', &part))
        if (is_same(part, wanted))
            return true;
    return false;
}

/** `range` is "text/html" without parameters, `params` what follows it. */
static unsigned match_type(tern_str range, tern_str params, tern_str offer)
{
    tern_str rest = offer, type, part;
    unsigned exactness = NAME;
    accept_next_part(&rest, ';', &type);
    const char *slash = type.len != 0 ? memchr(type.data, '/', type.len) : NULL;
    const size_t family = slash != NULL ? (size_t)(slash - type.data) + 1 : type.len;
    if (is_text(range, "*/*"))
        exactness = ANY;
    else if (range.len == family + 1 && range.data[family] == '*' &&
             is_same((tern_str){range.data, family}, (tern_str){type.data, family}))
        exactness = FAMILY;
    else if (!is_same(range, type))
        return 0;
    while (accept_next_part(&params, ';', &part) && !is_quality(part)) {
        if (part.len == 0 || is_charset(part))
            continue;
        if (!has_param(offer, part))
            return 0;
        exactness++;
    }
    return exactness;
}

/** Whether `longer` is "de-AT" for "de". */
static bool is_kind_of(tern_str longer, tern_str shorter)
{
    return longer.len > shorter.len && longer.data[shorter.len] == '-' &&
           is_same((tern_str){longer.data, shorter.len}, shorter);
}

static unsigned match_language(tern_str range, tern_str offer)
{
    enum { WIDER = 2, NARROWER, EXACT };
    return is_same(range, offer)      ? EXACT
           : is_kind_of(offer, range) ? NARROWER
           : is_kind_of(range, offer) ? WIDER
           : is_text(range, "*")      ? ANY
                                      : 0;
}

static unsigned match(tern_accept_kind kind, tern_str range, tern_str params, tern_str offer)
{
    switch (kind) {
    case TERN_ACCEPT_TYPES:
        return match_type(range, params, offer);
    case TERN_ACCEPT_LANGUAGES:
        return match_language(range, offer);
    default:
        return is_same(range, offer) ? NAME : is_text(range, "*") ? ANY : 0;
    }
}

/** The weight of `offer` in thousandths: that of the range that means it most exactly; -1 if none does. */
static int weight_in(tern_str list, tern_accept_kind kind, tern_str offer)
{
    int weight = -1;
    unsigned exactness = 0;
    tern_str item, range;
    while (accept_next_part(&list, ',', &item)) {
        accept_next_part(&item, ';', &range);
        const unsigned found = match(kind, range, item, offer);
        if (found <= exactness)
            continue;
        exactness = found;
        weight = (int)accept_weight(item);
    }
    return weight;
}

static const char *const headers[] = {[TERN_ACCEPT_TYPES] = "Accept",
                                      [TERN_ACCEPT_LANGUAGES] = "Accept-Language",
                                      [TERN_ACCEPT_CHARSETS] = "Accept-Charset",
                                      [TERN_ACCEPT_ENCODINGS] = "Accept-Encoding"};

const char *tern_accepts_of(tern_ctx *c, tern_accept_kind kind, const char *const *offers)
{
    const bool is_encoding = kind == TERN_ACCEPT_ENCODINGS;
    const char *value = ctx_header_list(c, headers[kind]), *best = NULL;
    const tern_str list = {value, strlen(value)};
    int most = 0;
    if (list.len == 0 && !is_encoding)
        return offers[0];
    for (; *offers != NULL; offers++) {
        const tern_str offer = {*offers, strlen(*offers)};
        int weight = 2 * weight_in(list, kind, offer);
        if (weight < 0 && is_encoding && is_text(offer, "identity"))
            weight = 1; /* less than any weight in the header */
        if (weight > most) {
            most = weight;
            best = *offers;
        }
    }
    return best;
}

static int weight_of_type(tern_str list, const char *type)
{
    const int weight = weight_in(list, TERN_ACCEPT_TYPES, (tern_str){type, strlen(type)});
    return weight > 0 ? weight : 0;
}

bool tern_prefers_html(tern_ctx *c)
{
    if (tern_header(c, "Accept") == NULL)
        return false;
    const char *value = ctx_header_list(c, "Accept");
    const tern_str list = {value, strlen(value)};
    const int html = weight_of_type(list, "text/html");
    return html > weight_of_type(list, "application/problem+json") &&
           html > weight_of_type(list, "application/json");
}

/* -- replies -- */

tern_reply tern_format_of(tern_ctx *c, const tern_representation *forms)
{
    const char *types[16], *all = "";
    enum { MOST = sizeof types / sizeof *types - 1 };
    size_t count = 0;
    for (; count < MOST && forms[count].type != NULL; count++) {
        types[count] = forms[count].type;
        all = tern_sprintf(c, "%s%s%s", all, count != 0 ? ", " : "", forms[count].type);
    }
    types[count] = NULL;
    const char *chosen = count != 0 ? tern_accepts_of(c, TERN_ACCEPT_TYPES, types) : NULL;
    if (chosen == NULL)
        tern_fail(c, 406, "Accept names none of the types that there are: %s", all);
    tern_vary(c, "Accept");
    while (forms->type != chosen)
        forms++;
    return forms->make(c);
}
