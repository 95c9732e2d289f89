/**
 * A whole connection of HTTP/2 under libFuzzer: any bytes after the client's preface. The first byte of the input
 * chooses the size of the pieces, the second the client's behaviour, as for the target `connection`.
 *
 * Finds crashes, leaks, connections that never end, frames that are not HTTP/2's, and streams that go on after their
 * end.
 */
#include "h2_service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static uint8_t bytes[8192];
    if (size < 3 || size > 4096)
        return 0;
    memcpy(bytes, preface, H2_PREFACE_BYTES);
    memcpy(bytes + H2_PREFACE_BYTES, data + 2, size - 2);
    talk(bytes, H2_PREFACE_BYTES + size - 2, data[0], data[1]);
    return 0;
}
