/**
 * Reads objects into structs.
 *
 * Clients send fields in the order of the declaration more often than not. So the expected key is compared
 * first, with its quotes and colon, as it is in the text; only a different key is read as a string and looked
 * up.
 *
 * Hot path: must not allocate, and must not clear the struct first.
 */
#include "schema/json/read_fast.h"
#include "schema/validate.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/** A model being read. */
typedef struct filling {
    const type_plan *plan;
    const tern_type *type;
    void *out;
    const place *where;
    place here;       /* the field being read */
    unsigned next;    /* the field expected next */
    unsigned filled;  /* fields that were given, except read-only ones */
    uint64_t seen[2]; /* a bit for each key that was given; a model has at most 128 */
} filling;

/** memcmp of at least 4 bytes, inline: a call would cost more than the comparison. */
static inline bool is_same(const char *a, const char *b, size_t len)
{
    uint64_t a8, b8;
    uint32_t a4, b4;
    if (len < sizeof a8) {
        memcpy(&a4, a, sizeof a4);
        memcpy(&b4, b, sizeof b4);
        if (a4 != b4)
            return false;
        memcpy(&a4, a + len - sizeof a4, sizeof a4);
        memcpy(&b4, b + len - sizeof b4, sizeof b4);
        return a4 == b4;
    }
    for (size_t i = 0; i + sizeof a8 < len; i += sizeof a8) {
        memcpy(&a8, a + i, sizeof a8);
        memcpy(&b8, b + i, sizeof b8);
        if (a8 != b8)
            return false;
    }
    memcpy(&a8, a + len - sizeof a8, sizeof a8);
    memcpy(&b8, b + len - sizeof b8, sizeof b8);
    return a8 == b8;
}

/** Whether the field's `"key":` is at r->at. A key has at least one byte: with quotes and colon, four. */
static inline bool is_due(const json_reader *r, const field_plan *f)
{
    size_t len = f->json_key_len;
#if defined(__SSE2__)
    if (len <= 16 && r->end - r->at >= 16) { /* that much of the key is always readable */
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)r->at);
        __m128i key = _mm_loadu_si128((const __m128i *)(const void *)f->json_key);
        unsigned others = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, key)) ^ 0xffff;
        return others << (16 - len) << 16 == 0;
    }
#endif
    return (size_t)(r->end - r->at) > len && is_same(r->at, f->json_key, len);
}

static bool add_key_fault(json_reader *r, const filling *m, const char *key, const char *code,
                          const char *message)
{
    const place here = {m->where, key, 0};
    json_space(r);
    if (json_skip(r))
        fault_add(r->faults, &here, code, NULL, NULL, "%s", message);
    return false;
}

/** Reads a key that was not expected, with its colon. NULL when it is not a field (its value is skipped), or
 * when reading ended. */
static const field_plan *look_up(json_reader *r, filling *m)
{
    const char *key = json_read_text(r);
    if (key == NULL)
        return NULL;
    if (json_space(r) != ':') {
        json_stop(r, "expected ':' after the key");
        return NULL;
    }
    r->at++;
    int number = plan_find(m->plan, key, r->text_len);
    if (number >= 0)
        return &m->plan->fields[number];
    if (m->type->options.ignore_unknown || r->is_reply) {
        json_space(r);
        json_skip(r);
    } else {
        add_key_fault(r, m, json_shown_key(r, key), "unknown", "is not a known field");
    }
    return NULL;
}

/** The value of an absent or null field. */
static void set_nothing(const tern_type *type, void *value)
{
    memset(value, 0, type->size);
    if (type->kind == TERN_KIND_UPLOAD)
        ((tern_upload *)value)->fd = -1;
}

