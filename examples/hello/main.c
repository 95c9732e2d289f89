#include <tern.h>

TERN_HANDLER(hello)
{
    return tern_json_text(c, "{\"message\":\"Hello, World!\"}");
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Hello", .version = "1.0");
    tern_get(app, "/", hello);
    return tern_run(app, argc, argv);
}
