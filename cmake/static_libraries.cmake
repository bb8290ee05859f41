# For a program that needs nothing of the machine it runs on: the libraries that tools/lambda-libs
# built, and those of Debian's that have a static form. The targets have the names that find_package
# gives them.
set(DYNAMITE_LAMBDA_LIBS "${PROJECT_SOURCE_DIR}/.cache/lambda-libs" CACHE PATH
  "what tools/lambda-libs has built")

function(dynamite_static_library target file)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "INCLUDES;LINKS")
  find_library(${target}_FILE NAMES ${file} HINTS ${DYNAMITE_LAMBDA_LIBS}/lib)
  if(NOT ${target}_FILE)
    message(FATAL_ERROR "${file} is not there: run tools/lambda-libs")
  endif()
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${${target}_FILE}")
  target_include_directories(${target} INTERFACE ${arg_INCLUDES})
  target_link_libraries(${target} INTERFACE ${arg_LINKS})
endfunction()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)

set(built ${DYNAMITE_LAMBDA_LIBS}/include)
dynamite_static_library(ZLIB::ZLIB libz.a INCLUDES ${built})
dynamite_static_library(PkgConfig::minizip libminizip.a LINKS ZLIB::ZLIB)
dynamite_static_library(OpenSSL::Crypto libcrypto.a INCLUDES ${built} LINKS Threads::Threads)
dynamite_static_library(OpenSSL::SSL libssl.a LINKS OpenSSL::Crypto)
dynamite_static_library(CURL::libcurl libcurl.a INCLUDES ${built} LINKS OpenSSL::SSL ZLIB::ZLIB)
dynamite_static_library(simdjson::simdjson libsimdjson.a INCLUDES ${built})
dynamite_static_library(pgport libpgport_shlib.a)
dynamite_static_library(pgcommon libpgcommon_shlib.a LINKS pgport)
dynamite_static_library(PostgreSQL::PostgreSQL libpq.a INCLUDES ${built}
  LINKS pgcommon OpenSSL::SSL)

add_library(PkgConfig::tomlplusplus INTERFACE IMPORTED GLOBAL)  # its header alone will do
set(DYNAMITE_FMT fmt::fmt-header-only)
# Debian's own header-only target links the shared fmt.
add_library(spdlog_headers INTERFACE)
target_compile_definitions(spdlog_headers INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(spdlog_headers INTERFACE fmt::fmt-header-only Threads::Threads)
set(DYNAMITE_SPDLOG spdlog_headers)
add_link_options(-static)
