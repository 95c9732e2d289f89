/**
 * Checking tokens: RFC 7519 section 7.2, with the rules of RFC 8725.
 *
 * Hot path: tern_jwt_check. The header of one service's tokens is always the same text, so it is read once and then only
 * compared; claims are not decoded before the signature is right.
 */
#include "auth/token/keys.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/** A token, divided. */
typedef struct parts {
    const char *header, *claims, *signature;
    size_t header_len, claims_len, signature_len;
} parts;

/** What is said about a wrong token. */
typedef struct verdict {
    tern_ctx *c;
    tern_jwt_keys *keys;
    const char *why;
} verdict;

static bool is_wrong(verdict *v, const char *why)
{
    v->why = why;
    return false;
}

/** By character: 64 and its six bits; 0 for others. */
static const uint8_t sixes[256] = {
    ['A'] = 64,  ['B'] = 65,  ['C'] = 66,  ['D'] = 67,  ['E'] = 68,  ['F'] = 69,  ['G'] = 70,  ['H'] = 71,
    ['I'] = 72,  ['J'] = 73,  ['K'] = 74,  ['L'] = 75,  ['M'] = 76,  ['N'] = 77,  ['O'] = 78,  ['P'] = 79,
    ['Q'] = 80,  ['R'] = 81,  ['S'] = 82,  ['T'] = 83,  ['U'] = 84,  ['V'] = 85,  ['W'] = 86,  ['X'] = 87,
    ['Y'] = 88,  ['Z'] = 89,  ['a'] = 90,  ['b'] = 91,  ['c'] = 92,  ['d'] = 93,  ['e'] = 94,  ['f'] = 95,
    ['g'] = 96,  ['h'] = 97,  ['i'] = 98,  ['j'] = 99,  ['k'] = 100, ['l'] = 101, ['m'] = 102, ['n'] = 103,
    ['o'] = 104, ['p'] = 105, ['q'] = 106, ['r'] = 107, ['s'] = 108, ['t'] = 109, ['u'] = 110, ['v'] = 111,
    ['w'] = 112, ['x'] = 113, ['y'] = 114, ['z'] = 115, ['0'] = 116, ['1'] = 117, ['2'] = 118, ['3'] = 119,
    ['4'] = 120, ['5'] = 121, ['6'] = 122, ['7'] = 123, ['8'] = 124, ['9'] = 125, ['-'] = 126, ['_'] = 127,
};

/** Decodes base64url strictly, as base64url_parse, but by a table: what is in a token is not secret to its bearer, and a
 * signature is public. Bytes, or -1. */
static long decode(const char *text, size_t len, uint8_t *out)
{
    const uint8_t *in = (const uint8_t *)text, *end = in + len;
    uint8_t *to = out;
    uint32_t right = 64, loose = 0;
    for (; end - in >= 4; in += 4, to += 3) {
        uint32_t a = sixes[in[0]], b = sixes[in[1]], d = sixes[in[2]], e = sixes[in[3]];
        right &= a & b & d & e;
        uint32_t bits = (a & 63) << 18 | (b & 63) << 12 | (d & 63) << 6 | (e & 63);
        to[0] = (uint8_t)(bits >> 16);
        to[1] = (uint8_t)(bits >> 8);
        to[2] = (uint8_t)bits;
    }
    if (end - in == 1)
        return -1;
    if (in != end) {
        bool has_third = end - in == 3;
        uint32_t a = sixes[in[0]], b = sixes[in[1]], d = has_third ? sixes[in[2]] : 64;
        right &= a & b & d;
        *to++ = (uint8_t)((a & 63) << 2 | (b & 63) >> 4);
        if (has_third)
            *to++ = (uint8_t)((b & 63) << 4 | (d & 63) >> 2);
        loose = has_third ? d & 3 : b & 15;
    }
    return right != 0 && loose == 0 ? (long)(to - out) : -1;
}

/** Whether the text has exactly three parts, none of which is empty. */
static bool divide(const char *token, parts *p)
{
    size_t len = strnlen(token, JWT_MOST + 1);
    const char *first = len <= JWT_MOST ? memchr(token, '.', len) : NULL;
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
    if (second == NULL || strchr(second + 1, '.') != NULL)
        return false;
    *p = (parts){.header = token,
                 .claims = first + 1,
                 .signature = second + 1,
                 .header_len = (size_t)(first - token),
                 .claims_len = (size_t)(second - first - 1),
                 .signature_len = len - (size_t)(second + 1 - token)};
    return p->header_len > 0 && p->claims_len > 0 && p->signature_len > 0;
}

/* -- the header -- */

/** A header that says nothing wrong. */
typedef struct header {
    key_algorithm algorithm;
    const char *id; /* NULL: absent */
} header;

/** Whether `typ` is the type that the keys have; "application/" may be left out (RFC 7515 section 4.1.9). */
static bool is_type(const char *typ, const char *wanted)
{
    static const char prefix[] = "application/";
    if (typ != NULL && strncasecmp(typ, prefix, sizeof prefix - 1) == 0)
        typ += sizeof prefix - 1;
    return typ != NULL && strcasecmp(typ, wanted) == 0;
}

