#include "base/file.hpp"
#include "base/utf8.hpp"
#include "format/gguf_cursor.hpp"
#include "format/gguf_file.hpp"
#include "format/tensor_list.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace tlite {
namespace {

constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxAlignment = 1 << 20;
constexpr std::uint32_t kMaxDimensions = 4;
constexpr int kMaxArrayDepth = 4;
constexpr std::size_t kMaxNameBytes = 65535;  // of the specification, for keys
// The least that a key with a value takes, and a tensor: names of no length, one byte, one number.
constexpr std::size_t kLeastEntry = 8 + 4 + 1;
constexpr std::size_t kLeastTensor = 8 + 4 + 8 + 4 + 8;

// One tensor of the header with its range of bytes behind the header.
struct Placed {
  std::string name;
  std::uint64_t begin;
  std::uint64_t end;
};

}  // namespace

class GgufFile::Parser {
 public:
  Parser(GgufFile& out, std::span<const std::byte> bytes, std::size_t size)
      : out_(out), bytes_(bytes), cursor_(bytes, size, out.file_) {}

  void parse() {
    read_version();
    const std::uint64_t tensors = cursor_.count(kLeastTensor, "tensor count");
    const std::uint64_t entries = cursor_.count(kLeastEntry, "metadata count");
    for (std::uint64_t i = 0; i < entries; ++i) read_entry();
    sort_metadata();
    read_tensors(tensors);
  }

 private:
  void read_version() {
    refuse_lfs_pointer(bytes_, out_.file_);
    constexpr std::string_view kMagic = "GGUF";
    if (std::memcmp(cursor_.take(4, "the magic number").data(), kMagic.data(), 4) != 0) {
      cursor_.fail("not a GGUF file: it does not begin with GGUF");
    }
    const auto version = cursor_.read<std::uint32_t>("the version");
    if (version == 2 || version == 3) return;
    const bool swapped = (version & 0xFFFFU) == 0 && version != 0;
    throw Error(ErrorCode::not_supported, out_.file_ + ": not supported: GGUF " +
                                              (swapped ? std::string("of big-endian byte order")
                                                       : "version " + std::to_string(version)));
  }

  GgufType read_type(std::string_view key) {
    const auto number = cursor_.read<std::uint32_t>("a type");
    if (number > static_cast<std::uint32_t>(GgufType::float64)) {
      cursor_.fail(std::string(key) + ": " + std::to_string(number) + " is not a metadata type");
    }
    return static_cast<GgufType>(number);
  }

  std::string_view read_name(std::string_view what) {
    const std::string_view name = cursor_.string(what);
    if (name.size() > kMaxNameBytes || !is_valid_utf8(name)) {
      cursor_.fail(std::string(what) + " before byte " + std::to_string(cursor_.position()) +
                   (name.size() > kMaxNameBytes ? " is too long" : " is not UTF-8"));
    }
    return name;
  }

  void skip_value(GgufType type, std::string_view key, int depth) {
    if (type == GgufType::string) {
      cursor_.string(key);
    } else if (type == GgufType::array) {
      if (depth == kMaxArrayDepth) cursor_.fail(std::string(key) + ": arrays nested too deeply");
      const GgufType item = read_type(key);
      skip_items(item, read_count(item, key), key, depth + 1);
    } else {
      cursor_.take(gguf_scalar_size(type), key);
    }
  }

  std::uint64_t read_count(GgufType item, std::string_view key) {
    constexpr std::size_t kLeastString = 8;
    constexpr std::size_t kLeastArray = 12;
    const std::size_t scalar = gguf_scalar_size(item);
    return cursor_.count(
        scalar > 0 ? scalar : (item == GgufType::string ? kLeastString : kLeastArray), key);
  }

  void skip_items(GgufType item, std::uint64_t count, std::string_view key, int depth) {
    if (const std::size_t size = gguf_scalar_size(item); size > 0) {
      cursor_.take(count * size, key);  // read_count has checked the product
    } else {
      for (std::uint64_t i = 0; i < count; ++i) skip_value(item, key, depth);
    }
  }

  void read_entry() {
    GgufValue value{};
    value.key = read_name("a metadata key");
    value.type = read_type(value.key);
    value.item = value.type;
    value.count = 1;
    const auto body = [&](auto&& skip) {
      const std::size_t begin = cursor_.position();
      skip();
      value.bytes = bytes_.subspan(begin, cursor_.position() - begin);
    };
    if (value.type == GgufType::array) {
      value.item = read_type(value.key);
      value.count = read_count(value.item, value.key);
      body([&] { skip_items(value.item, value.count, value.key, 1); });
    } else {
      body([&] { skip_value(value.type, value.key, 0); });
    }
    out_.metadata_.push_back(value);
  }

  void sort_metadata() {
    std::vector<GgufValue>& metadata = out_.metadata_;
    std::sort(metadata.begin(), metadata.end(),
              [](const GgufValue& a, const GgufValue& b) { return a.key < b.key; });
    for (std::size_t i = 1; i < metadata.size(); ++i) {
      if (metadata[i].key == metadata[i - 1].key) {
        cursor_.fail(std::string(metadata[i].key) + " is there twice");
      }
    }
  }

