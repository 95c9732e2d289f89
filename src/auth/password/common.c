/**
 * Whether a password is one that guessers try first.
 *
 * A list of passwords would only have those of yesterday. These rules have what people do: a common word or two, with
 * digits and signs around it and digits in place of letters; a row of keys; a few characters again and again; a number.
 */
#include "auth/password/rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LETTERS = 64, MOST_AROUND = 6, NUMBER_DIGITS = 16, WORD_LETTERS = 16 };

/** Words in lowercase, divided by spaces. */
static const char words[] =
    " password passwort passwords passcode passphrase pass pwd secret secrets geheim login logon signin admin "
    "administrator root user username guest test tester testing demo sample example default changeme change letmein "
    "let me in welcome hello hallo hola hi bonjour access account accounts system server database backup master "
    "super superuser manager office company service support private public internet computer laptop phone mobile "
    "network online website email mail google facebook twitter instagram linkedin microsoft windows apple android "
    "samsung nokia amazon youtube netflix spotify github docker linux ubuntu debian oracle cisco intel "
    "love loves lover loveyou iloveyou you me my baby honey darling angel princess prince queen king sweetheart "
    "sweetie kiss kisses sexy hottie beautiful pretty cutie forever always family mother father mom dad mama papa "
    "sister brother friend friends girl boy woman man wife husband daughter son life happy smile lucky heaven "
    "dragon monkey tiger lion bear wolf eagle hawk falcon phoenix dolphin shark turtle rabbit bunny kitty kitten "
    "cat cats dog dogs doggy puppy horse pony chicken mouse panda penguin butterfly spider snake bird fish buster "
    "sunshine sun moon star stars sky rainbow summer winter autumn fall spring snow snowball rain storm thunder "
    "fire water earth wind ocean river mountain forest garden flower flowers rose daisy lily jasmine tulip orchid "
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday today tomorrow weekend holiday christmas easter "
    "birthday halloween football soccer baseball basketball hockey tennis golf rugby cricket racing runner player "
    "champion winner liverpool arsenal chelsea barcelona madrid juventus bayern yankees cowboys lakers steelers "
    "packers ferrari porsche mercedes corvette mustang harley yamaha honda toyota suzuki bmw audi "
    "michael jennifer jessica ashley daniel matthew andrew joshua thomas charlie robert william richard george "
    "david james john joseph anthony andrea nicole amanda melissa michelle samantha elizabeth hannah maria anna "
    "alex alexander sarah laura julia martin peter paul patrick kevin brian steven justin jordan taylor morgan "
    "maggie sophie emma olivia lucas oliver max maximilian felix jonas leon sandra sabrina stefan christian "
    "batman superman spiderman ironman starwars startrek jedi yoda skywalker vader pokemon pikachu naruto mario "
    "zelda sonic minecraft fortnite roblox matrix hunter hunters ranger killer ninja samurai warrior soldier pirate "
    "wizard merlin gandalf potter hogwarts gandolf shadow ghost demon devil satan jesus christ god church faith "
    "blessed trust freedom liberty peace america usa canada london paris berlin germany england france italy "
    "spain brazil mexico india china japan russia poland texas california florida newyork chicago boston "
    "red blue green yellow orange purple black white silver gold golden pink brown gray magic mystery diamond "
    "crystal pepper ginger cookie chocolate candy sugar coffee cheese banana apples cherry peaches strawberry "
    "vanilla pizza burger bacon butter pumpkin whiskey vodka beer wine tequila music guitar piano drums metal "
    "metallica nirvana slipknot eminem beatles elvis dance dancer disco party movie hollywood games gamer gaming "
    "money dollar dollars cash bank rich business work worker boss job school college university student teacher "
    "nurse doctor police captain general major sergeant army navy marine marines airforce pilot engineer trustno "
    "trustnoone nothing anything something whatever nobody somebody everybody forgot remember fuckyou fuck shit "
    "asshole bitch abcdef abc abcd xyz qwerty qwertz azerty asdf asdfgh zxcvbn qazwsx the and new one two three four "
    "five six seven eight nine zero first second last great best good cool awesome perfect power energy speed "
    "rocket space galaxy universe planet alien robot cyber hacker code coder developer program install setup temp "
    "temporary temppass unknown null none void blank empty open sesame please enter unlock key keys lock secure "
    "security safe safety ";

/** Whether these letters are one of the words. */
static bool is_word(const char *text, size_t len)
{
    char wanted[WORD_LETTERS + 3] = " ";
    if (len == 0 || len > WORD_LETTERS)
        return false;
    memcpy(wanted + 1, text, len);
    wanted[len + 1] = ' ';
    wanted[len + 2] = '\0';
    return strstr(words, wanted) != NULL;
}

