/* Certificates that are obtained by ACME: --acme and what belongs to it. */
#include "app/settings/settings.h"

bool settings_add_names(settings *out, const char *text, size_t len, buf *problem)
{
    names_list *list = &out->acme.certificates;
    acme_names names;
    if (list->list.count == ACME_CERTIFICATES) {
        buf_add_printf(problem, "there are more than %d certificates", ACME_CERTIFICATES);
        return false;
    }
    if (!names_read((tern_str){text, len}, &names, problem))
        return false;
    names_free(&names);
    list->items[list->list.count++] = (tern_str){text, len};
    return true;
}

void settings_of_acme(const settings *s, acme_config *out)
{
    const acme_settings *a = &s->acme;
    *out = (acme_config){.certificates = a->certificates.items,
                         .certificate_count = a->certificates.list.count,
                         .state_folder = s->state_folder,
                         .directory = a->directory,
                         .email = a->email,
                         .eab = a->eab,
                         .challenge = (acme_challenge)a->challenge,
                         .ca_file = a->ca_file};
}

bool settings_check_acme(settings *out, buf *problem)
{
    acme_config config;
    settings_of_acme(out, &config);
    if (out->acme.certificates.list.count > 0 && out->workers == 0) {
        buf_add_text(
            problem,
            "--acme: certificates are obtained by a process beside the workers, which --workers 0 does "
            "not have: give --workers 1 or more");
        return false;
    }
    return acme_check(&config, problem);
}
