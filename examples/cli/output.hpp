// Text and JSON to stdout, with what can go wrong there noticed.
#pragma once

#include <string>
#include <string_view>

#include <openai/json_fields.hpp>

namespace cli {

using openai::Json;

void write_text(std::string_view text);
// One line; bytes that are not UTF-8 come out as U+FFFD.
void write_json(const Json& value);
// Throws where stdout did not take everything.
void finish_output();

// Line ends become spaces: an error is one line.
std::string one_line(std::string_view text);

// "5.5 MB", "1.2 GB": decimal units.
std::string format_bytes(double bytes);
std::string format_number(double value, int digits);

bool is_terminal_output();
bool is_terminal_error();
bool is_terminal_input();

}  // namespace cli
