# Run by tern_embed_files: writes OUTPUT with the bytes of FILES.
set(text "/* Generated at build from the files named below. */\n#include <stddef.h>\n")
foreach(file IN LISTS FILES)
    get_filename_component(base ${file} NAME)
    string(MAKE_C_IDENTIFIER ${NAME}_${base} symbol)
    file(READ ${file} hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR bytes "${digits} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," list "${hex}")
    string(APPEND text "\n/* ${base} */\nextern const unsigned char ${symbol}[];\nextern const size_t ${symbol}_len;\n"
        "const unsigned char ${symbol}[] = {${list}0};\nconst size_t ${symbol}_len = ${bytes};\n")
endforeach()
file(WRITE ${OUTPUT} "${text}")
