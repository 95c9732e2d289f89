/** The stored form of a session, whose bytes come from a store that others may write to; and sealed and signed texts. */
#include "app/secret/keys.h"
#include "auth/session/record.h"
#include "crypto/sodium.h"
#include "unit/app/fake.h"

#include <tern/secret.h>

#include <stdlib.h>

_Noreturn void check_fail(const char *file, int line, const char *format, ...)
{
    (void)file, (void)line, (void)format;
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *bytes;
static size_t len;

static tern_reply try_all(tern_ctx *c)
{
    session_record r, again;
    const char *text = tern_sprintf(c, "%.*s", (int)len, (const char *)bytes);
    if (session_record_read(c, (tern_str){(const char *)bytes, len}, &r)) {
        tern_str written = session_record_write(c, &r);
        if (!session_record_read(c, written, &again) || again.count != r.count || again.created != r.created)
            abort(); /* what was read is written as the same */
    }
    if (tern_unseal(c, "fuzz", text) != NULL || tern_unsign(c, "fuzz", text) != NULL)
        abort(); /* nobody guesses a key */
    return tern_text(c, "done");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static app_secrets secrets;
    static fake f;
    const char *missing;
    buf problems = {0};
    if (secrets.count == 0 &&
        (!sodium_load(&missing) ||
         !secret_keys_parse(&secrets, "fuzz", TERN_STR("XCbdcpIC0kM3yAFYCYg6Lsb4k1PcVlF3EmXxWYn4p4w"),
                            &problems)))
        abort();
    bytes = data;
    len = size;
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    f.app.secrets = &secrets;
    fake_run(&f, NULL, try_all);
    fake_close(&f);
    return 0;
}
