# Swagger UI at /docs, instead of the built-in page, if scripts/swagger-ui has fetched it. About 480 KiB in every
# program; -DTERN_SWAGGER_UI=OFF leaves it out.
set(swagger_ui ${PROJECT_SOURCE_DIR}/build/swagger-ui)
set(swagger_is_there OFF)
if(EXISTS ${swagger_ui}/swagger-ui-bundle.js.gz)
    set(swagger_is_there ON)
endif()
option(TERN_SWAGGER_UI "Serve Swagger UI at /docs (scripts/swagger-ui fetches it)" ${swagger_is_there})

if(TERN_SWAGGER_UI)
    if(NOT swagger_is_there)
        message(FATAL_ERROR "TERN_SWAGGER_UI: Swagger UI is not there; scripts/swagger-ui fetches it")
    endif()
    set(swagger ${PROJECT_SOURCE_DIR}/src/app/docs_page/swagger)
    target_sources(tern_app PRIVATE src/app/docs_page/swagger.c)
    target_compile_definitions(tern_app PRIVATE TERN_SWAGGER_UI=1)
    tern_embed_files(tern_app swagger ${swagger}/page.html ${swagger}/script.js ${swagger}/style.css
        ${swagger_ui}/swagger-ui-bundle.js.gz ${swagger_ui}/swagger-ui.css.gz ${swagger_ui}/licenses.txt.gz)
endif()
