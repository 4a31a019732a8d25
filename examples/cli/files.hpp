// Files named on the command line; "-" is stdin, and stdout where a command says so.
#pragma once

#include <istream>
#include <string>

namespace cli {

// Throws "PATH: cannot ACTION: " and what errno says.
[[noreturn]] void fail_file(const std::string& path, const std::string& action);
// Of an option whose file is written or read at any place, as a CLI::Validator: what is wrong.
std::string needs_real_file(const std::string& path);

// Throws std::runtime_error naming the file.
std::string read_file(const std::string& path);
// The same for JSON text; throws naming file, line and column where it is something else.
std::string read_json_file(const std::string& path);
// Replaces the file, by way of a neighbour, so that a failure leaves the old one.
void write_file(const std::string& path, const std::string& text);

}  // namespace cli
