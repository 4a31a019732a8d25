// JSON as people and older programs leave it behind, brought into the form that a parser takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tlite {

// For files that hold nothing but defaults, where most of a file is better than none of it. Takes
// away a byte order mark and commas before a closing bracket, writes null for NaN and Infinity, as
// Python writes them, and closes what is open where the text goes wrong, without the member in
// which it does. Each of these appends a warning, "PATH: line 3: ...". What comes out is an object,
// at worst an empty one; strings and numbers are copied as they are.
std::string repair_json_object(std::string_view text, const std::string& path,
                               std::vector<std::string>& warnings);

}  // namespace tlite
