// A .npy file (format 1.0 of NumPy) of f32 rows, written row by row.
#pragma once

#include <cstddef>
#include <fstream>
#include <ostream>
#include <span>
#include <string>

namespace cli {

class NpyWriter {
 public:
  // [rows, columns]; the path "-" is stdout. Throws std::runtime_error naming the file.
  NpyWriter(std::string path, std::size_t rows, std::size_t columns);
  void write_row(std::span<const float> row);
  // All rows must have been written.
  void close();

 private:
  [[noreturn]] void fail() const;

  std::string path_;
  std::ofstream file_;
  std::ostream* out_ = &file_;
};

}  // namespace cli
