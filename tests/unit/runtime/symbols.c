#include "runtime/symbols.h"
#include "check.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static __attribute__((noinline)) int quiet_static_function(int n)
{
    __asm__ volatile("" : "+r"(n));
    return n;
}

TEST(symbols_name_a_static_function_of_the_program)
{
    symbols_place place = {.address = (uint64_t)(uintptr_t)quiet_static_function + 1};
    symbols_resolve(&place, 1);
    CHECK_TEXT(place.function, "quiet_static_function");
    CHECK_INT(place.offset, 1);
    CHECK(strstr(place.object, "symbols") != NULL);
}

TEST(symbols_name_functions_of_shared_objects)
{
    symbols_place places[2] = {{.address = (uint64_t)(uintptr_t)hcreate + 4},
                               {.address = (uint64_t)(uintptr_t)quiet_static_function}};
    symbols_resolve(places, 2);
    CHECK(strstr(places[0].function, "hcreate") != NULL);
    CHECK(strncmp(places[0].object, "lib", 3) == 0);
    CHECK_TEXT(places[1].function, "quiet_static_function");
}

TEST(symbols_leave_addresses_without_a_mapping_unnamed)
{
    symbols_place places[2] = {{.address = 0}, {.address = UINT64_MAX}};
    symbols_resolve(places, 2);
    for (int i = 0; i < 2; i++) {
        CHECK_TEXT(places[i].function, "");
        CHECK_TEXT(places[i].object, "");
    }
}

/** A small ELF file with one symbol "wanted" that covers file offsets 0x100 to 0x13f; tests corrupt it. */
typedef struct small_elf {
    ElfW(Ehdr) head;
    ElfW(Phdr) part;
    ElfW(Shdr) sections[3];
    ElfW(Sym) symbols[2];
    char names[16];
    char code[1024];
} small_elf;

enum { CODE_AT = offsetof(small_elf, code), CODE_ADDRESS = 0x40000 };

static small_elf sound_elf(void)
{
    small_elf elf = {
        .head = {.e_ident = {0x7f, 'E', 'L', 'F', sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32,
                             __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB},
                 .e_phoff = offsetof(small_elf, part),
                 .e_shoff = offsetof(small_elf, sections),
                 .e_phentsize = sizeof(ElfW(Phdr)),
                 .e_phnum = 1,
                 .e_shentsize = sizeof(ElfW(Shdr)),
                 .e_shnum = 3},
        .part = {.p_type = PT_LOAD,
                 .p_flags = PF_R | PF_X,
                 .p_offset = CODE_AT,
                 .p_vaddr = CODE_ADDRESS,
                 .p_filesz = sizeof elf.code},
        .sections = {[1] = {.sh_type = SHT_SYMTAB,
                            .sh_offset = offsetof(small_elf, symbols),
                            .sh_size = sizeof elf.symbols,
                            .sh_entsize = sizeof(ElfW(Sym)),
                            .sh_link = 2},
                     [2] = {.sh_type = SHT_STRTAB,
                            .sh_offset = offsetof(small_elf, names),
                            .sh_size = sizeof elf.names}},
        .symbols = {[1] = {.st_name = 1,
                           .st_info = STB_LOCAL << 4 | STT_FUNC,
                           .st_shndx = 1,
                           .st_value = CODE_ADDRESS + 0x20,
                           .st_size = 0x40}},
        .names = "\0wanted",
    };
    return elf;
}

/** Looks up `offset` bytes into the code of the first `bytes` bytes of `elf`. */
static bool look_up(const small_elf *elf, size_t bytes, uint64_t offset, symbols_place *place)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, elf, bytes), bytes);
    *place = (symbols_place){0};
    bool found = symbols_find(fd, CODE_AT + offset, place);
    close(fd);
    return found;
}

TEST(symbols_find_a_function_by_its_offset_in_the_file)
{
    small_elf elf = sound_elf();
    symbols_place place;
    CHECK(look_up(&elf, sizeof elf, 0x25, &place));
    CHECK_TEXT(place.function, "wanted");
    CHECK_INT(place.offset, 5);
    CHECK(!look_up(&elf, sizeof elf, 0x1f, &place)); /* before it */
    CHECK(!look_up(&elf, sizeof elf, 0x60, &place)); /* after it */
}

TEST(symbols_refuse_a_file_cut_at_any_byte_of_its_tables)
{
    small_elf elf = sound_elf();
    symbols_place place;
    size_t names_end = offsetof(small_elf, names) + 1; /* the name itself may be cut */
    for (size_t bytes = 0; bytes <= names_end; bytes++)
        CHECK(!look_up(&elf, bytes, 0x25, &place));
}

