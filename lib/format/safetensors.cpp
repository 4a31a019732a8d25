#include "format/safetensors.hpp"

#include "base/file.hpp"
#include "format/json_file.hpp"
#include "format/tensor_list.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference's limit
constexpr std::size_t kMaxIndexBytes = 64'000'000;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kLengthBytes = 8;

struct Dtype {
  std::string_view name;
  std::uint64_t bits;
  std::optional<DataType> type;
};

constexpr Dtype kDtypes[] = {
    {"F32", 32, DataType::f32},
    {"F16", 16, DataType::f16},
    {"BF16", 16, DataType::bf16},
    {"F64", 64, {}},
    {"C64", 64, {}},
    {"I64", 64, {}},
    {"U64", 64, {}},
    {"I32", 32, {}},
    {"U32", 32, {}},
    {"I16", 16, {}},
    {"U16", 16, {}},
    {"I8", 8, {}},
    {"U8", 8, {}},
    {"BOOL", 8, {}},
    {"F8_E4M3", 8, {}},
    {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},
    {"F6_E2M3", 6, {}},
    {"F6_E3M2", 6, {}},
    {"F4", 4, {}},
};

// One entry of the header, with its range of bytes behind the header.
struct Entry {
  std::string name;
  const Dtype* dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

[[noreturn]] void corrupt(const std::string& file, const std::string& what) {
  throw Error(ErrorCode::corrupt, file + ": " + what);
}

std::uint64_t read_u64_le(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return value;
}

// Of the header, from the file's first bytes.
std::size_t header_length(std::span<const std::byte> begin, std::size_t size,
                          const std::string& file) {
  refuse_lfs_pointer(begin, file);
  if (size < kLengthBytes) {
    corrupt(file, "truncated: " + std::to_string(size) + " bytes, the header needs 8");
  }
  const std::uint64_t length = read_u64_le(begin.data());
  if (length > kMaxHeaderBytes) {
    corrupt(file, "a header of " + std::to_string(length) + " bytes is larger than the limit of " +
                      std::to_string(kMaxHeaderBytes));
  }
  if (length > size - kLengthBytes) {
    corrupt(file, "truncated: the header ends at byte " + std::to_string(length + kLengthBytes) +
                      ", the file at byte " + std::to_string(size));
  }
  return static_cast<std::size_t>(length);
}

std::vector<std::uint64_t> unsigned_array(const JsonFields& entry, std::string_view key,
                                          std::size_t max_length) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::vector<std::uint64_t> numbers;
  for (const std::int64_t number : entry.integers(key, 0, kMax)) {
    numbers.push_back(static_cast<std::uint64_t>(number));
  }
  if (numbers.size() > max_length) {
    throw Error(ErrorCode::corrupt, entry.name_of(key) + ": " + std::to_string(numbers.size()) +
                                        " numbers, where at most " + std::to_string(max_length) +
                                        " make sense");
  }
  return numbers;
}

Entry read_entry(const JsonFields& fields, std::string_view name) {
  Entry entry{std::string(name), nullptr, unsigned_array(fields, "shape", kMaxDimensions), 0, 0};
  const std::string dtype = fields.string("dtype");
  for (const Dtype& known : kDtypes) {
    if (known.name == dtype) entry.dtype = &known;
  }
  if (entry.dtype == nullptr) {
    throw Error(ErrorCode::corrupt,
                fields.name_of("dtype") + ": " + fields.text("dtype") + " is not a known type");
  }
  const std::vector<std::uint64_t> offsets = unsigned_array(fields, "data_offsets", 2);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    throw Error(ErrorCode::corrupt, fields.name_of("data_offsets") + ": not a begin and an end");
  }
  entry.begin = offsets[0];
  entry.end = offsets[1];
  return entry;
}

std::vector<Entry> read_entries(const JsonFile& header, const std::string& file) {
  std::vector<Entry> entries;
  const JsonFields fields = header.fields();
  for (const auto field : fields.raw()) {
    if (field.key == "__metadata__") continue;
    simdjson::dom::object object;
    const std::string where = file + ": tensor " + std::string(field.key);
    if (field.value.get(object) != simdjson::SUCCESS) {
      throw Error(ErrorCode::corrupt,
                  where + ": expected an object, found " + json_excerpt(field.value));
    }
    entries.push_back(read_entry({object, where + ": "}, field.key));
  }
  return entries;
}

