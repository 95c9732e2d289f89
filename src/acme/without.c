/** Stands for the whole layer in a build without OpenSSL's or libcurl's headers. */
#include "acme/acme.h"

static bool refuse(buf *problem)
{
    buf_add_text(problem,
                 "--acme needs OpenSSL and libcurl, which this build leaves out: install libssl-dev and "
                 "libcurl4-openssl-dev, and build Tern again");
    return false;
}

bool acme_check(const acme_config *config, buf *problem)
{
    return config->certificate_count == 0 || refuse(problem);
}

bool acme_prepare(const acme_config *config, buf *problem)
{
    (void)config;
    return refuse(problem);
}

int acme_run(const acme_config *config)
{
    (void)config;
    return 1;
}

bool acme_answer_http_01(const char *state_folder, tern_str token, char out[ACME_ANSWER_BYTES])
{
    (void)state_folder, (void)token, (void)out;
    return false;
}

bool acme_default_folder(buf *out)
{
    return buf_add_text(out, "/var/lib/tern");
}
