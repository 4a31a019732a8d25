// JSON out: strings escaped as Python's json.dumps(ensure_ascii=False) escapes them.
#pragma once

#include <string>
#include <string_view>

namespace tlite {

// Appends what stands between the quotes. Bytes that are not UTF-8 pass through.
void append_json_escaped(std::string& out, std::string_view text);

// Appends the string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tlite
