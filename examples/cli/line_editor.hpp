// A line of input: edited and with history where stdin is a terminal and libedit is there, plain
// otherwise.
#pragma once

#include <memory>
#include <string>

namespace cli {

enum class LineResult { line, end, interrupted };

class LineEditor {
 public:
  virtual ~LineEditor() = default;
  // The next line without its line end. `interrupted`: Ctrl-C; the line is given up.
  virtual LineResult read(const std::string& prompt, std::string& line) = 0;
};

std::unique_ptr<LineEditor> make_line_editor();

}  // namespace cli
