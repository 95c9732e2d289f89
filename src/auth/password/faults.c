/** tern_password_faults: what is wrong with a new password. */
#include "auth/password/internal.h"
#include "auth/password/rules.h"
#include "auth/password/stolen.h"

#include <string.h>

enum { MOST_FAULTS = 4 };

/** Characters, not bytes. */
static size_t letters_of(const char *text)
{
    size_t letters = 0;
    for (; *text != '\0'; text++)
        letters += ((unsigned char)*text & 0xc0) != 0x80;
    return letters;
}

static void add(tern_password_fault_list *faults, const char *code, const char *message)
{
    tern_fault *items = (tern_fault *)faults->items;
    items[faults->count++] =
        (tern_fault){.source = "body", .field = "password", .code = code, .message = message};
}

static bool is_similar_to_one(const char *password, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i] != NULL && rules_is_similar(password, texts[i]))
            return true;
    return false;
}

tern_password_fault_list tern_password_faults_of(tern_ctx *c, const char *password, const char *const *texts,
                                                 size_t count)
{
    tern_password_fault_list faults = {.items = tern_alloc(c, MOST_FAULTS * sizeof *faults.items)};
    size_t most = password_settings.most_bytes;
    unsigned least = password_settings.least_letters;
    if (password == NULL)
        password = "";
    if (strnlen(password, most + 1) > most) {
        add(&faults, "too_long", tern_sprintf(c, "must have at most %zu bytes", most));
        return faults;
    }
    password = password_normal(c, password);
    if (letters_of(password) < least) {
        add(&faults, "too_short", tern_sprintf(c, "must have at least %u characters", least));
        return faults;
    }
    if (rules_is_common(password))
        add(&faults, "common", "is one of the first that attackers try");
    if (is_similar_to_one(password, texts, count))
        add(&faults, "similar", "is too much like your name or address");
    if (faults.count == 0 && password_settings.stolen_url != NULL && stolen_is_known(c, password))
        add(&faults, "stolen", "is in lists of stolen passwords");
    return faults;
}
