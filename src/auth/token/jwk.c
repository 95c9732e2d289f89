/** JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) as keys. */
#include "auth/token/keys.h"
#include "crypto/base64url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MOST = KEY_MOST_RSA_BITS / 8 + 8 };

void jwt_keys_free(jwt_key_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        key_free(list->list[i].key);
        free((void *)(uintptr_t)list->list[i].id);
        free((void *)(uintptr_t)list->list[i].header);
    }
    list->count = 0;
}

/** `"alg":"ES256","kid":"..."`: tern_jwt_sign adds the type. */
static const char *make_header(const key *k, const char *id)
{
    char text[256];
    int len = snprintf(text, sizeof text, "\"alg\":\"%s\",\"kid\":\"%s\"",
                       key_algorithm_name(key_algorithm_of(k)), id);
    return len > 0 && (size_t)len < sizeof text ? strdup(text) : NULL;
}

/** Whether an id can be in a header without escapes. */
static bool is_plain(const char *id)
{
    size_t len = strlen(id);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)id[i] < ' ' || id[i] == '"' || id[i] == '\\' || (unsigned char)id[i] >= 0x7f)
            return false;
    return len > 0 && len <= 128;
}

bool jwt_key_add(jwt_key_list *list, key *k, const char *id, const char **problem)
{
    char made[KEY_ID_LEN + 1];
    jwt_key added = {.key = k, .id_is_given = id != NULL};
    *problem = "there are more than 32 keys";
    if (list->count == JWT_KEYS_MOST) {
        key_free(k);
        return false;
    }
    if (id == NULL) {
        key_thumbprint(k, made);
        id = made;
    }
    *problem = "its kid must be 1 to 128 characters of visible ASCII without '\"' and '\\'";
    if (is_plain(id)) {
        *problem = "out of memory";
        added.id = strdup(id);
        added.header = make_header(k, id);
    }
    if (added.id != NULL && added.header != NULL) {
        list->list[list->count++] = added;
        return true;
    }
    free((void *)(uintptr_t)added.id);
    free((void *)(uintptr_t)added.header);
    key_free(k);
    return false;
}

/* -- members -- */

/** Room for the numbers of one key. */
typedef struct number_room {
    uint8_t bytes[8][NUMBER_MOST];
    unsigned used;
    bool is_wrong;
} number_room;

static key_part number_of(const tern_value *jwk, const char *name, number_room *room)
{
    const tern_value *member = tern_value_get(jwk, name);
    tern_str text = tern_value_str(member);
    if (member == NULL)
        return (key_part){0};
    if (tern_value_kind_of(member) != TERN_JSON_TEXT || text.len == 0 ||
        BASE64URL_BYTES(text.len) > NUMBER_MOST || room->used == 8) {
        room->is_wrong = true;
        return (key_part){0};
    }
    uint8_t *out = room->bytes[room->used++];
    long len = base64url_parse(text.data, text.len, out);
    room->is_wrong |= len <= 0;
    return (key_part){out, len > 0 ? (size_t)len : 0};
}

static bool is_text(const tern_value *jwk, const char *name, const char *wanted)
{
    return strcmp(tern_value_text(tern_value_get(jwk, name), ""), wanted) == 0;
}

/** Whether the key may be used for signatures: RFC 7517 sections 4.2 and 4.3. */
static bool is_for_signatures(const tern_value *jwk)
{
    const tern_value *use = tern_value_get(jwk, "use"), *operations = tern_value_get(jwk, "key_ops"), *one;
    if (use != NULL && !is_text(jwk, "use", "sig"))
        return false;
    if (operations == NULL)
        return true;
    tern_value_each(one, operations)
    {
        const char *name = tern_value_text(one, "");
        if (strcmp(name, "sign") == 0 || strcmp(name, "verify") == 0)
            return true;
    }
    return false;
}

/** The algorithm of the key's kind; false for a kind that Tern does not use. */
static bool find_algorithm(const tern_value *jwk, key_algorithm *algorithm)
{
    static const struct {
        const char *kty, *crv;
        key_algorithm algorithm;
    } kinds[] = {{"oct", NULL, KEY_HS256},
                 {"RSA", NULL, KEY_RS256},
                 {"EC", "P-256", KEY_ES256},
                 {"OKP", "Ed25519", KEY_EDDSA}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!is_text(jwk, "kty", kinds[i].kty) ||
            (kinds[i].crv != NULL && !is_text(jwk, "crv", kinds[i].crv)))
            continue;
        *algorithm = kinds[i].algorithm;
        return true;
    }
    return false;
}

static key *read_key(const tern_value *jwk, const char **problem)
{
    key_parts parts = {0};
    if (!find_algorithm(jwk, &parts.algorithm)) {
        *problem = "it is not an oct, RSA, EC P-256 or OKP Ed25519 key";
        return NULL;
    }
    const tern_value *alg = tern_value_get(jwk, "alg");
    if (alg != NULL && strcmp(tern_value_text(alg, ""), key_algorithm_name(parts.algorithm)) != 0) {
        *problem = "its alg is not HS256, RS256, ES256 or EdDSA, as its kind is for";
        return NULL;
    }
    number_room *room = calloc(1, sizeof *room);
    if (room == NULL) {
        *problem = "out of memory";
        return NULL;
    }
    if (parts.algorithm == KEY_HS256) {
        parts.secret = number_of(jwk, "k", room);
    } else if (parts.algorithm == KEY_RS256) {
        parts.n = number_of(jwk, "n", room);
        parts.e = number_of(jwk, "e", room);
        parts.p = number_of(jwk, "p", room);
        parts.q = number_of(jwk, "q", room);
        parts.dp = number_of(jwk, "dp", room);
        parts.dq = number_of(jwk, "dq", room);
        parts.qi = number_of(jwk, "qi", room);
    } else {
        parts.x = number_of(jwk, "x", room);
        parts.y = number_of(jwk, "y", room);
    }
    parts.d = parts.algorithm != KEY_HS256 ? number_of(jwk, "d", room) : (key_part){0};
    *problem = "a number of it is not base64url, or is too long";
    key *k = room->is_wrong ? NULL : key_of_parts(&parts, problem);
    memset(room, 0, sizeof *room);
    __asm__ volatile("" : : "r"(room) : "memory"); /* or the compiler would leave it out */
    free(room);
    return k;
}

bool jwk_add(const tern_value *jwk, jwt_key_list *list, const char **problem)
{
    const tern_value *id = tern_value_get(jwk, "kid");
    if (tern_value_kind_of(jwk) != TERN_JSON_OBJECT) {
        *problem = "it is not an object";
        return false;
    }
    if (!is_for_signatures(jwk)) {
        *problem = "its use, or its key_ops, is not for signatures";
        return false;
    }
    key *k = read_key(jwk, problem);
    return k != NULL && jwt_key_add(list, k, id != NULL ? tern_value_text(id, "") : NULL, problem);
}

unsigned jwk_add_all(const tern_value *set, jwt_key_list *list, const char **problem)
{
    const tern_value *keys = tern_value_get(set, "keys"), *jwk;
    unsigned unusable = 0;
    if (keys == NULL)
        return !jwk_add(set, list, problem);
    tern_value_each(jwk, keys) unusable += !jwk_add(jwk, list, problem);
    return unusable;
}