/** Whether these letters are one word, or two. */
static bool are_words(const char *text, size_t len)
{
    if (is_word(text, len))
        return true;
    for (size_t at = 1; at < len; at++)
        if (is_word(text, at) && is_word(text + at, len - at))
            return true;
    return false;
}

/** The letter that people write a digit or sign for; the character itself if there is none. */
static char letter_for(char c)
{
    static const char written[] = "0134578@$!|+(", letters[] = "oieastbasiltc";
    const char *found = c != '\0' ? strchr(written, c) : NULL;
    return found != NULL ? letters[found - written] : c;
}

size_t rules_fold(const char *text, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = letter_for((char)tolower((unsigned char)text[i]));
    out[len] = '\0';
    return len;
}

/** Words with at most MOST_AROUND digits and signs around them. */
static bool is_decorated_word(const char *lower, size_t len)
{
    char core[MOST_LETTERS + 1];
    for (size_t before = 0; before <= MOST_AROUND && before < len; before++) {
        if (before > 0 && isalpha((unsigned char)lower[before - 1]))
            break;
        for (size_t after = 0; before + after <= MOST_AROUND && before + after < len; after++) {
            if (after > 0 && isalpha((unsigned char)lower[len - after]))
                break;
            size_t core_len = rules_fold(lower + before, len - before - after, core);
            if (are_words(core, core_len))
                return true;
            for (size_t i = 0; i < core_len; i++) /* the other letter that '1' and '!' are written for */
                if (core[i] == 'i' && !isalpha((unsigned char)lower[before + i]))
                    core[i] = 'l';
            if (are_words(core, core_len))
                return true;
        }
    }
    return false;
}

/** Only digits and signs, and too few of them. */
static bool is_number(const char *lower, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isdigit((unsigned char)lower[i]) && strchr(" .-/+#*", lower[i]) == NULL)
            return false;
    return len < NUMBER_DIGITS;
}

/** A few characters again and again, or one text again and again. */
static bool is_repetition(const char *lower, size_t len)
{
    bool seen[256] = {false};
    unsigned different = 0;
    for (size_t i = 0; i < len; i++) {
        different += !seen[(unsigned char)lower[i]];
        seen[(unsigned char)lower[i]] = true;
    }
    if (different <= 3)
        return true;
    for (size_t unit = 1; unit <= len / 2 && unit < 8; unit++) {
        size_t at = unit;
        while (at < len && lower[at] == lower[at - unit])
            at++;
        if (at == len)
            return true;
    }
    return false;
}

/** Where a key is on the keyboard: rows of 100, or -1. */
static int key_place(char c)
{
    static const char *const rows[] = {"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"};
    static const char shifted[] = "!@#$%^&*()_+", plain[] = "1234567890-=";
    const char *found = c != '\0' ? strchr(shifted, c) : NULL;
    if (found != NULL)
        c = plain[found - shifted];
    for (int row = 0; row < 4; row++) {
        found = c != '\0' ? strchr(rows[row], c) : NULL;
        if (found != NULL)
            return row * 100 + (int)(found - rows[row]);
    }
    return -1;
}

/** Whether the second is next to the first: on the keyboard, or in the alphabet. */
static bool is_next(char first, char second)
{
    int from = key_place(first), to = key_place(second);
    bool is_near = from >= 0 && to >= 0 && abs(from / 100 - to / 100) <= 1 && abs(from % 100 - to % 100) <= 1;
    return is_near ||
           (isalnum((unsigned char)first) && isalnum((unsigned char)second) && abs(first - second) <= 1);
}

/** Nearly all characters are next to the one before them. */
static bool is_row(const char *lower, size_t len)
{
    size_t near = 0;
    for (size_t i = 1; i < len; i++)
        near += is_next(lower[i - 1], lower[i]);
    return len > 1 && near * 4 >= (len - 1) * 3;
}

bool rules_is_common(const char *password)
{
    char lower[MOST_LETTERS + 1];
    size_t len = strlen(password);
    if (len > MOST_LETTERS) /* a long one is common only when it is the same again and again */
        len = MOST_LETTERS;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)tolower((unsigned char)password[i]);
    lower[len] = '\0';
    bool is_cut = password[len] != '\0';
    return is_repetition(lower, len) || is_row(lower, len) ||
           (!is_cut && (is_number(lower, len) || is_decorated_word(lower, len)));
}
