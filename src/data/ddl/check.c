/* The rules of a model's field as a check constraint. */
#include "data/ddl/ddl.h"
#include "data/table/maker.h"

#include <string.h>

/** The condition being built, term by term. */
typedef struct check_text {
    buf *sql;
    data_dialect dialect;
    const ddl_column *column;
    bool has_terms;
} check_text;

/** Begins a term. */
static buf *next_term(check_text *t)
{
    buf_add_text(t->sql, t->has_terms ? " and " : "");
    t->has_terms = true;
    return t->sql;
}

/** A limit; NULL without one. */
typedef struct bound {
    const char *value;
    bool is_excluded;
} bound;

/** `before` NAME `after` with an operator such as >=, and a value of `kind`. */
static void add_bound(check_text *t, ddl_kind kind, const char *before, const char *after, const char *mark,
                      const char *value)
{
    buf_add_text(next_term(t), before);
    data_name_add(t->sql, t->column->name);
    buf_add_printf(t->sql, "%s %s ", after, mark);
    ddl_add_literal(t->sql, t->dialect, kind, value);
}

static void add_bounds(check_text *t, ddl_kind kind, const char *before, const char *after, bound least,
                       bound most)
{
    if (least.value != NULL && most.value != NULL && !least.is_excluded && !most.is_excluded) {
        add_bound(t, kind, before, after, "between", least.value);
        buf_add_text(t->sql, " and ");
        ddl_add_literal(t->sql, t->dialect, kind, most.value);
        return;
    }
    if (least.value != NULL)
        add_bound(t, kind, before, after, least.is_excluded ? ">" : ">=", least.value);
    if (most.value != NULL)
        add_bound(t, kind, before, after, most.is_excluded ? "<" : "<=", most.value);
}

/** For decimals stored as text. Compared as the nearest floating-point number, no allowed decimal is outside
 * a limit, but one may be equal to it. So an exclusive limit excludes the limit's own text. */
static void add_text_decimal(check_text *t, bound least, bound most)
{
    add_bounds(t, ddl_kind_float64, "cast(", " as real)", (bound){least.value, false},
               (bound){most.value, false});
    if (least.is_excluded)
        add_bound(t, ddl_kind_decimal, "", "", "<>", least.value);
    if (most.is_excluded)
        add_bound(t, ddl_kind_decimal, "", "", "<>", most.value);
}

/** The bounds of the kind's whole numbers; NULL: the 64 bits that every engine has. */
static const struct {
    const char *least, *most;
} ranges[] = {
    [ddl_kind_int8] = {"-128", "127"},
    [ddl_kind_int16] = {"-32768", "32767"},
    [ddl_kind_int32] = {"-2147483648", "2147483647"},
    [ddl_kind_int64] = {NULL, NULL},
    [ddl_kind_uint8] = {"0", "255"},
    [ddl_kind_uint16] = {"0", "65535"},
    [ddl_kind_uint32] = {"0", "4294967295"},
    [ddl_kind_uint64] = {"0", NULL},
};

static void add_range(check_text *t)
{
    const ddl_column *column = t->column;
    dialect_range kept = {false, false};
    bound low = {column->min, column->min_excluded}, high = {column->max, column->max_excluded};
    switch (column->kind) {
    case ddl_kind_int8:
    case ddl_kind_int16:
    case ddl_kind_int32:
    case ddl_kind_int64:
    case ddl_kind_uint8:
    case ddl_kind_uint16:
    case ddl_kind_uint32:
    case ddl_kind_uint64:
        if (t->dialect->ranges != NULL)
            kept = t->dialect->ranges[column->kind];
        if (low.value == NULL && !kept.keeps_least)
            low.value = ranges[column->kind].least;
        if (high.value == NULL && !kept.keeps_most)
            high.value = ranges[column->kind].most;
        add_bounds(t, column->kind, "", "", low, high);
        break;
    case ddl_kind_decimal:
        if (t->dialect->has_number_texts)
            add_text_decimal(t, low, high);
        else
            add_bounds(t, column->kind, "", "", low, high);
        break;
    default:
        add_bounds(t, column->kind, "", "", low, high);
        break;
    }
    if (column->multiple_of != NULL) {
        data_name_add(next_term(t), column->name);
        buf_add_printf(t->sql, " %% %s = 0", column->multiple_of);
    }
}

