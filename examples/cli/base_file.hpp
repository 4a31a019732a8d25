// The file of base log probabilities that llama.cpp's perplexity program writes and reads
// (tools/perplexity/perplexity.cpp, --kl-divergence-base), all numbers little-endian:
//
//   char[8] "_logits_"
//   i32     tokens of a chunk, n
//   i32     size of the vocabulary, v
//   i32     chunks, c
//   i32     tokens [c][n]
//   row     [c][n - 1 - n / 2]: of the positions n / 2 .. n - 2
//
// A row is f32 scale, f32 minimum, u16 codes [v], and another u16 where v is odd: see CodedRow.
#pragma once

#include "chunks.hpp"
#include "log_probs.hpp"

#include <cstddef>
#include <fstream>
#include <string>

namespace cli {

// The first position of a chunk that is scored; the last is the last but one.
inline std::size_t first_scored(std::size_t length) noexcept { return length / 2; }

// Writes beside `path` and takes its place at the end, so that a failure leaves what was there.
// Throws std::runtime_error naming the file.
class BaseFileWriter {
 public:
  BaseFileWriter(std::string path, std::size_t vocabulary, const Chunks& chunks);
  ~BaseFileWriter();
  BaseFileWriter(const BaseFileWriter&) = delete;
  BaseFileWriter& operator=(const BaseFileWriter&) = delete;

  void write(const CodedRow& row);
  // All rows must have been written.
  void close();

 private:
  void write_bytes(const void* data, std::size_t size);
  [[noreturn]] void fail() const;

  std::string path_, partial_;
  std::ofstream file_;
};

// Throws std::runtime_error naming the file and what is wrong with it: another kind of file, sizes
// that do not fit each other or the vocabulary, a token out of range, a row that is not finite.
class BaseFileReader {
 public:
  BaseFileReader(std::string path, std::size_t vocabulary);

  const Chunks& chunks() const noexcept { return chunks_; }
  // The next row.
  void read(CodedRow& row);

 private:
  void read_sizes();
  void read_tokens();
  void read_bytes(void* data, std::size_t size);
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_;
  std::ifstream file_;
  std::size_t vocabulary_;
  Chunks chunks_;
  std::size_t rows_read_ = 0;
};

}  // namespace cli
