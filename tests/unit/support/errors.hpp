// What a call threw: as one string to compare with ("corrupt: file: what", or "nothing"), or
// checked in place.
#pragma once

#include <string>

#include <doctest/doctest.h>

#include <tlite/error.hpp>

namespace tlite::test {

template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
  return "nothing";
}

// Checks that a call throws an Error of this code whose text contains `text`.
template <class Call>
void check_error(ErrorCode code, const std::string& text, Call&& call) {
  try {
    call();
    FAIL("no error, expected: " << text);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CAPTURE(error.what());
    CHECK(std::string(error.what()).find(text) != std::string::npos);
  }
}

}  // namespace tlite::test
