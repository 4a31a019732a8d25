#include "files.hpp"

#include "draw_id.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace server {
namespace {

namespace fs = std::filesystem;
using openai::Json;

constexpr std::size_t kMostFiles = 10000;
constexpr std::string_view kPrefix = "file-";

[[noreturn]] void fail(const fs::path& path, const char* action) {
  throw std::system_error(errno, std::generic_category(), path.string() + ": cannot " + action);
}

void write_text(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) fail(path, "write");
}

fs::path facts_path(const fs::path& content) { return content.string() + ".json"; }

Json read_object(const fs::path& path, std::initializer_list<const char*> fields) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Json json = Json::parse(text, nullptr, false);
  const bool is_one =
      json.is_object() && json.value("id", Json()) == path.stem().string() &&
      json.value("created_at", Json()).is_number_integer() &&
      std::ranges::all_of(fields, [&](const char* name) { return json.contains(name); });
  if (!is_one) throw std::runtime_error(path.string() + ": not written by this server");
  return json;
}

}  // namespace

void write_whole(const fs::path& path, std::string_view text) {
  const fs::path partial = path.string() + ".part";
  write_text(partial, text);
  fs::rename(partial, path);
}

std::vector<Json> read_objects(const fs::path& folder, std::initializer_list<const char*> fields) {
  std::vector<Json> all;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") all.push_back(read_object(entry.path(), fields));
  }
  std::ranges::sort(all, {}, [](const Json& object) {
    return std::pair(object["created_at"].get<std::int64_t>(), object["id"].get<std::string>());
  });
  return all;
}

Files::Files(fs::path folder, std::uint64_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {
  fs::create_directories(folder_);
  all_ = read_objects(folder_, {"bytes", "filename", "purpose"});
}

const Json& Files::add(const FileFacts& facts, std::string_view content) {
  std::uint64_t taken = content.size();
  for (const Json& file : all_) taken += file["bytes"].get<std::uint64_t>();
  if (all_.size() >= kMostFiles || taken > most_bytes_) {
    throw Refusal({FailureKind::too_large,
                   "there are " + std::to_string(all_.size()) + " files, with this one of " +
                       std::to_string(taken) + " bytes; the limits are " +
                       std::to_string(kMostFiles) + " and " + std::to_string(most_bytes_),
                   "file"});
  }
  const std::string id = new_id();
  write_text(path_of(id), content);
  return keep(id, facts);
}

std::string Files::new_id() { return std::string(kPrefix) + draw_id(); }

const Json& Files::adopt(const std::string& id, const FileFacts& facts) {
  std::erase_if(all_, [&](const Json& file) { return file["id"] == id; });
  return keep(id, facts);
}

const Json& Files::keep(const std::string& id, const FileFacts& facts) {
  const std::int64_t now = std::time(nullptr);
  Json file = {{"id", id},
               {"object", "file"},
               {"bytes", fs::file_size(path_of(id))},
               {"created_at", now},
               {"filename", facts.filename},
               {"purpose", facts.purpose},
               {"status", "processed"}};
  if (facts.lifetime > 0) file["expires_at"] = now + facts.lifetime;
  write_whole(facts_path(path_of(id)), openai::to_text(file));
  return all_.emplace_back(std::move(file));
}

const Json* Files::find(std::string_view id) const {
  const auto found =
      std::ranges::find(all_, id, [](const Json& file) { return file["id"].get<std::string>(); });
  return found == all_.end() ? nullptr : &*found;
}

// What makes it a file goes first, so that none is left without what it holds.
void Files::remove(const std::string& id) {
  std::erase_if(all_, [&](const Json& file) { return file["id"] == id; });
  fs::remove(facts_path(path_of(id)));
  fs::remove(path_of(id));
}

void Files::remove_strays(const std::vector<std::string>& ids) {
  std::vector<fs::path> strays;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    const std::string id = name.substr(0, name.find('.'));
    const bool is_kept = find(id) != nullptr || std::ranges::find(ids, id) != ids.end();
    const bool is_whole = name == id || name == id + ".json";
    // Nothing but what this server calls so.
    if (id.starts_with(kPrefix) && !(is_kept && is_whole)) strays.push_back(entry.path());
  }
  for (const fs::path& path : strays) fs::remove(path);
}

}  // namespace server
