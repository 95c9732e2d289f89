/** Any bytes as the ELF file that a crash report reads names from. The first two choose the address to
 * name. */
#include "runtime/symbols.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (size < 2)
        return 0;
    uint16_t file_offset;
    memcpy(&file_offset, data, sizeof file_offset);
    data += sizeof file_offset;
    size -= sizeof file_offset;
    if (fd < 0)
        fd = memfd_create("elf", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    symbols_place place = {0};
    if (symbols_find(fd, file_offset, &place)) {
        size_t len = strlen(place.function);
        if (len == 0 || len >= sizeof place.function)
            abort();
        for (size_t i = 0; i < len; i++)
            if (place.function[i] <= ' ' || place.function[i] > '~')
                abort();
    }
    return 0;
}
