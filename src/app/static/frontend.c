/** Front-ends: which requests without a file open a page of the application. */
#include "app/static/static.h"

#include "base/text.h"

#include <string.h>

/** Whether a list of media ranges names HTML, and not only by a star: scripts and images are asked for so, too. */
static bool names_html(tern_str accept)
{
    static const char html[] = "text/html";
    tern_str element;
    while (ctx_list_next(&accept, &element)) {
        const size_t len = sizeof html - 1;
        if (element.len < len || !text_equal_nocase(element.data, html, len))
            continue;
        if (element.len == len || element.data[len] == ';' || element.data[len] == ' ' ||
            element.data[len] == '\t')
            return true;
    }
    return false;
}

bool frontend_is_navigation(tern_ctx *c)
{
    const char *mode = tern_header(c, "Sec-Fetch-Mode"), *accept;
    if (mode != NULL)
        return strcmp(mode, "navigate") == 0;
    accept = ctx_header_list(c, "Accept");
    return names_html((tern_str){accept, strlen(accept)});
}

bool frontend_send(tern_ctx *c, static_mount *mount, tern_reply *reply)
{
    int error;
    ctx_vary(c, TERN_STR("Accept, Sec-Fetch-Mode"));
    if (!frontend_is_navigation(c))
        return false;
    const char *not_found = mount->options.not_found != NULL ? mount->options.not_found : "404.html";
    return static_send(c, mount, not_found, 404, reply, &error) ||
           static_send(c, mount, mount->options.index, 200, reply, &error);
}
