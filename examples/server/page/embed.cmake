# The page as a source file of the server, which then has it within:
#   include(page/embed.cmake)
#   embed_page(tlite_server)          defines server::page() of page.hpp
# Run as a script (-P) it writes that file.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${PAGE}" bytes HEX)
  # Numbers, not one string: C++ compilers need not take a literal of more than 65,536 characters.
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(WRITE "${OUTPUT}" "#include \"page.hpp\"

namespace server {
namespace {

const unsigned char kPage[] = {
${bytes}};

}  // namespace

std::string_view page() noexcept { return {reinterpret_cast<const char*>(kPage), sizeof kPage}; }

}  // namespace server
")
  return()
endif()

set(embed_page_script "${CMAKE_CURRENT_LIST_FILE}")
set(embed_page_html "${CMAKE_CURRENT_LIST_DIR}/dist/page.html")

function(embed_page target)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/page.cpp")
  add_custom_command(OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-DPAGE=${embed_page_html}" "-DOUTPUT=${source}" -P "${embed_page_script}"
    DEPENDS "${embed_page_html}" "${embed_page_script}"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()
