/**
 * JSON that is only checked: free values, unknown keys, values of the wrong kind. The whole grammar of RFC
 * 8259 is here; the readers of structs take short cuts, and use it when these fail.
 *
 * Hot path: must not allocate or recurse.
 */
#include "base/text.h"
#include "schema/json/read.h"
#include "schema/json/scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

void json_reader_init(json_reader *r, tern_str text, const json_limits *limits)
{
    static const json_limits defaults = {0};
    const json_limits *l = limits != NULL ? limits : &defaults;
    const char *begin = text.data != NULL ? text.data : "";
    *r = (json_reader){
        .at = begin, .begin = begin, .end = begin + text.len, .counted = begin, .line_begin = begin};
    r->depth_most = l->depth != 0 ? l->depth : JSON_DEPTH;
    if (r->depth_most > JSON_DEPTH_MOST)
        r->depth_most = JSON_DEPTH_MOST;
    r->items_left = l->items != 0 ? l->items : JSON_ITEMS;
    r->memory_left =
        l->memory_bytes != 0 ? l->memory_bytes : JSON_MEMORY_FACTOR * text.len + JSON_MEMORY_FLOOR;
    r->is_reply = l->is_reply;
}

__attribute__((cold)) bool json_stop_code(json_reader *r, const char *code, const char *message)
{
    if (r->stop == NULL) {
        r->stop = message;
        r->code = code;
    }
    return false;
}

__attribute__((cold)) bool json_stop(json_reader *r, const char *expected)
{
    return json_stop_code(r, "not_json", expected);
}

__attribute__((cold)) bool json_stop_value(json_reader *r)
{
    static const struct {
        char byte;
        const char *message;
    } likely[] = {
        {'\'', "text must be in double quotes"},
        {'/', "JSON has no comments"},
        {'#', "JSON has no comments"},
        {'+', "a number must not have a plus sign"},
        {'.', "a number must begin with a digit"},
        {'N', "JSON has no such value; true, false and null are lower-case"},
        {'I', "JSON has no such value"},
        {'T', "true, false and null are lower-case"},
        {'F', "true, false and null are lower-case"},
        {'\xef', "expected a value (a byte-order mark is not one)"},
        {']', "expected a value (a trailing comma is not allowed)"},
    };
    for (size_t i = 0; r->at < r->end && i < sizeof likely / sizeof *likely; i++)
        if (*r->at == likely[i].byte)
            return json_stop(r, likely[i].message);
    return json_stop(r, "expected a value");
}

void json_note_line(json_reader *r, const char *to)
{
    const char *from = to >= r->counted ? r->counted : r->begin;
    const char *newline = memrchr(from, '\n', (size_t)(to - from));
    if (newline != NULL)
        r->line_begin = newline + 1;
    else if (from == r->begin)
        r->line_begin = from;
}

void json_count_lines(json_reader *r, const char *to)
{
    unsigned ends = 0, made = r->made_lines;
    json_note_line(r, to);
    for (const char *at = r->begin; at < to && (at = memchr(at, '\n', (size_t)(to - at))) != NULL; at++)
        ends++;
    if (to < r->counted && (to <= r->made_first || made > ends))
        made = to <= r->made_first ? 0 : ends;
    r->line = 1 + ends - made;
    if (r->line == 1)
        r->line_begin = r->begin;
}

#if defined(__SSE2__)

/** A bit for each of the 16 bytes at `at` that is not a space. */
static inline unsigned other_than_space(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '))) ^ 0xffff;
}

#endif

/** Skips spaces: indentation. */
static inline const char *skip_indentation(const char *at, const char *end)
{
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        unsigned others = other_than_space(at);
        if (others != 0)
            return at + __builtin_ctz(others);
    }
#endif
    while (at < end && *at == ' ')
        at++;
    return at;
}

const char *json_space_slow(const char *at, const char *end)
{
    const uint64_t spaces = UINT64_C(1) << ' ' | 1 << '\n' | 1 << '\r' | 1 << '\t';
#if defined(__SSE2__)
    if (*at == '\n' && end - at > 16) { /* a newline and up to 15 spaces, and then no more white space */
        unsigned others = other_than_space(at + 1);
        const char *behind = at + 1 + (others != 0 ? __builtin_ctz(others) : 0);
        if ((unsigned char)*behind > ' ')
            return behind;
    }
#endif
    while (at < end && (unsigned char)*at <= ' ' && (spaces >> *at & 1) != 0)
        at = skip_indentation(at + 1, end);
    return at;
}

/** Like json_space; 0 at the end. */
static char skip_space(json_reader *r)
{
    if (r->at < r->end && (unsigned char)*r->at <= ' ')
        r->at = json_space_slow(r->at, r->end);
    return r->at < r->end ? *r->at : '\0';
}

static bool is_digit(const char *at, const char *end)
{
    return at < end && (unsigned)(*at - '0') < 10;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (is_digit(at, end))
        at++;
    return at;
}

