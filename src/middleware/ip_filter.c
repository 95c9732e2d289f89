/** Lets clients in, or not, by their address. */
#include <tern/access.h>

typedef struct ip_filter {
    const char *allow_text, *deny_text;
    const tern_networks *allow, *deny;
} ip_filter;

static void prepare(tern_app *app, void *options)
{
    ip_filter *f = options;
    if (f == NULL)
        tern_mistake(app, "ip_filter: out of memory");
    else if (f->allow_text == NULL && f->deny_text == NULL)
        tern_mistake(
            app, "ip_filter: .allow and .deny are missing: name networks like \"10.0.0.0/8\" in one of them");
    if (f != NULL && f->allow_text != NULL)
        f->allow = tern_networks_new(app, "ip_filter: .allow", f->allow_text);
    if (f != NULL && f->deny_text != NULL)
        f->deny = tern_networks_new(app, "ip_filter: .deny", f->deny_text);
}

static tern_reply run(tern_ctx *c, void *options)
{
    const ip_filter *f = options;
    const char *address = tern_remote_address(c);
    bool may_enter = (f->allow == NULL || tern_networks_have(f->allow, address)) &&
                     (f->deny == NULL || !tern_networks_have(f->deny, address));
    if (!may_enter)
        tern_fail(c, 403, "this address may not use the service");
    return tern_next(c);
}

tern_middleware tern_ip_filter_with(const tern_ip_filter_options *options)
{
    ip_filter f = {.allow_text = options->allow, .deny_text = options->deny};
    return (tern_middleware){.name = "ip_filter",
                             .run = run,
                             .options = tern_keep(&f, sizeof f),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "403",
                             .stage = TERN_STAGE_ADMIT,
                             .repeats = true};
}
