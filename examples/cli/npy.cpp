// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "npy.hpp"

#include <bit>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace cli {

static_assert(std::endian::native == std::endian::little, "the header says '<f4'");

NpyWriter::NpyWriter(std::string path, std::size_t rows, std::size_t columns)
    : path_(std::move(path)) {
  errno = 0;
  file_.open(path_, std::ios::binary | std::ios::trunc);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  constexpr std::size_t kPreamble = 10;  // magic, version, length
  constexpr std::size_t kAlignment = 64;
  header.append(kAlignment - (kPreamble + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  file_ << "\x93NUMPY" << '\x01' << '\0' << static_cast<char>(header.size() & 0xFFU)
        << static_cast<char>(header.size() >> 8U) << header;
  if (!file_) fail();
}

void NpyWriter::write_row(std::span<const float> row) {
  file_.write(reinterpret_cast<const char*>(row.data()),
              static_cast<std::streamsize>(row.size_bytes()));
  if (!file_) fail();
}

void NpyWriter::close() {
  file_.close();
  if (!file_) fail();
}

void NpyWriter::fail() const {
  throw std::runtime_error(path_ + ": cannot write: " + std::generic_category().message(errno));
}

}  // namespace cli
