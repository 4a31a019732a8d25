// Packed weights kept on the disk between loads: a file in a directory of the caller's, mapped by
// the next load in place of packing. The format and what is checked: docs/packed-cache.md.
#pragma once

#include "base/input_file.hpp"
#include "base/log.hpp"
#include "base/parallel.hpp"
#include "model/packed_layout.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/host.hpp>

namespace tlite {

// The packed weights of one load, mapped.
class CachedWeights {
 public:
  CachedWeights(std::unique_ptr<FileContent> file, std::size_t offset)
      : file_(std::move(file)), offset_(offset) {}
  std::span<const std::byte> bytes() const noexcept { return file_->bytes().subspan(offset_); }

 private:
  std::unique_ptr<FileContent> file_;
  std::size_t offset_;
};

class PackedCache {
 public:
  // The place of `layout` in `directory`. `path` is the model's; its files are the operating
  // system's. Nothing is opened yet.
  PackedCache(std::string_view directory, std::string_view path, const PackedLayout& layout,
              const WeightSource& source);

  const std::string& file() const noexcept { return file_; }

  // The file, where there is one that fits; `whole` checks every byte of it, by the threads of
  // `pool`. Null, and a line in the log, for another one. Throws nothing but out_of_memory.
  std::unique_ptr<const CachedWeights> open(bool whole, ThreadPool& pool, const Log& log) const;

  // The same read into `out`, of the layout's bytes; false where there is no such file. Throws
  // cancelled where `progress` says so.
  bool read(std::span<std::byte> out, bool whole, const LoadProgress& progress, ThreadPool& pool,
            const Log& log) const;

  // Writes the file; it appears whole or not at all. What goes wrong is a warning in the log.
  void write(std::span<const std::byte> packed, ThreadPool& pool, const Log& log) const;

 private:
  // The file where its beginning fits, which then is in `begin`. Throws what InputFile throws.
  std::optional<InputFile> find(std::vector<std::byte>& begin, const Log& log) const;
  void log_fault(const std::string& fault, const Log& log) const;

  std::string file_;
  std::vector<std::byte> head_;  // what a file that fits begins with
  std::size_t bytes_;            // of packed weights
};

}  // namespace tlite
