/**
 * A program whose own setting says where it listens: the text of the file that TEST_LISTEN names, so that a new
 * program (SIGUSR2) can listen elsewhere. GET / answers with the worker's process id,
 * GET /address with the client's address.
 */
#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

TERN_HANDLER(who)
{
    return tern_textf(c, "%d", (int)getpid());
}

TERN_HANDLER(address)
{
    return tern_text(c, tern_remote_address(c));
}

int main(int argc, char **argv)
{
    static char listen[1024];
    const char *path = getenv("TEST_LISTEN");
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    if (file != NULL) {
        listen[fread(listen, 1, sizeof listen - 1, file)] = '\0';
        fclose(file);
    }
    tern_app *app = tern_app_new(.title = "listening", .listen = listen[0] != '\0' ? listen : NULL);
    tern_get(app, "/", who);
    tern_get(app, "/address", address);
    return tern_run(app, argc, argv);
}