static bool read_header(verdict *v, const parts *p, header *h)
{
    uint8_t *text = tern_alloc(v->c, p->header_len + 1);
    long len = decode(p->header, p->header_len, text);
    const tern_value *object =
        len > 0 ? tern_value_parse_try(v->c, (tern_str){(char *)text, (size_t)len}, NULL) : NULL;
    if (tern_value_kind_of(object) != TERN_JSON_OBJECT)
        return is_wrong(v, "its header is not a JSON object in base64url");
    if (tern_value_get(object, "crit") != NULL)
        return is_wrong(v, "its header has `crit`, whose extensions are unknown");
    const tern_value *alg = tern_value_get(object, "alg"), *kid = tern_value_get(object, "kid"),
                     *typ = tern_value_get(object, "typ");
    tern_str name = tern_value_str(alg);
    if (!key_algorithm_find(name.data != NULL ? name.data : "", name.len, &h->algorithm))
        return is_wrong(v, "its `alg` is not HS256, RS256, ES256 or EdDSA");
    if (kid != NULL && tern_value_text(kid, NULL) == NULL)
        return is_wrong(v, "its `kid` is not a text");
    if (v->keys->options.type != NULL && !is_type(tern_value_text(typ, NULL), v->keys->options.type))
        return is_wrong(v, "its `typ` is another one");
    h->id = tern_value_text(kid, NULL);
    return true;
}

/* -- the signature -- */

static bool is_candidate(const jwt_key *k, const header *h)
{
    return key_algorithm_of(k->key) == h->algorithm &&
           (h->id == NULL || !k->id_is_given || strcmp(k->id, h->id) == 0);
}

/** The key of the list whose signature it is. `*tried`: whether there was one to try. */
static const jwt_key *find_signer(const jwt_key_list *list, const header *h, const parts *p,
                                  const uint8_t *signature, size_t len, bool *tried)
{
    const size_t signed_len = p->header_len + 1 + p->claims_len;
    for (unsigned i = 0; list != NULL && i < list->count; i++) {
        if (!is_candidate(&list->list[i], h))
            continue;
        *tried = true;
        if (signature_check(list->list[i].key, p->header, signed_len, signature, len))
            return &list->list[i];
    }
    return NULL;
}

static void remember(tern_jwt_keys *keys, const parts *p, const jwt_key *signer)
{
    if (p->header_len > sizeof keys->last.text)
        return;
    memcpy(keys->last.text, p->header, p->header_len);
    keys->last.len = p->header_len;
    keys->last.key = signer;
}

static bool check_unknown_header(verdict *v, const parts *p, const uint8_t *signature, size_t len)
{
    header h;
    bool tried = false;
    tern_jwt_keys *keys = v->keys;
    if (!read_header(v, p, &h))
        return false;
    for (int attempt = 0; attempt < 2 && !tried; attempt++) {
        const jwt_key *signer = find_signer(&keys->own, &h, p, signature, len, &tried);
        if (signer == NULL)
            signer = find_signer(keys->fetched, &h, p, signature, len, &tried);
        if (signer != NULL) {
            remember(keys, p, signer);
            return true;
        }
        if (!tried && attempt == 0)
            jwt_keys_refresh(v->c, keys, true);
    }
    return is_wrong(v, tried ? "its signature is wrong" : "no key has its `kid` and `alg`");
}

static bool check_signature(verdict *v, const parts *p)
{
    uint8_t signature[SIGNATURE_MOST + 4];
    tern_jwt_keys *keys = v->keys;
    long len = p->signature_len <= SIGNATURE_MOST * 4 / 3 + 2
                   ? decode(p->signature, p->signature_len, signature)
                   : -1;
    if (len <= 0)
        return is_wrong(v, "its signature is not base64url");
    jwt_keys_refresh(v->c, keys, false);
    if (p->header_len == keys->last.len && memcmp(p->header, keys->last.text, p->header_len) == 0 &&
        signature_check(keys->last.key->key, p->header, p->header_len + 1 + p->claims_len, signature,
                        (size_t)len))
        return true;
    return check_unknown_header(v, p, signature, (size_t)len);
}

/* -- the claims -- */

/** A NumericDate (RFC 7519 section 2), which may have a fraction. False when it is not a number. */
static bool read_date(const tern_value *value, int64_t *date)
{
    const double most = 9e15;
    double seconds = tern_value_double(value, (double)NAN);
    if (tern_value_kind_of(value) != TERN_JSON_NUMBER || isnan(seconds))
        return false;
    *date = (int64_t)floor(seconds > most ? most : seconds < -most ? -most : seconds);
    return true;
}

