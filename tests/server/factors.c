/** The second factors of users over HTTP, for test_factors.py. */
#include <tern.h>

TERN_MODEL(Asked, (const char *, user), (const char *, code, .optional = true), (bool, fails, .fallback = "false"))
TERN_MODEL(Setup, (const char *, secret), (const char *, uri), (const char *, qr, .optional = true))
TERN_MODEL(Codes, (tern_text_list, codes))

TERN_HANDLER(begin, Asked, in)
{
    tern_totp_setup s = tern_totp_begin(c, in->user, in->user);
    Setup out = {.secret = s.secret, .uri = s.uri, .qr = s.qr};
    return tern_json(c, Setup, &out);
}

static tern_reply yes_or_no(tern_ctx *c, bool is_true)
{
    return tern_text(c, is_true ? "yes" : "no");
}

TERN_HANDLER(confirm, Asked, in)
{
    return yes_or_no(c, tern_totp_confirm(c, in->user, in->code));
}

TERN_HANDLER(check, Asked, in)
{
    bool is_right = tern_totp_check(c, in->user, in->code);
    if (in->fails)
        tern_fail(c, 401, "the code is %s", is_right ? "right" : "wrong");
    return yes_or_no(c, is_right);
}

TERN_HANDLER(has, Asked, in)
{
    return yes_or_no(c, tern_has_totp(c, in->user));
}

TERN_HANDLER(drop, Asked, in)
{
    return yes_or_no(c, tern_totp_remove(c, in->user));
}

TERN_HANDLER(new_codes, Asked, in)
{
    Codes out = {.codes = tern_recovery_codes_new(c, in->user)};
    return tern_json(c, Codes, &out);
}

TERN_HANDLER(use_code, Asked, in)
{
    return yes_or_no(c, tern_recovery_code_use(c, in->user, in->code));
}

TERN_HANDLER(codes_left, Asked, in)
{
    return tern_textf(c, "%d", (int)tern_recovery_codes_left(c, in->user));
}

TERN_MODEL(Text, (const char *, text))

TERN_HANDLER(qr, Text, in)
{
    const char *svg = tern_qr_svg(c, in->text);
    return svg != NULL ? tern_text(c, svg) : tern_text(c, "none");
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Factors", .version = "1");
    tern_two_factors(app, .issuer = "Book Shop");
    tern_post(app, "/begin", begin);
    tern_post(app, "/confirm", confirm);
    tern_post(app, "/check", check);
    tern_post(app, "/has", has);
    tern_post(app, "/remove", drop);
    tern_post(app, "/codes", new_codes);
    tern_post(app, "/use", use_code);
    tern_post(app, "/left", codes_left);
    tern_post(app, "/qr", qr);
    tern_database(app);
    return tern_run(app, argc, argv);
}
