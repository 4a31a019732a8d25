// A conversation with a model, in C++: read a line, stream the answer, repeat.
//
//   c++ -std=c++20 chat.cpp $(pkg-config --cflags --libs tlite) -o chat && ./chat MODEL-DIRECTORY
#include <exception>
#include <iostream>
#include <string>

#include <tlite/tlite.hpp>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: chat MODEL-DIRECTORY\n";
    return 2;
  }
  try {
    tlite::Session session(tlite::Model::load(argv[1]));
    std::string line;
    while (std::cout << "> " << std::flush && std::getline(std::cin, line)) {
      session.add_user(line);
      tlite::Stream answer = session.stream();
      for (const std::string_view piece : answer) std::cout << piece << std::flush;
      const tlite::Generation& result = answer.result();
      std::cout << "\n[" << to_string(result.finish_reason) << ": " << result.tokens.size()
                << " tokens in " << result.decode_seconds << " s]\n";
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "chat: " << error.what() << '\n';
    return 1;
  }
}
