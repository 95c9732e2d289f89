/*
 * Parses text to a tree in one pass, in one block of memory whose size is known beforehand.
 *
 * The values in the text are counted first. The block is filled from both ends: the items of open arrays and
 * objects at the front, those of closed ones at the back, where they move together. Every value is at one of
 * the two ends, so these never meet.
 */
#include "base/text.h"
#include "schema/json/read.h"
#include "schema/number/whole.h"
#include "schema/scalar.h"
#include "schema/value/value.h"

typedef struct parser {
    json_reader reader;
    tern_value *front, *back;
} parser;

/** The end of the string whose opening quote is before `at`. */
static const char *behind_text(const char *at, const char *end)
{
    while (at < end && *at != '"')
        at += 1 + (*at == '\\');
    return at < end ? at + 1 : end;
}

/** How many values and keys a text has, up to where it is nested too deeply. Correct when the text is
 * JSON. */
static size_t count_values(tern_str text, unsigned depth_most)
{
    size_t count = 0;
    unsigned depth = 0;
    bool in_word = false; /* or number */
    const char *end = text.data + text.len, *at = text.data;
    while (at < end) {
        char byte = *at++;
        if (byte == '"') {
            at = behind_text(at, end);
            count++;
        } else if (byte == '[' || byte == '{') {
            if (++depth > depth_most)
                break;
            count++;
        }
        depth -= (byte == ']' || byte == '}') && depth != 0;
        bool is_word = (unsigned)(byte - '0') < 10 || (unsigned)((byte | 0x20) - 'a') < 26 || byte == '-' ||
                       byte == '+' || byte == '.';
        count += is_word && !in_word;
        in_word = is_word;
    }
    return count + 1;
}

/** The next free value; NULL only when the text is not JSON. */
static tern_value *push(parser *p, value_form form)
{
    if (p->front == p->back) {
        json_stop(&p->reader, "expected the end");
        return NULL;
    }
    *p->front = (tern_value){.form = (uint8_t)form};
    return p->front++;
}

static bool parse_text(parser *p)
{
    const char *text = json_read_text(&p->reader);
    tern_value *v = text != NULL ? push(p, VALUE_TEXT) : NULL;
    if (v == NULL)
        return false;
    v->text = text;
    v->len = (uint32_t)p->reader.text_len;
    return true;
}

static bool parse_word(parser *p, const char *word, size_t len, tern_value value)
{
    json_reader *r = &p->reader;
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return json_stop_value(r);
    r->at += len;
    tern_value *v = push(p, value.form);
    if (v == NULL)
        return false;
    *v = value;
    return true;
}

/** Whether a double can represent a number's text: at most 17 significant digits, and no underflow to 0. */
static bool is_double_enough(const char *text, size_t len, double value)
{
    unsigned digits = 0, zeros = 0;
    for (size_t i = 0; i < len && (text[i] | 0x20) != 'e'; i++) {
        if (text[i] == '0') {
            zeros += digits != 0;
        } else if (text[i] != '.' && text[i] != '-') {
            digits += zeros + 1;
            zeros = 0;
        }
    }
    return digits <= 17 && (value != 0 || digits == 0);
}

/** Stores a whole number that is written as 9007199254740993.0 or 1e18 exactly, if it fits an integer. */
static void take_large_whole(tern_value *v, const char *text, size_t len)
{
    number_exact number;
    uint64_t value;
    if (!number_take_apart(text, len, &number) || number_to_whole(&number, &value) != NUMBER_WHOLE)
        return;
    if (value <= INT64_MAX)
        *v = (tern_value){.form = VALUE_INT, .i = number.is_negative ? -(int64_t)value : (int64_t)value};
    else if (!number.is_negative)
        *v = (tern_value){.form = VALUE_UINT, .u = value};
}

static void take_number(tern_value *v, const char *text, size_t len)
{
    size_t whole = text[0] == '-';
    while (whole < len && (unsigned)(text[whole] - '0') < 10)
        whole++;
    bool is_whole = whole == len && !(len == 2 && memcmp(text, "-0", 2) == 0); /* only a double has -0 */
    if (is_whole && text_get_i64(text, len, &v->i)) {
        v->form = VALUE_INT;
    } else if (is_whole && text_get_u64(text, len, &v->u)) {
        v->form = VALUE_UINT;
    } else if (!is_whole && number_read_double(text, len, &v->d) && is_double_enough(text, len, v->d)) {
        v->form = VALUE_DOUBLE;
        if (__builtin_fabs(v->d) > 0x1p53) /* where doubles skip whole numbers */
            take_large_whole(v, text, len);
    } else {
        v->form = VALUE_DIGITS;
        v->text = text;
        v->len = (uint32_t)len;
    }
}

static bool parse_number(parser *p)
{
    json_reader *r = &p->reader;
    const char *text = r->at;
    tern_value *v = json_skip_number(r) ? push(p, VALUE_INT) : NULL;
    if (v == NULL)
        return false;
    take_number(v, text, (size_t)(r->at - text));
    return true;
}

static bool stop_duplicate(parser *p, const tern_value *key)
{
    p->reader.at = key->text;
    return json_stop_code(&p->reader, "duplicate", "has a key twice");
}

