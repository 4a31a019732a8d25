// Importance matrices: how much each column of a weight matrix matters, measured by running text
// through the model. Files that llama.cpp's imatrix and our own command write, as GGUF or in the
// older format of its own.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/host.hpp>

namespace tlite {

class ImportanceMatrix {
 public:
  // Throws not_found, io, corrupt (naming file, entry and value), not_supported.
  static ImportanceMatrix read(std::string_view path, const FileSystem& files);

  // The mean square of each input of the matrix with this name ("blk.0.attn_q.weight"), all finite
  // and not negative; empty where the file has none.
  std::span<const float> find(std::string_view gguf_name) const noexcept;

  const std::string& file() const noexcept { return file_; }
  std::size_t size() const noexcept { return columns_.size(); }

 private:
  void add(std::string name, std::vector<float> sums, double count);
  void read_gguf(std::span<const std::byte> bytes);
  void read_legacy(std::span<const std::byte> bytes);

  std::string file_;
  std::map<std::string, std::vector<float>, std::less<>> columns_;
};

}  // namespace tlite