static void add_length(check_text *t)
{
    const char *function = t->column->kind == ddl_kind_bytes ? t->dialect->bytes_length : t->dialect->length;
    add_bounds(t, ddl_kind_int64, function, ")", (bound){t->column->min_length, false},
               (bound){t->column->max_length, false});
}

static void add_choices(check_text *t)
{
    const tern_text_list *choices = &t->column->choices;
    if (choices->count == 0)
        return;
    data_name_add(next_term(t), t->column->name);
    for (size_t i = 0; i < choices->count; i++) {
        buf_add_text(t->sql, i == 0 ? " in (" : ", ");
        ddl_add_text(t->sql, choices->items[i]);
    }
    buf_add_text(t->sql, ")");
}

/* The syntax that means the same to PCRE2 and PostgreSQL: letters, digits and a few other literal characters,
 * simple classes, groups, alternatives, greedy counts, anchors. What they treat differently ('.' at line
 * ends, \d beyond ASCII, look-around, options) is left to the application, as all patterns are in SQLite. */

static bool is_plain_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr(" _-,:;@#%&=/!~", byte) != NULL);
}

/** The position after the class that begins at `at`; NULL when it is not simple. */
static const char *skip_class(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    if (*at == ']')
        return NULL;
    while (is_plain_byte(*at) || (*at != '\0' && strchr("+*?.$(){}|", *at) != NULL))
        at++;
    return *at == ']' ? at + 1 : NULL;
}

/** The position after the greedy count at `at`, or `at` without one; NULL when the two would differ. */
static const char *skip_count(const char *at)
{
    static const char digits[] = "0123456789";
    const char *begin = at;
    if (*at == '{') {
        size_t least = strspn(++at, digits);
        at += least;
        size_t most = *at == ',' ? strspn(++at, digits) : 0;
        at += most;
        if (least == 0 || least > 2 || most > 2 || *at++ != '}') /* PostgreSQL counts to 255 */
            return NULL;
    } else if (*at == '+' || *at == '*' || *at == '?') {
        at++;
    }
    return at != begin && *at != '\0' && strchr("+*?{", *at) != NULL ? NULL : at;
}

static bool is_common_pattern(const char *at)
{
    while (at != NULL && *at != '\0') {
        if (*at == '^' || *at == '$' || *at == '|' || *at == '(') {
            at++;
            if (*at != '\0' && strchr("+*?{", *at) != NULL)
                return false; /* a count without an operand, or an option */
        } else if (*at == '[') {
            at = skip_class(at);
            at = at != NULL ? skip_count(at) : NULL;
        } else if (is_plain_byte(*at) || *at == ')') {
            at = skip_count(at + 1);
        } else {
            return false;
        }
    }
    return at != NULL;
}

static void add_pattern(check_text *t)
{
    if (!t->dialect->has_patterns || t->column->pattern == NULL || !is_common_pattern(t->column->pattern))
        return;
    data_name_add(next_term(t), t->column->name);
    buf_add_text(t->sql, " ~ ");
    ddl_add_text(t->sql, t->column->pattern);
}

/** Where the database has no type for these, their texts must have the form that sorts and compares
 * correctly. */
static void add_form(check_text *t)
{
    const dialect_around *forms = t->dialect->forms;
    if (forms == NULL || forms[t->column->kind].before == NULL)
        return;
    next_term(t);
    if (t->column->kind == ddl_kind_json && t->column->nullable) { /* json_valid rejects null */
        data_name_add(t->sql, t->column->name);
        buf_add_text(t->sql, " is null or ");
    }
    buf_add_text(t->sql, forms[t->column->kind].before);
    data_name_add(t->sql, t->column->name);
    buf_add_text(t->sql, forms[t->column->kind].after);
}

bool ddl_add_check(buf *sql, data_dialect dialect, const ddl_column *column)
{
    check_text t = {.sql = sql, .dialect = dialect, .column = column};
    add_form(&t);
    add_range(&t);
    add_length(&t);
    add_choices(&t);
    add_pattern(&t);
    return t.has_terms;
}
