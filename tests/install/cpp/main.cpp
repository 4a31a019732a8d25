// A C++ program that knows libtlite from its installation alone.
#include <iostream>
#include <string_view>

#include <tlite/tlite.hpp>

int main() {
  try {
    tlite::Model::load("/no/such/model");
  } catch (const tlite::Error& error) {
    std::cout << tlite::version() << ": " << error.what() << '\n';
    const bool named =
        std::string_view(error.what()).find("/no/such/model") != std::string_view::npos;
    return error.code() == tlite::ErrorCode::not_found && named ? 0 : 1;
  }
  return 1;
}
