/** How busy this worker is, for middleware. */
#include "runtime/loop.h"

#include <tern/middleware.h>

void tern_watch_load(tern_app *app)
{
    (void)app;
    loop_watch(); /* workers inherit it */
}

tern_load tern_load_now(tern_ctx *c)
{
    (void)c;
    if (!loop_self.is_watched || loop_self.woke_ns == 0)
        return (tern_load){0};
    uint64_t now_ns = clock_ns();
    return (tern_load){.waited_us = (now_ns - loop_self.woke_ns) / 1000,
                       .idle_us = loop_self.idle_ns / 1000,
                       .now_us = now_ns / 1000};
}