// Bytes that shape and type ask for; nothing where they overflow or end inside a byte.
std::optional<std::uint64_t> bytes_of(const Entry& entry) {
  std::uint64_t bits = entry.dtype->bits;
  for (const std::uint64_t size : entry.shape) {
    if (size != 0 && bits > std::numeric_limits<std::uint64_t>::max() / size) return std::nullopt;
    bits *= size;
  }
  if (bits % 8 != 0) return std::nullopt;
  return bits / 8;
}

std::string type_text(const Entry& entry) {
  return std::string(entry.dtype->name) + " " + shape_text(entry.shape);
}

// The tensors must tile the data: each begins where the one before it ends, the last ends with the
// file. With that, none overlaps, lies outside or hides bytes.
void check_layout(std::vector<Entry>& entries, std::uint64_t data_bytes, const std::string& file) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t end = 0;
  for (const Entry& entry : entries) {
    const std::string where = "tensor " + entry.name + ": ";
    if (entry.begin != end) {
      corrupt(file, where + "begins at byte " + std::to_string(entry.begin) + " of the data, " +
                        (entry.begin < end ? "inside" : "with a hole behind") +
                        " the tensor before it, which ends at " + std::to_string(end));
    }
    if (entry.end > data_bytes) {
      corrupt(file, where + "ends at byte " + std::to_string(entry.end) +
                        " of the data, which has " + std::to_string(data_bytes));
    }
    const std::optional<std::uint64_t> bytes = bytes_of(entry);
    if (!bytes) corrupt(file, where + type_text(entry) + " is not a possible size");
    if (*bytes != entry.end - entry.begin) {
      corrupt(file, where + type_text(entry) + " needs " + std::to_string(*bytes) +
                        " bytes, the file gives it " + std::to_string(entry.end - entry.begin));
    }
    end = entry.end;
  }
  if (end != data_bytes) {
    corrupt(file, std::to_string(data_bytes - end) + " bytes at the end belong to no tensor");
  }
}

// `text`: the header of a file of `size` bytes. Tensors have no data yet.
TensorDirectory read_directory(std::string_view text, std::size_t size, const std::string& file) {
  const JsonFile header(text, file);
  std::vector<Entry> entries = read_entries(header, file);
  const std::size_t begin = kLengthBytes + text.size();
  check_layout(entries, size - begin, file);
  TensorDirectory found;
  for (Entry& entry : entries) {
    if (entry.dtype->type) {
      found.tensors.push_back({std::move(entry.name),
                               *entry.dtype->type,
                               std::move(entry.shape),
                               {},
                               file,
                               begin + static_cast<std::size_t>(entry.begin)});
    } else {
      found.unsupported.push_back({std::move(entry.name), std::string(entry.dtype->name), file});
    }
  }
  return found;
}

using WeightMap = std::map<std::string, std::string, std::less<>>;  // tensor name to shard

WeightMap read_index(const FileSystem& files, const std::string& path) {
  const JsonFile index(files, path, kMaxIndexBytes);
  const JsonFields map = index.fields().object("weight_map");
  WeightMap shards;
  for (const auto field : map.raw()) {
    std::string_view shard;
    if (field.value.get(shard) != simdjson::SUCCESS) {
      throw Error(ErrorCode::corrupt, map.name_of(field.key) + ": expected a file name, found " +
                                          json_excerpt(field.value));
    }
    // Shards lie beside their index; a path would read files that are not the model's.
    if (shard.empty() || shard.find_first_of("/\\") != std::string_view::npos) {
      throw Error(ErrorCode::corrupt, map.name_of(field.key) + ": " + json_excerpt(field.value) +
                                          " is not a file name");
    }
    shards.insert_or_assign(std::string(field.key), std::string(shard));
  }
  if (shards.empty()) throw Error(ErrorCode::corrupt, path + ": weight_map names no tensor");
  return shards;
}

void add_file(FileWeights& weights, const FileSystem& files, const std::string& path) {
  InputFile file(files, path);
  TensorDirectory found = read_safetensors(file);
  weights.add(std::move(file), std::move(found));
}

