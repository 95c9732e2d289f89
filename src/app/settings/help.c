/* The page of --help: columns as wide as their widest word. */
#include "app/command.h"
#include "app/settings/settings.h"

#include <string.h>

static const char *const value_words[] = {
    [SETTING_TEXT] = "TEXT", [SETTING_PORT] = "PORT",   [SETTING_COUNT] = "N",    [SETTING_BYTES] = "SIZE",
    [SETTING_TIME] = "TIME", [SETTING_CHOICE] = "WORD", [SETTING_MODE] = "OCTAL", [SETTING_SWITCH] = "",
};

static const char *word_of(const setting *s)
{
    return s->kind == SETTING_LIST ? s->word : value_words[s->kind];
}

typedef struct columns {
    int flag, variable, standard;
} columns;

static int wider(int width, size_t len)
{
    return len > (size_t)width ? (int)len : width;
}

static columns measure(void)
{
    columns widths = {0};
    for (unsigned i = 0; i < settings_count; i++) {
        const setting *s = &settings_table[i];
        widths.flag = wider(widths.flag, strlen(s->flag) + 1 + strlen(word_of(s)));
        widths.variable = wider(widths.variable, strlen(s->variable));
        widths.standard = wider(widths.standard, strlen(s->standard));
    }
    return widths;
}

static void add_commands(const app_command *more, const char *program, buf *out)
{
    buf_add_printf(out, "Usage: %s [COMMAND] [FLAG VALUE]...\n\nCommands\n", program);
    for (const settings_command *c = settings_commands; c->name != NULL; c++)
        buf_add_printf(out, "  %-10s  %s\n", c->name, c->help);
    for (; more != NULL; more = more->next)
        buf_add_printf(out, "  %-10s  %s\n", more->name, more->help);
}

static void add_setting(const setting *s, const columns *widths, buf *out)
{
    int flag_len = (int)strlen(s->flag);
    buf_add_printf(out, "  %s %-*s  %-*s  %-*s  %s", s->flag, widths->flag - flag_len - 1, word_of(s),
                   widths->variable, s->variable, widths->standard, s->standard, s->help);
    if (s->kind == SETTING_CHOICE) {
        buf_add_text(out, " (");
        for (const char *const *choice = s->choices; *choice != NULL; choice++)
            buf_add_printf(out, "%s%s", choice == s->choices ? "" : "|", *choice);
        buf_add_text(out, ")");
    }
    buf_add_text(out, "\n");
}

void settings_print_help(const tern_app_options *options, const app_command *more, const char *program,
                         buf *out)
{
    const columns widths = measure();
    const char *title = options->title != NULL ? options->title : program;
    buf_add_printf(out, "%s%s%s\n\n", title, options->version != NULL ? " " : "",
                   options->version != NULL ? options->version : "");
    add_commands(more, program, out);
    for (unsigned i = 0; i < settings_count; i++) {
        const setting *s = &settings_table[i];
        if (s->heading != NULL)
            buf_add_printf(out, "\n%-*s  %-*s  %s\n", widths.flag + 2, s->heading, widths.variable,
                           "environment", "default");
        add_setting(s, &widths, out);
    }
    buf_add_text(
        out, "\nA flag takes precedence over its variable, and the variable over the program's own setting.\n"
             "SIZE is in bytes or like 16K, 1M, 2G; TIME in seconds or like 500ms, 10s, 5m.\n");
}
