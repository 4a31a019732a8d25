// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "npy.hpp"

#include "files.hpp"

#include <bit>
#include <cerrno>
#include <iostream>
#include <utility>

namespace cli {

static_assert(std::endian::native == std::endian::little, "the header says '<f4'");

NpyWriter::NpyWriter(std::string path, std::size_t rows, std::size_t columns)
    : path_(std::move(path)) {
  errno = 0;
  if (path_ == "-") {
    out_ = &std::cout;
  } else {
    file_.open(path_, std::ios::binary | std::ios::trunc);
  }
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  constexpr std::size_t kPreamble = 10;  // magic, version, length
  constexpr std::size_t kAlignment = 64;
  header.append(kAlignment - (kPreamble + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  *out_ << "\x93NUMPY" << '\x01' << '\0' << static_cast<char>(header.size() & 0xFFU)
        << static_cast<char>(header.size() >> 8U) << header;
  if (!*out_) fail();
}

void NpyWriter::write_row(std::span<const float> row) {
  out_->write(reinterpret_cast<const char*>(row.data()),
              static_cast<std::streamsize>(row.size_bytes()));
  if (!*out_) fail();
}

void NpyWriter::close() {
  out_->flush();
  if (file_.is_open()) file_.close();
  if (!*out_) fail();
}

void NpyWriter::fail() const { fail_file(path_, "write"); }

}  // namespace cli
