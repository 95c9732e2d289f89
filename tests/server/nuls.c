/* The server for test_nuls.py: every name or value from a client that becomes a C string. */
#include <tern.h>

/* clang-format off */
TERN_MODEL(Said,
    (const char *,   text,  .optional = true),
    (tern_text_list, list,  .optional = true),
    (tern_text_map,  map,   .optional = true),
    (tern_any,       any,   .optional = true))
TERN_MODEL_WITH(Loose, (.ignore_unknown = true), (const char *, text, .optional = true))
TERN_MODEL(Asked, (const char *, text, .optional = true), (tern_text_list, list, .optional = true))
TERN_MODEL(Heard,
    (const char *, x_text, .in = TERN_FROM_HEADER, .optional = true),
    (const char *, crumb,  .in = TERN_FROM_COOKIE, .optional = true))
TERN_MODEL(Walked, (const char *, text))
TERN_MODEL(Sent, (const char *, text, .optional = true), (tern_upload_list, files, .optional = true))
/* clang-format on */

TERN_HANDLER(say, Said, in)
{
    return tern_json(c, Said, in);
}

TERN_HANDLER(say_loosely, Loose, in)
{
    return tern_json(c, Loose, in);
}

TERN_HANDLER(ask, Asked, in)
{
    return tern_json(c, Asked, in);
}

TERN_HANDLER(hear, Heard, in)
{
    return tern_json(c, Heard, in);
}

TERN_HANDLER(walk, Walked, in)
{
    return tern_json(c, Walked, in);
}

TERN_HANDLER(send, Sent, in)
{
    const char *text = in->text != NULL ? in->text : "";
    for (size_t i = 0; i < in->files.count; i++)
        text = tern_sprintf(c, "%s %s %s", text, in->files.items[i].name, in->files.items[i].content_type);
    return tern_text(c, text);
}

static const char *shown(const char *text)
{
    return text != NULL ? text : "-";
}

/** Reads with the getters, without a model. */
TERN_HANDLER(get)
{
    return tern_textf(c, "%s %s %s", shown(tern_query(c, "text")), shown(tern_header(c, "X-Text")),
                      shown(tern_cookie(c, "crumb")));
}

TERN_HANDLER(get_rest)
{
    return tern_text(c, shown(tern_param(c, "rest")));
}

TERN_HANDLER(look)
{
    tern_value *value = tern_value_parse(c, tern_body(c)), *answer = tern_value_array(c);
    for (size_t i = 0; i < tern_value_count(value); i++)
        if (tern_value_kind_of(value) == TERN_JSON_OBJECT)
            tern_value_add(c, answer, tern_value_of_text(c, tern_value_key(value, i)));
    tern_value_add(c, answer, tern_value_of_text(c, tern_value_text(tern_value_get(value, "text"), NULL)));
    tern_value_add(c, answer, value);
    return tern_json_text(c, tern_value_print(c, answer, 0));
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Nuls");
    tern_post(app, "/say", say, .forms = true);
    tern_post(app, "/say-loosely", say_loosely);
    tern_get(app, "/ask", ask);
    tern_get(app, "/hear", hear);
    tern_get(app, "/walk/{text}", walk);
    tern_post(app, "/send", send);
    tern_get(app, "/get", get);
    tern_get(app, "/rest/{rest...}", get_rest);
    tern_post(app, "/look", look);
    return tern_run(app, argc, argv);
}