bool json_skip_number(json_reader *r)
{
    const char *end = r->end;
    if (r->at < end && *r->at == '-')
        r->at++;
    const char *first = r->at;
    r->at = skip_digits(first, end);
    if (r->at == first)
        return json_stop(r, "expected a digit");
    if (*first == '0' && r->at - first > 1)
        return json_stop(r, "a number must not begin with 0");
    if (r->at < end && *r->at == '.') {
        first = ++r->at;
        r->at = skip_digits(first, end);
        if (r->at == first)
            return json_stop(r, "expected a digit after the point");
    }
    if (r->at < end && (*r->at | 0x20) == 'e') {
        r->at++;
        if (r->at < end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        first = r->at;
        r->at = skip_digits(first, end);
        if (r->at == first)
            return json_stop(r, "expected a digit in the exponent");
    }
    return true;
}

/** The value of the four hexadecimal digits at `at`; -1 when they are not. */
static int hex_4(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = text_hex_value(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

size_t json_escape(const char *at, const char *end, unsigned *character)
{
    /* by letter: the character it stands for */
    static const unsigned char letters[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                               ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (at == end)
        return 0;
    if (*at != 'u') {
        *character = letters[(unsigned char)*at];
        return *character != 0;
    }
    int code = hex_4(at + 1, end);
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return 0;
    *character = (unsigned)code;
    if (code < 0xd800 || code > 0xdbff)
        return 5;
    if (end - at < 7 || at[5] != '\\' || at[6] != 'u')
        return 0;
    int low = hex_4(at + 7, end);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *character = 0x10000 + ((unsigned)(code - 0xd800) << 10) + (unsigned)(low - 0xdc00);
    return 11;
}

__attribute__((cold)) bool json_stop_text(json_reader *r)
{
    if (r->at == r->end)
        return json_stop(r, "expected the quote that ends the text");
    if (*r->at == '\\')
        return json_stop(r, "expected an escape like \\n or \\u00e9 (surrogates in pairs)");
    return json_stop(r, "a control byte in text must be written as an escape");
}

bool json_skip_text(json_reader *r)
{
    const char *begin = ++r->at;
    bool is_high = false;
    for (;;) {
        r->at = json_scan_best->text(r->begin, r->at, r->end, &is_high);
        if (r->at < r->end && *r->at == '"')
            break;
        unsigned character;
        size_t len = r->at < r->end && *r->at == '\\' ? json_escape(r->at + 1, r->end, &character) : 0;
        if (len == 0)
            return json_stop_text(r);
        r->at += 1 + len;
    }
    if (is_high && !json_scan_best->utf8(begin, (size_t)(r->at - begin)))
        return json_stop(r, "text before this is not UTF-8");
    r->at++;
    return true;
}

static bool skip_word(json_reader *r, const char *word, size_t len)
{
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return json_stop_value(r);
    r->at += len;
    return true;
}

/** Skips a value that is not an array or object. */
static bool skip_single(json_reader *r, char first)
{
    switch (first) {
    case '"':
        return json_skip_text(r);
    case 't':
        return skip_word(r, "true", 4);
    case 'f':
        return skip_word(r, "false", 5);
    case 'n':
        return skip_word(r, "null", 4);
    default:
        return first == '-' || (unsigned)(first - '0') < 10 ? json_skip_number(r) : json_stop_value(r);
    }
}

/** Skips a key and its colon. */
static bool skip_key(json_reader *r)
{
    if (skip_space(r) != '"')
        return json_stop(r, "expected a key in double quotes");
    if (!json_skip_text(r))
        return false;
    if (skip_space(r) != ':')
        return json_stop(r, "expected ':' after the key");
    r->at++;
    return json_count_item(r);
}

/** One bit for each open level: whether it is an object. */
typedef struct levels {
    unsigned outer; /* the reader's depth when it began */
    uint64_t objects[JSON_DEPTH_MOST / 64];
} levels;

static bool is_object(const levels *l, unsigned depth)
{
    unsigned level = depth - 1;
    return (l->objects[level / 64] >> level % 64 & 1) != 0;
}

/** Skips an opening bracket; sets `*is_empty` when the closing one follows at once. */
static bool skip_open(json_reader *r, levels *l, char bracket, bool *is_empty)
{
    if (!json_enter(r))
        return false;
    unsigned level = r->depth - 1;
    uint64_t bit = UINT64_C(1) << level % 64;
    l->objects[level / 64] = bracket == '{' ? l->objects[level / 64] | bit : l->objects[level / 64] & ~bit;
    *is_empty = skip_space(r) == (bracket == '{' ? '}' : ']');
    if (*is_empty) {
        r->at++;
        r->depth--;
        return true;
    }
    return bracket == '{' ? skip_key(r) : json_count_item(r);
}

/** After a value: skips the closing brackets, then the comma (and the key) before the next value. */
static bool skip_to_next(json_reader *r, const levels *l)
{
    while (r->depth > l->outer) {
        bool in_object = is_object(l, r->depth);
        char byte = skip_space(r);
        if (byte == ',') {
            r->at++;
            return in_object ? skip_key(r) : json_count_item(r);
        }
        if (byte != (in_object ? '}' : ']'))
            return json_stop(r, in_object ? "expected ',' or '}'" : "expected ',' or ']'");
        r->at++;
        r->depth--;
    }
    return true;
}

bool json_skip(json_reader *r)
{
    levels l = {.outer = r->depth};
    do {
        char first = skip_space(r);
        bool is_whole = true;
        bool is_right =
            first == '{' || first == '[' ? skip_open(r, &l, first, &is_whole) : skip_single(r, first);
        if (!is_right || (is_whole && !skip_to_next(r, &l)))
            return false;
    } while (r->depth > l.outer);
    return true;
}

const char *json_check(tern_str text, const json_limits *limits, size_t *offset)
{
    json_reader r;
    json_reader_init(&r, text, limits);
    if (json_skip(&r) && skip_space(&r) == '\0' && r.at == r.end)
        return NULL;
    *offset = (size_t)(r.at - r.begin);
    return r.stop != NULL ? r.stop : "expected nothing after the value";
}

void json_place(tern_str text, size_t offset, unsigned *line, unsigned *column)
{
    json_reader r;
    json_reader_init(&r, text, NULL);
    json_count_lines(&r, r.begin + offset);
    *line = r.line;
    *column = (unsigned)(r.begin + offset - r.line_begin) + 1;
}