static bool check_times(verdict *v, tern_jwt_claims *claims)
{
    const tern_value *nbf = tern_value_get(claims->all, "nbf"), *iat = tern_value_get(claims->all, "iat");
    const int64_t now = (int64_t)time(NULL), leeway = (int64_t)v->keys->options.leeway_s;
    int64_t begins = 0;
    if (!read_date(tern_value_get(claims->all, "exp"), &claims->expires))
        return is_wrong(v, "its `exp` is missing, or not a number");
    if (claims->expires + leeway <= now)
        return is_wrong(v, "it has expired");
    if (nbf != NULL && !read_date(nbf, &begins))
        return is_wrong(v, "its `nbf` is not a number");
    if (begins > now + leeway)
        return is_wrong(v, "it is not valid yet");
    if (iat != NULL && !read_date(iat, &claims->issued))
        return is_wrong(v, "its `iat` is not a number");
    return true;
}

/** Whether `aud`, a text or a list of texts, names us: RFC 7519 section 4.1.3. */
static bool check_audience(verdict *v, const tern_value *aud)
{
    const char *wanted = v->keys->options.audience;
    const tern_value *one;
    if (wanted != NULL && strcmp(wanted, "*") == 0)
        return true;
    if (wanted == NULL)
        return aud == NULL || is_wrong(v, "it has an audience, which the keys do not have");
    if (tern_value_kind_of(aud) == TERN_JSON_TEXT && strcmp(tern_value_text(aud, ""), wanted) == 0)
        return true;
    if (tern_value_kind_of(aud) == TERN_JSON_ARRAY)
        tern_value_each(one, aud) if (strcmp(tern_value_text(one, ""), wanted) == 0) return true;
    return is_wrong(v, "it is for another audience");
}

/** An absent claim, or one that is a text. */
static bool take_text(verdict *v, const tern_value *all, const char *name, const char **text)
{
    const tern_value *value = tern_value_get(all, name);
    *text = tern_value_text(value, NULL);
    return value == NULL || *text != NULL || is_wrong(v, tern_sprintf(v->c, "its `%s` is not a text", name));
}

/** The texts of an array with spaces between; those that have spaces themselves would be several, and are left out. */
static const char *join(tern_ctx *c, const tern_value *array)
{
    const tern_value *one;
    size_t len = 0;
    tern_value_each(one, array) len += tern_value_str(one).len + 1;
    char *joined = tern_alloc(c, len + 1);
    len = 0;
    tern_value_each(one, array)
    {
        const char *text = tern_value_text(one, "");
        if (*text == '\0' || strchr(text, ' ') != NULL)
            continue;
        if (len != 0)
            joined[len++] = ' ';
        memcpy(joined + len, text, strlen(text));
        len += strlen(text);
    }
    joined[len] = '\0';
    return joined;
}

const char *jwt_scopes(tern_ctx *c, const tern_value *all, const char *name)
{
    const tern_value *value = tern_value_get(all, name != NULL ? name : "scope");
    if (value == NULL && name == NULL)
        value = tern_value_get(all, "scopes");
    if (value == NULL && name == NULL)
        value = tern_value_get(all, "scp");
    return tern_value_kind_of(value) == TERN_JSON_ARRAY ? join(c, value) : tern_value_text(value, NULL);
}

static bool check_claims(verdict *v, const parts *p, tern_jwt_claims *claims)
{
    uint8_t *text = tern_alloc(v->c, p->claims_len + 1);
    long len = decode(p->claims, p->claims_len, text);
    const char *issuer = v->keys->options.issuer;
    claims->json = (tern_str){(char *)text, len > 0 ? (size_t)len : 0};
    claims->all = len > 0 ? tern_value_parse_try(v->c, claims->json, NULL) : NULL;
    if (tern_value_kind_of(claims->all) != TERN_JSON_OBJECT)
        return is_wrong(v, "its claims are not a JSON object in base64url");
    if (!check_times(v, claims) || !check_audience(v, tern_value_get(claims->all, "aud")) ||
        !take_text(v, claims->all, "iss", &claims->issuer) ||
        !take_text(v, claims->all, "sub", &claims->subject) || !take_text(v, claims->all, "jti", &claims->id))
        return false;
    if (issuer != NULL && (claims->issuer == NULL || strcmp(claims->issuer, issuer) != 0))
        return is_wrong(v, "it is of another issuer");
    claims->scopes = jwt_scopes(v->c, claims->all, NULL);
    return true;
}

const tern_jwt_claims *tern_jwt_check(tern_ctx *c, tern_jwt_keys *keys, const char *token, const char **why)
{
    parts p;
    verdict v = {.c = c, .keys = keys};
    tern_jwt_claims *claims = tern_alloc(c, sizeof *claims);
    bool is_right = keys != NULL ? token != NULL && divide(token, &p) : is_wrong(&v, "there are no keys");
    if (!is_right && v.why == NULL)
        v.why = "it is not three parts with '.' between them, of at most 8192 characters";
    is_right = is_right && check_signature(&v, &p) && check_claims(&v, &p, claims);
    if (why != NULL)
        *why = v.why;
    return is_right ? claims : NULL;
}
