// A cursor over bytes from outside: every read is checked against the end of the file. The bytes
// may be the beginning of the file alone, of which a reader does not know how much it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <tlite/error.hpp>

namespace tlite {

class GgufCursor {
 public:
  // Thrown where a read ends in the file, but behind the bytes at hand.
  struct NeedsMore {
    std::size_t bytes;  // from the begin of the file
  };

  GgufCursor(std::span<const std::byte> bytes, const std::string& file)
      : GgufCursor(bytes, bytes.size(), file) {}
  // `size`: of the file, whose beginning the bytes are.
  GgufCursor(std::span<const std::byte> bytes, std::size_t size, const std::string& file)
      : bytes_(bytes), size_(size), file_(file) {}

  std::size_t position() const noexcept { return position_; }
  std::size_t remaining() const noexcept { return size_ - position_; }

  std::span<const std::byte> take(std::uint64_t size, std::string_view what) {
    if (size > remaining()) {
      fail("truncated: " + std::string(what) + " at byte " + std::to_string(position_) + " needs " +
           std::to_string(size) + " bytes, " + std::to_string(remaining()) + " are left");
    }
    const std::size_t end = position_ + static_cast<std::size_t>(size);
    if (end > bytes_.size()) throw NeedsMore{end};
    const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(size));
    position_ += taken.size();
    return taken;
  }

  // Little endian, like the machines this library runs on.
  template <class T>
  T read(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::string_view string(std::string_view what) {
    const std::span<const std::byte> text = take(read<std::uint64_t>(what), what);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  // A count of things that take `least` bytes each: one that the file cannot hold is refused before
  // anything is allocated for it.
  std::uint64_t count(std::size_t least, std::string_view what) {
    const auto number = read<std::uint64_t>(what);
    if (number > remaining() / least) {
      fail(std::string(what) + ": " + std::to_string(number) + " do not fit in the " +
           std::to_string(remaining()) + " bytes that are left");
    }
    return number;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::corrupt, file_ + ": " + what);
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t size_;
  const std::string& file_;
  std::size_t position_ = 0;
};

}  // namespace tlite
