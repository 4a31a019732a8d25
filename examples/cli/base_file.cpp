#include "base_file.hpp"

#include "files.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace cli {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are read and written as they are");

constexpr std::string_view kMagic = "_logits_";

// The shortest chunk with a row: of 3 tokens position 1 is scored.
constexpr std::int32_t kShortest = 3;

std::size_t padding(std::size_t vocabulary) { return vocabulary % 2; }

std::size_t row_bytes(std::size_t vocabulary) {
  return 2 * sizeof(float) + (vocabulary + padding(vocabulary)) * sizeof(std::uint16_t);
}

}  // namespace

BaseFileWriter::BaseFileWriter(std::string path, std::size_t vocabulary, const Chunks& chunks)
    : path_(std::move(path)), partial_(path_ + ".part") {
  errno = 0;
  file_.open(partial_, std::ios::binary | std::ios::trunc);
  write_bytes(kMagic.data(), kMagic.size());
  for (const std::size_t size : {chunks.length, vocabulary, chunks.count()}) {
    const auto number = static_cast<std::int32_t>(size);
    write_bytes(&number, sizeof number);
  }
  write_bytes(chunks.tokens.data(), chunks.tokens.size() * sizeof(tlite::TokenId));
}

BaseFileWriter::~BaseFileWriter() {
  if (!file_.is_open()) return;
  file_.close();
  std::remove(partial_.c_str());
}

void BaseFileWriter::write(const CodedRow& row) {
  write_bytes(&row.scale, sizeof row.scale);
  write_bytes(&row.minimum, sizeof row.minimum);
  write_bytes(row.codes.data(), row.codes.size() * sizeof(std::uint16_t));
  constexpr std::uint16_t kNothing = 0;
  write_bytes(&kNothing, padding(row.codes.size()) * sizeof kNothing);
}

void BaseFileWriter::close() {
  file_.flush();
  if (!file_ || std::rename(partial_.c_str(), path_.c_str()) != 0) fail();
  file_.close();
}

void BaseFileWriter::write_bytes(const void* data, std::size_t size) {
  file_.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
  if (!file_) fail();
}

void BaseFileWriter::fail() const { fail_file(path_, "write"); }

BaseFileReader::BaseFileReader(std::string path, std::size_t vocabulary)
    : path_(std::move(path)), vocabulary_(vocabulary) {
  errno = 0;
  file_.open(path_, std::ios::binary);
  if (!file_) fail_file(path_, "open");
  std::array<char, kMagic.size()> magic = {};
  read_bytes(magic.data(), magic.size());
  if (std::string_view(magic.data(), magic.size()) != kMagic) {
    fail("is not a file of log probabilities: it does not begin with \"_logits_\"");
  }
  read_sizes();
  read_tokens();
}

void BaseFileReader::read_sizes() {
  std::array<std::int32_t, 3> sizes = {};
  read_bytes(sizes.data(), sizeof sizes);
  const auto [length, vocabulary, count] = sizes;
  if (length < kShortest) fail("chunks of " + std::to_string(length) + " tokens have no rows");
  if (count < 1) fail("says that it has " + std::to_string(count) + " chunks");
  if (vocabulary < 0 || static_cast<std::size_t>(vocabulary) != vocabulary_) {
    fail("has a vocabulary of " + std::to_string(vocabulary) + "; the model has " +
         std::to_string(vocabulary_));
  }
  chunks_.length = static_cast<std::size_t>(length);
  const std::size_t rows = chunks_.length - 1 - first_scored(chunks_.length);
  // Below 2^34 + 2^30 x 2^33: a division tells whether the count fits, a product could overflow.
  const std::size_t chunk_bytes =
      chunks_.length * sizeof(tlite::TokenId) + rows * row_bytes(vocabulary_);
  const std::size_t size = std::filesystem::file_size(path_);
  const std::size_t rest = size - kMagic.size() - sizeof sizes;
  if (rest % chunk_bytes != 0 || rest / chunk_bytes != static_cast<std::size_t>(count)) {
    fail("has " + std::to_string(size) + " bytes, which is not what " + std::to_string(count) +
         " chunks of " + std::to_string(length) + " tokens take");
  }
  chunks_.tokens.resize(static_cast<std::size_t>(count) * chunks_.length);
}

void BaseFileReader::read_tokens() {
  read_bytes(chunks_.tokens.data(), chunks_.tokens.size() * sizeof(tlite::TokenId));
  for (std::size_t i = 0; i < chunks_.tokens.size(); ++i) {
    const tlite::TokenId token = chunks_.tokens[i];
    if (token >= 0 && static_cast<std::size_t>(token) < vocabulary_) continue;
    fail("token " + std::to_string(i) + " is " + std::to_string(token) + ", out of range");
  }
}

void BaseFileReader::read(CodedRow& row) {
  row.codes.resize(vocabulary_);
  read_bytes(&row.scale, sizeof row.scale);
  read_bytes(&row.minimum, sizeof row.minimum);
  if (!std::isfinite(row.scale) || !std::isfinite(row.minimum) || row.scale < 0.0F) {
    fail("row " + std::to_string(rows_read_) + " has the scale " + std::to_string(row.scale) +
         " and the minimum " + std::to_string(row.minimum));
  }
  read_bytes(row.codes.data(), vocabulary_ * sizeof(std::uint16_t));
  std::uint16_t nothing = 0;
  read_bytes(&nothing, padding(vocabulary_) * sizeof nothing);
  ++rows_read_;
}

void BaseFileReader::read_bytes(void* data, std::size_t size) {
  file_.read(static_cast<char*>(data), static_cast<std::streamsize>(size));
  if (!file_) fail("ends too early");
}

void BaseFileReader::fail(const std::string& what) const {
  throw std::runtime_error(path_ + ": " + what);
}

}  // namespace cli