[[noreturn]] void throw_missing_shard(const std::string& path, const std::string& index) {
  throw Error(ErrorCode::not_found, path + ": no such file, and " + index + " names it");
}

struct Shard {
  InputFile file;
  TensorDirectory found;
};

// Of a tensor that several shards have, the copy in the shard that the index names is kept.
void drop_other_copies(std::vector<Shard>& shards, const WeightMap& index,
                       std::string_view directory) {
  std::set<std::pair<std::string_view, std::string_view>> have;  // path, tensor
  for (const Shard& shard : shards) {
    for (const StoredTensor& tensor : shard.found.tensors)
      have.emplace(shard.file.path(), tensor.name);
  }
  for (Shard& shard : shards) {
    std::erase_if(shard.found.tensors, [&](const StoredTensor& tensor) {
      const auto named = index.find(tensor.name);
      if (named == index.end()) return false;
      const std::string path = join_path(directory, named->second);
      return path != shard.file.path() && have.contains({path, tensor.name});
    });
  }
}

// Every tensor of every shard that the index names counts, as in transformers: the index may leave
// one out, place it in another shard, or list one that is nowhere (a tied lm_head.weight). What is
// missing is found out where it is needed.
void add_shards(FileWeights& weights, const FileSystem& files, std::string_view directory,
                const std::string& index_path) {
  const WeightMap index = read_index(files, index_path);
  std::set<std::string_view> names;
  for (const auto& [tensor, shard] : index) names.insert(shard);
  std::vector<Shard> shards;
  for (const std::string_view name : names) {
    const std::string path = join_path(directory, name);
    if (!files.exists(path)) throw_missing_shard(path, index_path);
    InputFile file(files, path);
    TensorDirectory found = read_safetensors(file);
    shards.push_back({std::move(file), std::move(found)});
  }
  drop_other_copies(shards, index, directory);
  for (Shard& shard : shards) weights.add(std::move(shard.file), std::move(shard.found));
}

}  // namespace

TensorDirectory read_safetensors(std::span<const std::byte> bytes, const std::string& file) {
  const std::size_t length = header_length(bytes, bytes.size(), file);
  const auto* const text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
  TensorDirectory found = read_directory({text, length}, bytes.size(), file);
  for (StoredTensor& tensor : found.tensors) {
    tensor.data = bytes.subspan(tensor.offset, tensor.bytes());
  }
  return found;
}

TensorDirectory read_safetensors(const InputFile& file) {
  std::array<std::byte, 64> space;  // a length, or the words that mark a Git LFS pointer
  const std::span<std::byte> begin = std::span(space).first(std::min(space.size(), file.size()));
  file.read(0, begin);
  std::string text(header_length(begin, file.size(), file.path()), '\0');
  file.read(kLengthBytes, std::as_writable_bytes(std::span(text)));
  return read_directory(text, file.size(), file.path());
}

std::unique_ptr<WeightSource> open_safetensors_directory(std::string_view directory,
                                                         const FileSystem& files,
                                                         WeightAccess access) {
  auto weights = std::make_unique<FileWeights>(access);
  const std::string single = join_path(directory, "model.safetensors");
  const std::string index = single + ".index.json";
  if (files.exists(single)) {
    add_file(*weights, files, single);
  } else if (files.exists(index)) {
    add_shards(*weights, files, directory, index);
  } else if (files.exists(join_path(directory, "pytorch_model.bin"))) {
    throw Error(ErrorCode::not_supported,
                join_path(directory, "pytorch_model.bin") + ": not supported: weights in a pickle");
  } else {
    throw Error(ErrorCode::not_found, std::string(directory) +
                                          ": neither model.safetensors nor "
                                          "model.safetensors.index.json is there");
  }
  // Qwen2Model, the model without its head, has its tensors without the prefix.
  const std::string_view bare = kEmbeddingTensor.substr(kModelPrefix.size());
  const std::span<const StoredTensor> all = weights->tensors();
  const auto is_bare = [&](const StoredTensor& tensor) { return tensor.name == bare; };
  if (std::any_of(all.begin(), all.end(), is_bare)) {
    weights->add_prefix(kModelPrefix, kOutputTensor);
  }
  weights->finish();
  return weights;
}

}  // namespace tlite
