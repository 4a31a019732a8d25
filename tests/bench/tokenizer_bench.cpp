// Times the tokenizer for a driver that asks line by line (tokenizer_bench.py), so that it can take
// turns with another tokenizer.
//
//   tokenizer_bench MODEL
//   load            answers the milliseconds of one load
//   encode FILE     answers the milliseconds of encoding the file's parts, which NUL bytes divide,
//   and
//                   the number of ids
//
// Milliseconds are processor time: the machine may have other work.
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include <tlite/tokenizer.hpp>

namespace {

double milliseconds_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) * 1e3 / CLOCKS_PER_SEC;
}

std::size_t encode_parts(const tlite::Tokenizer& tokenizer, std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('\0'));
    count += tokenizer.encode(part).size();
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return count;
}

int run(const std::string& model) {
  const tlite::Tokenizer tokenizer = tlite::Tokenizer::load(model);
  std::map<std::string, std::string> texts;
  std::string command;
  while (std::cin >> command) {
    if (command == "load") {
      const auto start = std::clock();
      const tlite::Tokenizer again = tlite::Tokenizer::load(model);
      std::cout << milliseconds_since(start) << ' ' << again.vocabulary_size() << std::endl;
      continue;
    }
    std::string file;
    std::cin >> file;
    std::string& text = texts[file];
    if (text.empty()) {
      std::ifstream in(file, std::ios::binary);
      text.assign(std::istreambuf_iterator<char>(in), {});
    }
    const auto start = std::clock();
    const std::size_t count = encode_parts(tokenizer, text);
    std::cout << milliseconds_since(start) << ' ' << count << std::endl;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: tokenizer_bench MODEL\n";
    return 2;
  }
  try {
    return run(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
