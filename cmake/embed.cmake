# tern_embed_files(TARGET NAME FILES...) compiles files into TARGET as `const unsigned char NAME_FILE_EXT[]` and
# `const size_t NAME_FILE_EXT_len`, so that a program ships with them and reads nothing at run time.
set(TERN_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(tern_embed_files target name)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.c)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DOUTPUT=${output} "-DFILES=${ARGN}" -P ${TERN_EMBED_SCRIPT}
        DEPENDS ${ARGN} ${TERN_EMBED_SCRIPT}
        COMMENT "Embedding ${name}"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
