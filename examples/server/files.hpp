// Files that clients have uploaded, and those that batches write, in a folder: of each what it holds
// under its id, and what is said of it, OpenAI's file object, under `ID.json`. There is a file where
// there is the latter, which comes last and at once; so a server that is killed leaves none by
// halves. One thread's.
#pragma once

#include "failure.hpp"

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <openai/json_fields.hpp>

namespace server {

// Replaces the file at once, by way of a neighbour. Throws std::system_error.
void write_whole(const std::filesystem::path& path, std::string_view text);

// The objects of a folder's `*.json`, those first that were created first. Throws
// std::runtime_error naming a file that was not written as such a one: its name is its id, and
// `fields` are there.
std::vector<openai::Json> read_objects(const std::filesystem::path& folder,
                                       std::initializer_list<const char*> fields);

struct FileFacts {
  std::string filename;
  std::string purpose;
  std::int64_t lifetime = 0;  // seconds from its creation; 0: for ever
};

class Files {
 public:
  // Makes the folder, or reads what lies there. Throws.
  Files(std::filesystem::path folder, std::uint64_t most_bytes);

  static std::string new_id();
  // Throws Refusal where there is no room.
  const openai::Json& add(const FileFacts& facts, std::string_view content);
  // What has been written to path_of() a new id is a file from now on. Again: it is told of anew.
  const openai::Json& adopt(const std::string& id, const FileFacts& facts);
  // Null: there is none.
  const openai::Json* find(std::string_view id) const;
  void remove(const std::string& id);
  // All that are not files and for none of these ids.
  void remove_strays(const std::vector<std::string>& ids);

  std::filesystem::path path_of(const std::string& id) const { return folder_ / id; }
  const std::vector<openai::Json>& all() const noexcept { return all_; }

 private:
  const openai::Json& keep(const std::string& id, const FileFacts& facts);

  std::filesystem::path folder_;
  std::uint64_t most_bytes_;
  std::vector<openai::Json> all_;  // in the order of creation
};

}  // namespace server