  std::vector<std::uint64_t> read_shape(const std::string& where) {
    const auto dimensions = cursor_.read<std::uint32_t>("a number of dimensions");
    if (dimensions == 0 || dimensions > kMaxDimensions) {
      cursor_.fail(where + std::to_string(dimensions) + " dimensions, where 1 to 4 are possible");
    }
    std::vector<std::uint64_t> shape(dimensions);
    for (std::uint64_t& size : shape) size = cursor_.read<std::uint64_t>("a dimension");
    std::reverse(shape.begin(), shape.end());  // the file's order is innermost first
    return shape;
  }

  // Bytes of a tensor, whose rows must be whole blocks.
  std::uint64_t size_of_tensor(const GgufTensorType& type, const std::vector<std::uint64_t>& shape,
                               const std::string& where) const {
    const std::uint64_t row = shape.back();
    if (row % type.block.elements != 0) {
      cursor_.fail(where + "rows of " + std::to_string(row) + " are not whole " +
                   std::string(type.name) + " blocks of " + std::to_string(type.block.elements));
    }
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    std::uint64_t bytes = type.block.bytes;
    std::vector<std::uint64_t> factors = shape;
    factors.back() = row / type.block.elements;
    for (const std::uint64_t factor : factors) {
      if (factor != 0 && bytes > kMax / factor) {
        cursor_.fail(where + std::string(type.name) + " " + shape_text(shape) +
                     " is not a possible size");
      }
      bytes *= factor;
    }
    return bytes;
  }

  void read_tensor(std::uint64_t alignment) {
    const std::string name(read_name("a tensor name"));
    const std::string where = "tensor " + name + ": ";
    std::vector<std::uint64_t> shape = read_shape(where);
    const auto number = cursor_.read<std::uint32_t>("a tensor type");
    const auto offset = cursor_.read<std::uint64_t>("a tensor offset");
    if (offset % alignment != 0) {
      cursor_.fail(where + "offset " + std::to_string(offset) + " is not a multiple of " +
                   std::to_string(alignment));
    }
    const GgufTensorType* type = gguf_tensor_type(number);
    if (type == nullptr) {
      out_.tensors_.unsupported.push_back({name, "number " + std::to_string(number), out_.file_});
      return;
    }
    const std::uint64_t size = size_of_tensor(*type, shape, where);
    if (offset > std::numeric_limits<std::uint64_t>::max() - size) {
      cursor_.fail(where + "offset " + std::to_string(offset) + " overflows");
    }
    placed_.push_back({name, offset, offset + size});
    if (type->type) {
      out_.tensors_.tensors.push_back({name, *type->type, std::move(shape), {}, out_.file_});
      offsets_.emplace_back(offset, size);
    } else {
      out_.tensors_.unsupported.push_back({name, std::string(type->name), out_.file_});
    }
  }

  void check_layout(std::uint64_t data_bytes) {
    std::sort(placed_.begin(), placed_.end(), [](const Placed& a, const Placed& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t end = 0;
    for (const Placed& tensor : placed_) {
      const std::string where = "tensor " + tensor.name + ": ";
      if (tensor.begin < end) {
        cursor_.fail(where + "begins at byte " + std::to_string(tensor.begin) +
                     " of the data, inside the tensor before it, which ends at " +
                     std::to_string(end));
      }
      if (tensor.end > data_bytes) {
        cursor_.fail("truncated: " + where + "ends at byte " + std::to_string(tensor.end) +
                     " of the data, which has " + std::to_string(data_bytes));
      }
      end = tensor.end;
    }
  }

  void read_tensors(std::uint64_t count) {
    const std::int64_t alignment =
        out_.integer_or("general.alignment", kDefaultAlignment, 1, kMaxAlignment);
    if (!std::has_single_bit(static_cast<std::uint64_t>(alignment))) {
      out_.fail("general.alignment", std::to_string(alignment) + " is not a power of two");
    }
    for (std::uint64_t i = 0; i < count; ++i) read_tensor(static_cast<std::uint64_t>(alignment));
    const auto step = static_cast<std::size_t>(alignment);
    const std::size_t padding = (step - cursor_.position() % step) % step;
    // A file without tensors may end with its header.
    if (count > 0) cursor_.take(padding, "padding");
    check_layout(cursor_.remaining());
    for (std::size_t i = 0; i < offsets_.size(); ++i) {
      StoredTensor& tensor = out_.tensors_.tensors[i];
      tensor.offset = cursor_.position() + static_cast<std::size_t>(offsets_[i].first);
      const auto size = static_cast<std::size_t>(offsets_[i].second);
      if (tensor.offset + size > bytes_.size()) continue;
      tensor.data = bytes_.subspan(tensor.offset, size);
    }
  }

  GgufFile& out_;
  std::span<const std::byte> bytes_;
  GgufCursor cursor_;
  std::vector<Placed> placed_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> offsets_;  // and sizes, of out_.tensors_
};

GgufFile::GgufFile(std::span<const std::byte> bytes, std::string file)
    : GgufFile(bytes, bytes.size(), std::move(file)) {}

GgufFile::GgufFile(std::span<const std::byte> bytes, std::size_t size, std::string file)
    : file_(std::move(file)) {
  Parser(*this, bytes, size).parse();
}

}  // namespace tlite
