/**
 * The process that looks after certificates, without a server: for tests against an authority.
 *
 *     acme_helper STATE DIRECTORY CA_FILE NAMES[;NAMES...] [CHALLENGE [EAB [STEP [COUNT]]]]
 *
 * "-" leaves an argument out. Pauses after failures begin with a second. With STEP the process kills itself before the
 * COUNT-th step of that name; with the STEP "memory" its COUNT-th allocation of the first attempt fails.
 */
#include "acme/acme.h"
#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *fatal_step;
static unsigned fatal_count;

static void on_step(const char *step)
{
#ifdef TERN_FAULTS
    if (fatal_step != NULL && strcmp(fatal_step, "memory") == 0 && strcmp(step, "account") == 0) {
        mem_fail_at(fatal_count, 0);
        fatal_step = NULL;
    }
#endif
    fprintf(stderr, "step %s\n", step);
    if (fatal_step != NULL && strcmp(step, fatal_step) == 0 && --fatal_count == 0)
        kill(getpid(), SIGKILL);
}

static const char *argument(int argc, char **argv, int index)
{
    return index < argc && strcmp(argv[index], "-") != 0 ? argv[index] : NULL;
}

static acme_challenge challenge_of(const char *name)
{
    return name == NULL ? ACME_AUTO : strcmp(name, "http-01") == 0 ? ACME_HTTP_01 : ACME_TLS_ALPN_01;
}

static unsigned split(char *text, tern_str out[ACME_CERTIFICATES])
{
    unsigned count = 0;
    for (char *at = strtok(text, ";"); at != NULL && count < ACME_CERTIFICATES; at = strtok(NULL, ";"))
        out[count++] = (tern_str){at, strlen(at)};
    return count;
}

int main(int argc, char **argv)
{
    tern_str certificates[ACME_CERTIFICATES];
    if (argc < 5)
        return 2;
    acme_config config = {.certificates = certificates,
                          .certificate_count = split(argv[4], certificates),
                          .state_folder = argv[1],
                          .directory = argument(argc, argv, 2),
                          .ca_file = argument(argc, argv, 3),
                          .challenge = challenge_of(argument(argc, argv, 5)),
                          .eab = argument(argc, argv, 6),
                          .first_retry_s = 1,
                          .on_step = on_step};
    fatal_step = argument(argc, argv, 7);
    fatal_count = argc > 8 ? (unsigned)strtoul(argv[8], NULL, 10) : 1;
    buf problem = {0};
    if (!acme_check(&config, &problem) || !acme_prepare(&config, &problem)) {
        fprintf(stderr, "%s\n", problem.data);
        buf_free(&problem);
        return 1;
    }
    fprintf(stderr, "prepared\n");
    return acme_run(&config);
}
