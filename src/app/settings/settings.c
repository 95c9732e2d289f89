#include "app/settings/settings.h"

#include "app/command.h"

#include "base/text.h"
#include "http/exchange.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct unit {
    const char *name;
    uint64_t factor;
} unit;

/* The first name is the unit of a number without one. The others are tried from the largest when a bound is
 * printed. */
static const unit byte_units[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
static const unit time_units[] = {{"", 1000},   {"ms", 1},      {"s", 1000},
                                  {"m", 60000}, {"h", 3600000}, {NULL, 0}};

/* -- one value -- */

/** "16K", "10s": digits and one of the units. */
static bool parse_quantity(const char *text, const unit *units, uint64_t *value)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t number;
    if (!text_get_u64(text, digits, &number))
        return false;
    for (; units->name != NULL; units++)
        if (strcasecmp(units->name, text + digits) == 0)
            return !__builtin_mul_overflow(number, units->factor, value);
    return false;
}

/** The shortest way to write a number that parse_quantity reads back. */
static void add_quantity(buf *out, uint64_t value, const unit *units)
{
    const unit *best = &units[0];
    for (const unit *u = units; u->name != NULL; u++)
        if (value != 0 && value % u->factor == 0 && (best == &units[0] || u->factor > best->factor) &&
            u->name[0] != '\0')
            best = u;
    buf_add_printf(out, "%" PRIu64 "%s", value / best->factor, best->name);
}

/** Describes the valid values of this setting, after `"x" is not `. */
static void add_expectation(const setting *s, buf *out)
{
    const unit *units = s->kind == SETTING_TIME ? time_units : byte_units;
    switch (s->kind) {
    case SETTING_PORT:
        buf_add_text(out, "a port (1 to 65535; 0 picks a free one)");
        break;
    case SETTING_COUNT:
        buf_add_printf(out, "a number from %" PRIu64 " to %" PRIu64, s->min, s->max);
        break;
    case SETTING_BYTES:
    case SETTING_TIME:
        buf_add_printf(out, "a %s from ", s->kind == SETTING_TIME ? "time" : "size");
        add_quantity(out, s->min, units);
        buf_add_text(out, " to ");
        add_quantity(out, s->max, units);
        buf_add_text(out,
                     s->kind == SETTING_TIME ? " (like 500ms, 10s or 5m)" : " (like 512, 16K, 1M or 2G)");
        break;
    case SETTING_MODE:
        buf_add_text(out, "permissions in octal (like 660 or 0600)");
        break;
    case SETTING_CHOICE:
        buf_add_text(out, "one of ");
        for (const char *const *choice = s->choices; *choice != NULL; choice++)
            buf_add_printf(out, "%s%s", choice == s->choices ? "" : ", ", *choice);
        break;
    case SETTING_SWITCH:
        buf_add_text(out, "on or off");
        break;
    case SETTING_TEXT:
        buf_add_text(out, s->is_header_value
                              ? "a text that a header can have (not empty, without control characters)"
                              : "a text of at least one character");
        break;
    case SETTING_LIST:
        buf_add_printf(out, "a list of %ss", s->word);
        break;
    }
    if (s->automatic != NULL)
        buf_add_text(out, ", or auto");
}

/** Stores a number in a field of 4 or 8 bytes; false when it does not fit. */
static bool store_number(const setting *s, settings *out, uint64_t value)
{
    void *field = (char *)out + s->offset;
    if (s->size == sizeof(uint64_t)) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    uint32_t narrow = (uint32_t)value;
    memcpy(field, &narrow, sizeof narrow);
    return narrow == value;
}

static uint64_t load_number(const setting *s, const settings *from)
{
    const void *field = (const char *)from + s->offset;
    uint64_t value;
    uint32_t narrow;
    if (s->size == sizeof value) {
        memcpy(&value, field, sizeof value);
        return value;
    }
    memcpy(&narrow, field, sizeof narrow);
    return narrow;
}

static bool parse_choice(const setting *s, const char *text, uint64_t *value)
{
    for (*value = 0; s->choices[*value] != NULL; (*value)++)
        if (strcasecmp(s->choices[*value], text) == 0)
            return true;
    return false;
}

static bool parse_octal(const char *text, uint64_t *value)
{
    size_t len = strspn(text, "01234567");
    *value = 0;
    for (size_t i = 0; i < len; i++)
        *value = *value * 8 + (uint64_t)(text[i] - '0');
    return len > 0 && len <= 4 && text[len] == '\0';
}

static bool parse_switch(const char *text, uint64_t *value)
{
    static const char *const words[][4] = {{"off", "no", "false", "0"}, {"on", "yes", "true", "1"}};
    for (*value = 0; *value < 2; (*value)++)
        for (unsigned i = 0; i < 4; i++)
            if (strcasecmp(words[*value][i], text) == 0)
                return true;
    return false;
}

