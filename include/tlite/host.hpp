// What the host program may supply: log sink, memory, files. Every member has a working default.
//
//   tlite::Host host;
//   host.log = [](tlite::LogLevel level, std::string_view text) { my_log(text); };
//   auto model = tlite::Model::load("model-dir", {.host = host});
//
// The library never writes to stdout or stderr: without a sink, log lines are dropped.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/export.hpp>

namespace tlite {

enum class LogLevel { debug, info, warning, error };

// Called on the thread that does the work, with no lock held. Must not throw.
using LogSink = std::function<void(LogLevel, std::string_view)>;

// Called with 0..1 on the loading thread; return false to cancel (load then throws cancelled).
using LoadProgress = std::function<bool(float fraction)>;

// Source of the large buffers: weights, KV pages, scratch. Small containers use the C++ heap.
// Thread-safe. `allocate` returns null when it has no memory; the library then throws
// out_of_memory and leaves its state as it was.
class TLITE_API Allocator {
 public:
  virtual ~Allocator();
  virtual void* allocate(std::size_t bytes, std::size_t alignment) noexcept = 0;
  virtual void deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept = 0;
};

// The content of one file; the bytes live as long as the object.
class TLITE_API FileContent {
 public:
  virtual ~FileContent();
  virtual std::span<const std::byte> bytes() const noexcept = 0;
  // Hints for what is mapped: `part` of the bytes will soon be read front to back, or was read and
  // will hardly be needed again. The bytes stay readable. By default nothing.
  virtual void will_read(std::span<const std::byte> part) const noexcept;
  virtual void was_read(std::span<const std::byte> part) const noexcept;
};

// Read access to files, e.g. out of a game's archive. Paths are UTF-8 with '/' between parts.
// Thread-safe. The default maps files of the operating system into memory.
class TLITE_API FileSystem {
 public:
  virtual ~FileSystem();
  virtual bool is_directory(std::string_view path) const = 0;
  virtual bool exists(std::string_view path) const = 0;
  // Throws Error(not_found) or Error(io), naming the path.
  virtual std::unique_ptr<FileContent> open(std::string_view path) const = 0;
  // Names of what a directory holds, in any order; used to find the one .gguf file of a directory
  // that is given as a model. By default nothing: such a file must then be named itself.
  virtual std::vector<std::string> list(std::string_view directory) const;
};

struct Host {
  LogSink log;                              // empty: silent
  std::shared_ptr<Allocator> allocator;     // null: the C++ heap
  std::shared_ptr<const FileSystem> files;  // null: the operating system's files
};

}  // namespace tlite
