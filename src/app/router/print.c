#include "app/router/internal.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 5 };

/** The length of the directory that the files of all handlers share: it is left out of the table. */
static size_t shared_directory(const router *r)
{
    const char *first = r->routes[0].handler.file != NULL ? r->routes[0].handler.file : "";
    const char *slash = strrchr(first, '/');
    size_t len = slash != NULL ? (size_t)(slash + 1 - first) : 0;
    for (unsigned i = 1; i < r->count; i++) {
        const char *file = r->routes[i].handler.file;
        while (len > 0 && (file == NULL || strncmp(file, first, len) != 0))
            do
                len--;
            while (len > 0 && first[len - 1] != '/');
    }
    return len;
}

/** The cells of one route; `handler` contains the text of the third one. */
static void fill_cells(const route *shown, size_t skip, char *handler, size_t size,
                       const char *cells[COLUMNS])
{
    snprintf(handler, size, "%s (%s:%d)", shown->handler.name != NULL ? shown->handler.name : "?",
             shown->handler.file != NULL ? shown->handler.file + skip : "?", shown->handler.line);
    cells[0] = shown->method_name;
    cells[1] = shown->pattern;
    cells[2] = handler;
    cells[3] = shown->host != NULL ? shown->host : "";
    cells[4] = shown->options.summary != NULL ? shown->options.summary : "";
}

/** The number of characters in UTF-8 text: bytes that do not continue one. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/** One line, cells padded to their columns, no padding after the last cell; a column of width 0 is left
 * out. */
static void print_line(buf *out, const char *const cells[COLUMNS], const size_t widths[COLUMNS])
{
    size_t pad = 0;
    for (int i = 0; i < COLUMNS; i++) {
        if (widths[i] == 0)
            continue;
        if (*cells[i] != '\0') {
            buf_add_printf(out, "%*s", (int)pad, "");
            buf_add_text(out, cells[i]);
            pad = 0;
        }
        pad += widths[i] + 2 - width_of(cells[i]);
    }
    buf_add_text(out, "\n");
}

void router_print(const router *r, buf *out)
{
    static const char *const titles[COLUMNS] = {"METHOD", "PATTERN", "HANDLER", "HOST", "SUMMARY"};
    char handler[512];
    const char *cells[COLUMNS];
    size_t widths[COLUMNS] = {0};
    if (r->count == 0) {
        buf_add_text(out, "No routes.\n");
        return;
    }
    size_t skip = shared_directory(r);
    for (unsigned i = 0; i < r->count; i++) {
        fill_cells(&r->routes[i], skip, handler, sizeof handler, cells);
        for (int k = 0; k < COLUMNS; k++)
            if (width_of(cells[k]) > widths[k])
                widths[k] = width_of(cells[k]);
    }
    for (int k = 0; k < COLUMNS; k++) /* an unused column is left out */
        if (widths[k] != 0 && widths[k] < strlen(titles[k]))
            widths[k] = strlen(titles[k]);
    print_line(out, titles, widths);
    for (unsigned i = 0; i < r->count; i++) {
        fill_cells(&r->routes[i], skip, handler, sizeof handler, cells);
        print_line(out, cells, widths);
    }
}