static bool parse_number(const setting *s, const char *text, uint64_t *value)
{
    if (s->automatic != NULL && strcmp(text, "auto") == 0) {
        *value = s->automatic();
        if (*value > s->max)
            *value = s->max;
        return true;
    }
    bool is_number;
    switch (s->kind) {
    case SETTING_CHOICE:
        return parse_choice(s, text, value);
    case SETTING_SWITCH:
        return parse_switch(text, value);
    case SETTING_MODE:
        is_number = parse_octal(text, value);
        break;
    case SETTING_BYTES:
        is_number = parse_quantity(text, byte_units, value);
        break;
    case SETTING_TIME:
        is_number = parse_quantity(text, time_units, value);
        break;
    default:
        is_number = text_get_u64(text, strlen(text), value);
    }
    return is_number && *value >= s->min && *value <= s->max;
}

/** Adds every item of a list, which has one at least. */
static bool parse_list(const setting *s, const char *text, settings *out, buf *problem)
{
    const char *dividers = s->dividers != NULL ? s->dividers : ", \t\r\n";
    const char *item = text + strspn(text, dividers);
    if (*item == '\0')
        buf_add_printf(problem, "\"%s\" is not a list of %ss", text, s->word);
    bool is_good = *item != '\0';
    while (is_good && *item != '\0') {
        size_t len = strcspn(item, dividers);
        is_good = s->add(out, item, len, problem);
        item += len;
        item += strspn(item, dividers);
    }
    return is_good;
}

bool setting_parse(const setting *s, const char *text, settings *out, buf *problem)
{
    uint64_t value;
    if (s->kind == SETTING_LIST)
        return parse_list(s, text, out, problem);
    if (s->kind == SETTING_TEXT && text[0] != '\0' &&
        (!s->is_header_value || http_field_is_valid(s->flag + 2, strlen(s->flag) - 2, text, strlen(text)))) {
        memcpy((char *)out + s->offset, &text, sizeof text);
        return true;
    }
    if (s->kind == SETTING_CHOICE && s->is_null_until_given && parse_choice(s, text, &value)) {
        memcpy((char *)out + s->offset, &s->choices[value], sizeof text);
        return true;
    }
    if (s->kind != SETTING_TEXT && parse_number(s, text, &value) && store_number(s, out, value))
        return true;
    buf_add_printf(problem, "\"%s\" is not ", text);
    add_expectation(s, problem);
    return false;
}

/* -- where values come from -- */

static bool read_standards(settings *out, buf *problem)
{
    *out = (settings){.command = "run"};
    for (unsigned i = 0; i < settings_count; i++)
        if (!settings_table[i].is_null_until_given &&
            !setting_parse(&settings_table[i], settings_table[i].standard, out, problem))
            return false;
    return true;
}

static bool take_value(settings *out, const setting *s, setting_source source, const char *place,
                       const char *value, buf *problem);

/** Lists from `main`; NULL keeps the default. */
static bool read_option_lists(settings *out, const tern_app_options *options, buf *problem)
{
    for (unsigned i = 0; i < settings_count; i++) {
        const setting *s = &settings_table[i];
        bool is_listen = s->offset == offsetof(settings, listen);
        const char *text = is_listen                                  ? options->listen
                           : s->offset == offsetof(settings, trusted) ? options->trusted_proxies
                                                                      : NULL;
        const char *place = is_listen ? "tern_app_new: .listen" : "tern_app_new: .trusted_proxies";
        if (text != NULL && !take_value(out, s, SET_BY_PROGRAM, place, text, problem))
            return false;
    }
    return true;
}

/** The limits from `main`; 0 keeps the default. */
static bool read_options(settings *out, const tern_app_options *options, buf *problem)
{
    const settings given = {.limits = options->limits};
    for (unsigned i = 0; i < settings_count; i++) {
        const setting *s = &settings_table[i];
        if (s->offset < offsetof(settings, limits) ||
            s->offset >= offsetof(settings, limits) + sizeof out->limits)
            continue;
        uint64_t value = load_number(s, &given);
        if (value == 0)
            continue;
        if (value < s->min || value > s->max) {
            buf_add_printf(problem, "tern_app_new: the limit that %s sets is %" PRIu64 ", which is not ",
                           s->flag, value);
            add_expectation(s, problem);
            return false;
        }
        store_number(s, out, value);
    }
    return true;
}

/** Notes the source of what says where to listen, and of lists: a list from a stronger source begins empty. */
static void note_source(settings *out, const setting *s, setting_source source)
{
    if (s->offset == offsetof(settings, host) || s->offset == offsetof(settings, port))
        out->host_source = source;
    if (s->kind != SETTING_LIST)
        return;
    setting_list *list = (setting_list *)(void *)((char *)out + s->offset);
    if (list->source != source)
        list->count = 0;
    list->source = source;
}

/** Parses a value from `place`, which begins the problem's line. */
static bool take_value(settings *out, const setting *s, setting_source source, const char *place,
                       const char *value, buf *problem)
{
    buf_add_printf(problem, "%s: ", place);
    note_source(out, s, source);
    if (!setting_parse(s, value, out, problem))
        return false;
    problem->len = 0;
    return true;
}

static bool read_environment(settings *out, buf *problem)
{
    for (unsigned i = 0; i < settings_count; i++) {
        const setting *s = &settings_table[i];
        const char *value = getenv(s->variable);
        if (value != NULL && value[0] != '\0' &&
            !take_value(out, s, SET_BY_VARIABLE, s->variable, value, problem))
            return false;
    }
    return true;
}

