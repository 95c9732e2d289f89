/** Whether the operator's settings make sense. */
#include "acme/acme.h"

#include "acme/base64url.h"
#include "acme/ca.h"
#include "acme/jws.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EMAIL_BYTES = 254, KID_BYTES = 512 };

static bool check_directory(const char *url, buf *problem)
{
    if (url == NULL || ca_is_url(url))
        return true;
    buf_add_printf(problem,
                   "--acme-directory: \"%.200s\" is not a https URL: give the one of the authority, like %s",
                   url, ACME_LETS_ENCRYPT);
    return false;
}

static bool check_email(const char *email, buf *problem)
{
    if (email == NULL)
        return true;
    const char *at = strchr(email, '@');
    bool is_right = at != NULL && at != email && at[1] != '\0' && strlen(email) <= EMAIL_BYTES &&
                    strpbrk(email, " \t\r\n,;<>?&%\"") == NULL;
    if (!is_right)
        buf_add_printf(problem,
                       "--acme-email: \"%.200s\" is not one e-mail address: write it like admin@example.org",
                       email);
    return is_right;
}

static bool check_eab(const char *eab, buf *problem)
{
    if (eab == NULL)
        return true;
    char room[2 * JWS_KEY_BYTES];
    arena a;
    size_t len = 0;
    const char *colon = strrchr(eab, ':');
    size_t kid_len = colon != NULL ? (size_t)(colon - eab) : 0;
    tern_str key = {colon != NULL ? colon + 1 : "", colon != NULL ? strlen(colon + 1) : 0};
    arena_init(&a, room, sizeof room, 0);
    bool is_right = kid_len > 0 && kid_len <= KID_BYTES && key.len > 0 && key.len <= JWS_KEY_BYTES &&
                    base64url_read(&a, key, &len) != NULL;
    if (!is_right) /* the key is a secret: it is not shown */
        buf_add_text(
            problem,
            "--acme-eab: this is not KID:HMACKEY: give the key identifier and the key in base64url, as the "
            "authority shows them");
    return is_right;
}

/** Each certificate's folder is named by its first name. */
static bool check_certificates(const acme_config *config, buf *problem)
{
    acme_names all[ACME_CERTIFICATES];
    unsigned count = 0;
    bool is_right = config->certificate_count <= ACME_CERTIFICATES;
    if (!is_right)
        buf_add_printf(problem, "--acme: there are more than %d certificates", ACME_CERTIFICATES);
    while (is_right && count < config->certificate_count) {
        buf mistake = {0};
        is_right = names_read(config->certificates[count], &all[count], &mistake);
        if (!is_right)
            buf_add_printf(problem, "--acme: %s", mistake.failed ? "out of memory" : mistake.data);
        buf_free(&mistake);
        count += is_right;
        for (unsigned i = 0; is_right && i + 1 < count; i++) {
            if (strcmp(all[i].list[0], all[count - 1].list[0]) != 0)
                continue;
            buf_add_printf(
                problem,
                "--acme: there are two certificates whose first name is %s: begin one with another name",
                all[i].list[0]);
            is_right = false;
        }
    }
    while (count > 0)
        names_free(&all[--count]);
    return is_right;
}

bool acme_check(const acme_config *config, buf *problem)
{
    return check_certificates(config, problem) && check_directory(config->directory, problem) &&
           check_email(config->email, problem) && check_eab(config->eab, problem);
}

bool acme_default_folder(buf *out)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (geteuid() == 0)
        return buf_add_text(out, "/var/lib/tern");
    if (state != NULL &&
        state[0] == '/') /* a relative one is to be ignored (XDG Base Directory Specification) */
        return buf_add_printf(out, "%s/tern", state);
    return home != NULL && home[0] == '/' && buf_add_printf(out, "%s/.local/state/tern", home);
}
