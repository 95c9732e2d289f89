# tern_embed(TARGET NAME FOLDER) compiles the files of a folder into TARGET as `const tern_embedded NAME[1]`, which
# TERN_EMBEDDED(NAME) declares and tern_static and tern_frontend serve. The folder must exist when CMake runs: build a
# front-end before. A file that changes, appears or goes is seen by the next build.
if(NOT TERN_EMBED_PROGRAM)
    set(TERN_EMBED_PROGRAM ${CMAKE_CURRENT_LIST_DIR}/../scripts/tern-embed)
endif()

function(tern_embed target name folder)
    get_filename_component(folder "${folder}" ABSOLUTE)
    if(NOT IS_DIRECTORY "${folder}")
        message(FATAL_ERROR "tern_embed: the folder ${folder} does not exist; a front-end is built before it is embedded")
    endif()
    file(GLOB_RECURSE files CONFIGURE_DEPENDS LIST_DIRECTORIES false "${folder}/*")
    set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.c)
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/embedded)
    add_custom_command(
        OUTPUT ${output}
        COMMAND sh ${TERN_EMBED_PROGRAM} ${name} ${folder} ${output}
        DEPENDS ${files} ${TERN_EMBED_PROGRAM}
        COMMENT "Embedding ${folder}"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