/** Puts a large object into a box with an index. */
static bool box_object(parser *p, tern_value *object)
{
    json_reader *r = &p->reader;
    uint32_t slots = value_slots_for(object->len);
    if (!json_charge(r, sizeof(value_box) + slots * sizeof(uint32_t)))
        return false;
    value_box *box = arena_alloc(r->arena, sizeof *box);
    uint32_t *table = arena_alloc(r->arena, slots * sizeof *table);
    if (box == NULL || table == NULL || !value_has_secret())
        return json_stop_code(r, "no_memory", "ran out of memory");
    *box = (value_box){object->items, object->len, object->len, table, slots - 1};
    object->is_boxed = true;
    object->box = box;
    long duplicate = value_index(box);
    return duplicate < 0 || stop_duplicate(p, &box->items[2 * duplicate]);
}

static bool check_keys(parser *p, tern_value *object)
{
    if (object->len > VALUE_LINEAR)
        return box_object(p, object);
    const tern_value *items = object->items;
    for (uint32_t i = 1; i < object->len; i++)
        for (uint32_t k = 0; k < i; k++)
            if (items[2 * i].len == items[2 * k].len &&
                memcmp(items[2 * i].text, items[2 * k].text, items[2 * i].len) == 0)
                return stop_duplicate(p, &items[2 * i]);
    return true;
}

/** Moves the items from `first` on to the back, and puts their array or object in their place. */
static bool close_items(parser *p, tern_value *first, value_form form)
{
    size_t count = (size_t)(p->front - first);
    if (p->front == p->back)
        return json_stop(&p->reader, "expected the end");
    p->back -= count;
    if (count != 0)
        memmove(p->back, first, count * sizeof *first);
    p->front = first + 1;
    *first = (tern_value){.form = (uint8_t)form, .len = (uint32_t)(form == VALUE_OBJECT ? count / 2 : count)};
    first->items = p->back;
    return form == VALUE_ARRAY || check_keys(p, first);
}

static bool parse_value(parser *p);

static bool parse_key(parser *p)
{
    json_reader *r = &p->reader;
    if (json_space(r) != '"')
        return json_stop(r, "expected a key in double quotes");
    if (!parse_text(p))
        return false;
    if (r->has_nul) /* tern_value_key would return another key */
        return json_stop_code(r, "nul_in_text", "has a key with the character U+0000");
    if (json_space(r) != ':')
        return json_stop(r, "expected ':' after the key");
    r->at++;
    return true;
}

static bool parse_items(parser *p, value_form form)
{
    json_reader *r = &p->reader;
    tern_value *first = p->front;
    char closing = form == VALUE_OBJECT ? '}' : ']';
    if (!json_enter(r))
        return false;
    if (json_space(r) != closing) {
        for (;; r->at++) {
            if (!json_count_item(r) || (form == VALUE_OBJECT && !parse_key(p)) || !parse_value(p))
                return false;
            if (json_space(r) != ',')
                break;
        }
        if (*r->at != closing)
            return json_stop(r, form == VALUE_OBJECT ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    r->at++;
    r->depth--;
    return close_items(p, first, form);
}

/** Recursion is limited by the reader's depth. */
static bool parse_value(parser *p)
{
    char first = json_space(&p->reader);
    switch (first) {
    case '{':
        return parse_items(p, VALUE_OBJECT);
    case '[':
        return parse_items(p, VALUE_ARRAY);
    case '"':
        return parse_text(p);
    case 't':
        return parse_word(p, "true", 4, (tern_value){.form = VALUE_BOOL, .is_true = true});
    case 'f':
        return parse_word(p, "false", 5, (tern_value){.form = VALUE_BOOL});
    case 'n':
        return parse_word(p, "null", 4, (tern_value){.form = VALUE_NULL});
    default:
        return first == '-' || (unsigned)(first - '0') < 10 ? parse_number(p) : json_stop_value(&p->reader);
    }
}

static bool parse_whole(parser *p, tern_str text)
{
    json_reader *r = &p->reader;
    size_t count = count_values(text, r->depth_most);
    if (text.len >= UINT32_MAX)
        return json_stop_code(r, "too_long", "is too long");
    if (!json_charge(r, count * sizeof *p->front))
        return false;
    p->front = arena_alloc(r->arena, count * sizeof *p->front);
    if (p->front == NULL)
        return json_stop_code(r, "no_memory", "ran out of memory");
    p->back = p->front + count;
    if (!parse_value(p))
        return false;
    return (json_space(r) == '\0' && r->at == r->end) || json_stop(r, "expected nothing after the value");
}

tern_value *value_parse(arena *a, tern_str text, const json_limits *limits, value_error *error)
{
    parser p;
    *error = (value_error){0};
    if (text.len == 0)
        text.data = "";
    json_reader_init(&p.reader, text, limits);
    p.reader.arena = a;
    if (parse_whole(&p, text))
        return p.front - 1;
    json_reader *r = &p.reader;
    json_count_lines(r, r->at);
    *error = (value_error){r->code, r->stop, (size_t)(r->at - r->begin), r->line,
                           (unsigned)(r->at - r->line_begin) + 1};
    return NULL;
}