/** The known word most like the one typed. */
typedef struct likeness {
    const char *word, *best;
    unsigned least; /* wrong letters; initially the most allowed */
} likeness;

static void compare(likeness *l, const char *known)
{
    unsigned distance = text_distance(l->word, known);
    if (distance < l->least + (l->best == NULL) && distance < strlen(l->word)) {
        l->best = known;
        l->least = distance;
    }
}

/** The known flag or command most like `word`; NULL if none is similar. */
static const char *nearest(const char *word, const app_command *more)
{
    likeness l = {.word = word, .least = strlen(word) < 6 ? 2 : 3};
    for (unsigned i = 0; i < settings_count; i++)
        compare(&l, settings_table[i].flag);
    for (const settings_command *c = settings_commands; c->name != NULL; c++)
        compare(&l, c->name);
    for (; more != NULL; more = more->next)
        compare(&l, more->name);
    return l.best;
}

static bool refuse_word(const char *typed, const app_command *more, buf *problem)
{
    char word[64]; /* without "=value"; longer words are not similar to any */
    size_t len = strcspn(typed, "=");
    if (len >= sizeof word)
        len = sizeof word - 1;
    memcpy(word, typed, len);
    word[len] = '\0';
    const char *known = nearest(word, more);
    buf_add_printf(problem, "%s: there is no such %s", word, word[0] == '-' ? "flag" : "command");
    if (known != NULL)
        buf_add_printf(problem, "; did you mean %s?", known);
    buf_add_text(problem, " (--help lists them all)");
    return false;
}

/** The name of the command, with static lifetime; NULL when unknown. */
static const char *find_command(const char *word, const app_command *more)
{
    for (const settings_command *c = settings_commands; c->name != NULL; c++)
        if (strcmp(c->name, word) == 0)
            return c->name;
    for (; more != NULL; more = more->next)
        if (strcmp(more->name, word) == 0)
            return more->name;
    return NULL;
}

static bool is_one_of(const char *name, const app_command *more)
{
    for (; more != NULL; more = more->next)
        if (more->name == name)
            return true;
    return false;
}

static bool take_command(settings *out, const char *word, const app_command *more, bool *has_command,
                         buf *problem)
{
    const char *name = find_command(word, more);
    if (name == NULL)
        return refuse_word(word, more, problem);
    if (*has_command && strcmp(out->command, "run") != 0) {
        buf_add_printf(problem, "%s: one command at a time; %s was already given", word, out->command);
        return false;
    }
    out->command = name;
    *has_command = true;
    return true;
}

/** Reads "--flag value" or "--flag=value" at argv[*at]; advances *at past the value. */
static bool take_flag(settings *out, const setting *s, int argc, char **argv, int *at, buf *problem)
{
    const char *value = argv[*at] + strlen(s->flag);
    if (*value == '=') {
        value++;
    } else if (s->kind == SETTING_SWITCH) {
        value = "on";
    } else if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
        value = argv[++*at];
    } else {
        buf_add_printf(problem, "%s: needs a value after it, ", s->flag);
        add_expectation(s, problem);
        return false;
    }
    return take_value(out, s, SET_BY_FLAG, s->flag, value, problem);
}

static const setting *find_flag(const char *word)
{
    size_t len = strcspn(word, "=");
    for (unsigned i = 0; i < settings_count; i++)
        if (strlen(settings_table[i].flag) == len && memcmp(settings_table[i].flag, word, len) == 0)
            return &settings_table[i];
    return NULL;
}

static bool read_arguments(settings *out, const app_command *more, int argc, char **argv, buf *problem)
{
    bool has_command = false;
    for (int i = 1; i < argc; i++) {
        const setting *s = find_flag(argv[i]);
        if (s == NULL && out->arguments != NULL) {
            out->arguments[out->argument_count++] = argv[i]; /* never beyond i */
            continue;
        }
        if (s == NULL && strcmp(out->command, "routes") == 0 && strcmp(argv[i], "--middleware") == 0) {
            out->with_middleware = true;
            continue;
        }
        bool is_good = s != NULL ? take_flag(out, s, argc, argv, &i, problem)
                                 : take_command(out, argv[i], more, &has_command, problem);
        if (!is_good)
            return false;
        if (s == NULL && is_one_of(out->command, more))
            out->arguments = &argv[i + 1];
    }
    return true;
}

bool settings_read(settings *out, const tern_app_options *options, const app_command *more, int argc,
                   char **argv, buf *problem)
{
    if (!read_standards(out, problem))
        return false;
    for (int i = 1; i < argc && !is_one_of(find_command(argv[i], more), more); i++) {
        bool is_help = strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        if (is_help || strcmp(argv[i], "--version") == 0) {
            out->command = is_help ? "--help" : "--version";
            return true;
        }
    }
    return read_option_lists(out, options, problem) && read_options(out, options, problem) &&
           read_environment(out, problem) && read_arguments(out, more, argc, argv, problem) &&
           settings_choose_listeners(out, problem) && settings_check_acme(out, problem);
}
