/** The layer in a build without OpenSSL's headers: a listener that wants TLS is refused at start. */
#include "tls/context.h"
#include "tls/session.h"

#include <errno.h>

tls_context *tls_context_new(const tls_settings *settings, buf *problem)
{
    (void)settings;
    buf_add_text(problem, "this program was built without TLS: install libssl-dev and build Tern again\n");
    return NULL;
}