typedef void spoil_fn(small_elf *elf);
static void other_magic(small_elf *elf)
{
    elf->head.e_ident[0] = 'M';
}
static void other_class(small_elf *elf)
{
    elf->head.e_ident[EI_CLASS] = 9;
}
static void other_order(small_elf *elf)
{
    elf->head.e_ident[EI_DATA] = 9;
}
static void odd_part_size(small_elf *elf)
{
    elf->head.e_phentsize = 1;
}
static void odd_section_size(small_elf *elf)
{
    elf->head.e_shentsize = 0;
}
static void far_parts(small_elf *elf)
{
    elf->head.e_phoff = (ElfW(Off)) - 8;
}
static void far_sections(small_elf *elf)
{
    elf->head.e_shoff = (ElfW(Off)) - 8;
}
static void no_sections(small_elf *elf)
{
    elf->head.e_shoff = elf->head.e_shnum = 0;
}
static void many_sections(small_elf *elf)
{
    elf->head.e_shnum = 0;
    elf->sections[0].sh_size = (ElfW(Off)) - 1;
    elf->sections[1].sh_link = 0xffffffff;
}
static void names_elsewhere(small_elf *elf)
{
    elf->sections[1].sh_link = 77;
}
static void names_are_no_names(small_elf *elf)
{
    elf->sections[1].sh_link = 1;
}
static void odd_symbol_size(small_elf *elf)
{
    elf->sections[1].sh_entsize = 1;
}
static void far_symbols(small_elf *elf)
{
    elf->sections[1].sh_offset = (ElfW(Off)) - 16;
}
static void endless_symbols(small_elf *elf)
{
    elf->sections[1].sh_size = (ElfW(Off)) - 1;
    elf->sections[1].sh_offset = sizeof *elf;
}
static void far_names(small_elf *elf)
{
    elf->sections[2].sh_offset = (ElfW(Off)) - 1;
}
static void short_names(small_elf *elf)
{
    elf->sections[2].sh_size = 1;
}
static void far_name(small_elf *elf)
{
    elf->symbols[1].st_name = 0xfffffff0;
}
static void empty_name(small_elf *elf)
{
    elf->symbols[1].st_name = 0;
}
static void undefined_symbol(small_elf *elf)
{
    elf->symbols[1].st_shndx = SHN_UNDEF;
}
static void code_is_data(small_elf *elf)
{
    elf->part.p_flags = PF_R | PF_W;
}
static void no_code(small_elf *elf)
{
    elf->part.p_filesz = 0;
}

TEST(symbols_refuse_files_with_false_numbers)
{
    static const struct {
        const char *name;
        spoil_fn *spoil;
    } cases[] = {
#define CASE(name) {#name, name}
        CASE(other_magic),      CASE(other_class),     CASE(other_order),        CASE(odd_part_size),
        CASE(odd_section_size), CASE(far_parts),       CASE(far_sections),       CASE(no_sections),
        CASE(many_sections),    CASE(names_elsewhere), CASE(names_are_no_names), CASE(odd_symbol_size),
        CASE(far_symbols),      CASE(endless_symbols), CASE(far_names),          CASE(short_names),
        CASE(far_name),         CASE(empty_name),      CASE(undefined_symbol),   CASE(code_is_data),
        CASE(no_code),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        small_elf elf = sound_elf();
        cases[i].spoil(&elf);
        symbols_place place;
        if (look_up(&elf, sizeof elf, 0x25, &place))
            check_fail(__FILE__, __LINE__, "%s was believed", cases[i].name);
    }
}

TEST(symbols_survive_every_byte_of_the_tables_set_to_ff)
{
    small_elf sound = sound_elf();
    for (size_t at = 0; at < offsetof(small_elf, code); at++) {
        small_elf elf = sound;
        ((unsigned char *)&elf)[at] = 0xff;
        symbols_place place;
        if (look_up(&elf, sizeof elf, 0x25, &place))
            CHECK(strlen(place.function) < sizeof place.function);
    }
}

TEST(symbols_print_no_byte_of_a_name_that_is_not_printable)
{
    small_elf elf = sound_elf();
    memcpy(elf.names + 1, "a\x1b\nb\xff", 6);
    symbols_place place;
    CHECK(look_up(&elf, sizeof elf, 0x25, &place));
    CHECK_TEXT(place.function, "a??b?");
}

TEST(symbols_cut_a_name_without_an_end)
{
    small_elf elf = sound_elf();
    memset((char *)&elf + offsetof(small_elf, names), 'n', sizeof elf.names + sizeof elf.code);
    elf.sections[2].sh_size = sizeof elf.names + sizeof elf.code;
    symbols_place place;
    CHECK(look_up(&elf, sizeof elf, 0x25, &place));
    CHECK_INT(strlen(place.function), sizeof place.function - 1);
}

TEST(symbols_refuse_everything_except_a_regular_file)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    symbols_place place = {0};
    CHECK(!symbols_find(ends[0], 0, &place));
    CHECK(!symbols_find(-1, 0, &place));
}