static bool read_null(json_reader *r, const field_plan *f, void *value, uint8_t *state)
{
    const char *begin = r->at;
    if (!json_skip(r)) /* may not be null, but something else that begins with n */
        return false;
    set_nothing(f->field->type, value);
    if (f->field->type->kind == TERN_KIND_ANY)
        *(tern_any *)value = (tern_any){begin, (size_t)(r->at - begin)};
    *state = TERN_STATE_NULL;
    return true;
}

static inline bool read_field(json_reader *r, filling *m, const field_plan *f)
{
    void *value = plan_value(f, m->out);
    uint8_t *state = plan_state(f, m->out);
    if (json_space(r) == 'n' && f->is_nullable)
        return read_null(r, f, value, state);
    *state = TERN_STATE_GIVEN;
    m->here.name = f->key;
    if (!json_read_usual(r, f->type, value, &m->here))
        return false;
    if (f->is_checked)
        validate_field(f, value, &m->here, r->faults);
    return true;
}

/** Reads a key and its value. False with a fault, or when reading ended. */
static bool read_member(json_reader *r, filling *m)
{
    unsigned number = m->next;
    const field_plan *f = &m->plan->fields[number];
    if (number < m->type->field_count && is_due(r, f)) {
        r->at += f->json_key_len;
    } else {
        if (*r->at != '"')
            return json_stop(r, "expected a key in double quotes");
        f = look_up(r, m);
        if (f == NULL)
            return false;
        number = (unsigned)(f - m->plan->fields);
    }
    uint64_t bit = UINT64_C(1) << number % 64;
    m->next = number + 1;
    if ((m->seen[number / 64] & bit) != 0)
        return add_key_fault(r, m, f->key, "duplicate", "is given twice");
    m->seen[number / 64] |= bit;
    if (f->field->read_only && !r->is_reply) {
        json_space(r);
        return json_skip(r);
    }
    m->filled++;
    return read_field(r, m, f);
}

/** Fields that were not given get their fallback or no value; required ones are faults. Fallbacks and
 * read-only fields are as in a struct that the program fills in: they are printed. */
static void fill_absent(json_reader *r, const filling *m)
{
    for (unsigned i = 0; i < m->type->field_count; i++) {
        const field_plan *f = &m->plan->fields[i];
        bool read_only = f->field->read_only, has_value = read_only || f->fallback != NULL;
        if ((m->seen[i / 64] >> i % 64 & 1) != 0 && (!read_only || r->is_reply))
            continue;
        void *value = plan_value(f, m->out);
        if (f->fallback != NULL)
            memcpy(value, f->fallback, f->field->type->size);
        else
            set_nothing(f->field->type, value);
        *plan_state(f, m->out) = has_value ? TERN_STATE_VALUE : TERN_STATE_ABSENT;
        if (f->is_required && !(f->field->write_only && r->is_reply)) {
            const place here = {m->where, f->key, 0};
            fault_add(r->faults, &here, "missing", NULL, NULL, "must be given");
        }
    }
}

/** Reads all members up to the closing brace. False when reading ended. */
static bool read_members(json_reader *r, filling *m)
{
    if (json_space(r) == '}') {
        r->at++;
        return true;
    }
    for (;;) {
        if (!json_count_item(r) || (!read_member(r, m) && r->stop != NULL))
            return false;
        char byte = json_space(r);
        r->at++;
        if (byte == ',') {
            json_space(r);
            continue;
        }
        if (byte == '}')
            return true;
        r->at--;
        return json_stop(r, "expected ',' or '}'");
    }
}

bool json_read_model(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '{')
        return json_wrong_kind(r, type, where);
    filling m = {.plan = plan_of(type), .type = type, .out = out, .where = where, .here = {.up = where}};
    unsigned before = r->faults->count;
    if (!json_enter(r) || !read_members(r, &m))
        return false;
    r->depth--;
    if (m.filled != type->field_count)
        fill_absent(r, &m);
    if (r->faults->count == before && type->options.check != NULL)
        validate_model(type, out, where, r->faults);
    return r->faults->count == before;
}
