// What a call threw, as one string to compare with: "corrupt: file: what", or "nothing".
#pragma once

#include <string>

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

}  // namespace tlite::test
