/** The words of the pages and mails, by the language of the reader. */
#include "auth/account/page.h"

#include <tern/accept.h>

#include <string.h>

typedef struct pair {
    const char *en, *de;
} pair;

/* clang-format off */
static const pair texts[] = {
    {"Log in", "Anmelden"},
    {"Sign up", "Registrieren"},
    {"Log out", "Abmelden"},
    {"Log out everywhere else", "Überall sonst abmelden"},
    {"E-mail address or name", "E-Mail-Adresse oder Name"},
    {"E-mail address", "E-Mail-Adresse"},
    {"New e-mail address", "Neue E-Mail-Adresse"},
    {"Name (if you want one)", "Name (wenn du einen möchtest)"},
    {"Password", "Passwort"},
    {"Present password", "Bisheriges Passwort"},
    {"New password", "Neues Passwort"},
    {"Stay logged in", "Angemeldet bleiben"},
    {"Forgot your password?", "Passwort vergessen?"},
    {"No account yet? Sign up", "Noch kein Konto? Registrieren"},
    {"Have an account? Log in", "Schon ein Konto? Anmelden"},
    {"Continue with", "Weiter mit"},
    {"Code", "Code"},
    {"Second factor", "Zweiter Faktor"},
    {"Type the code that your app shows, or a recovery code.", "Gib den Code ein, den deine App zeigt, oder einen Wiederherstellungscode."},
    {"Continue", "Weiter"},
    {"Confirm your address", "Adresse bestätigen"},
    {"Confirm that this e-mail address is yours.", "Bestätige, dass diese E-Mail-Adresse dir gehört."},
    {"Confirm", "Bestätigen"},
    {"Forgotten password", "Passwort vergessen"},
    {"We send a link to this address, if it has an account.", "Wir senden einen Link an diese Adresse, wenn sie ein Konto hat."},
    {"Send the link", "Link senden"},
    {"Choose a new password", "Neues Passwort wählen"},
    {"Change the password", "Passwort ändern"},
    {"Change the address", "Adresse ändern"},
    {"Delete the account", "Konto löschen"},
    {"This cannot be undone.", "Das kann nicht rückgängig gemacht werden."},
    {"Your account", "Dein Konto"},
    {"Where you are logged in", "Wo du angemeldet bist"},
    {"this browser", "dieser Browser"},
    {"unknown device", "unbekanntes Gerät"},
    {"Two-factor authentication", "Zwei-Faktor-Anmeldung"},
    {"Check your mail: we have sent you a link.", "Sieh in deine E-Mails: wir haben dir einen Link gesendet."},
    {"Your address is confirmed. Log in now.", "Deine Adresse ist bestätigt. Melde dich jetzt an."},
    {"Your new password counts from now on. Log in now.", "Dein neues Passwort gilt ab jetzt. Melde dich jetzt an."},
    {"The password was changed.", "Das Passwort wurde geändert."},
    {"The address was changed.", "Die Adresse wurde geändert."},
    {"The account was deleted.", "Das Konto wurde gelöscht."},
    {"The other sessions have ended.", "Die anderen Sitzungen sind beendet."},
    {"The session has ended.", "Die Sitzung ist beendet."},
    {"You are logged out.", "Du bist abgemeldet."},
    {"You may log in now.", "Du kannst dich jetzt anmelden."},
    {"the name or the password is wrong", "Name oder Passwort ist falsch"},
    {"the address is not confirmed yet: open the link in the mail", "Die Adresse ist noch nicht bestätigt: öffne den Link in der E-Mail"},
    {"the link is not valid any more", "Der Link gilt nicht mehr"},
    {"Something went wrong", "Etwas ist schiefgegangen"},
    {"Back", "Zurück"},
};
/* clang-format on */

const char *account_say(tern_ctx *c, const char *text)
{
    tern_vary(c, "Accept-Language");
    const char *language = tern_accepts_language(c, "en", "de");
    if (language != NULL && strcmp(language, "de") == 0)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (strcmp(texts[i].en, text) == 0)
                return texts[i].de;
    return tern_escape_html(c, text);
}
