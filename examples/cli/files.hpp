// Files named on the command line; "-" is stdin.
#pragma once

#include <istream>
#include <string>

namespace cli {

// Throws std::runtime_error naming the file.
std::string read_file(const std::string& path);
// The same for JSON text; throws naming file, line and column where it is something else.
std::string read_json_file(const std::string& path);
// Replaces the file, by way of a neighbour, so that a failure leaves the old one.
void write_file(const std::string& path, const std::string& text);

}  // namespace cli
