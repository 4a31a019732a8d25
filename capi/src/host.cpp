// The host's callbacks behind the C++ interfaces for logs, memory and files. They are called from
// any thread that uses what was made with the host, from several at once, and no lock of this file
// is held then; none is needed, since nothing here changes once it was made.
//
// What a callback answers is not trusted more than a file is: sizes and pointers are checked before
// anybody reads. That it does not throw is trusted: allocate and deallocate are noexcept.
#include "host.hpp"

#include "arguments.hpp"
#include "guard.hpp"
#include "structs.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Lives for one call of file_list, on the stack of that call.
struct tlite_file_names {
  std::vector<std::string> value;
};

namespace tlite::capi {
namespace {

// The caller's callbacks, alive as long as anything may call them. Shared by whatever holds a log
// sink, an allocator, a file system or an open file of this host. So `release` comes on whichever
// thread lets the last of these go, within the free of something else as a rule.
class HostCallbacks {
 public:
  // Not armed: where making the host fails, the caller still has `user` and is told by a status.
  explicit HostCallbacks(const tlite_host_options& options) : options_(options) {
    options_.release = nullptr;
  }
  ~HostCallbacks() {
    if (options_.release != nullptr) options_.release(options_.user);
  }
  HostCallbacks(const HostCallbacks&) = delete;
  HostCallbacks& operator=(const HostCallbacks&) = delete;

  // From now on `release` will be called.
  void arm(tlite_release_callback release) noexcept { options_.release = release; }
  const tlite_host_options* operator->() const noexcept { return &options_; }
  const tlite_host_options& operator*() const noexcept { return options_; }

 private:
  tlite_host_options options_;
};

using Callbacks = std::shared_ptr<const HostCallbacks>;

class HostAllocator final : public Allocator {
 public:
  explicit HostAllocator(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    return (*callbacks_)->allocate(bytes, alignment, (*callbacks_)->user);
  }
  void deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    (*callbacks_)->deallocate(memory, bytes, alignment, (*callbacks_)->user);
  }

 private:
  Callbacks callbacks_;
};

// What a callback for files answers: one of three, or else it counts as an I/O error.
[[noreturn]] void throw_status(tlite_status status, const std::string& path, const char* callback) {
  const bool is_known = status == TLITE_ERROR_NOT_FOUND || status == TLITE_ERROR_OUT_OF_MEMORY;
  throw Error(is_known ? static_cast<ErrorCode>(status) : ErrorCode::io,
              path + ": the host's " + callback + " answers " + tlite_status_name(status));
}

// The bytes are the host's until file_close. A constructor that throws has no destructor to close
// behind it, so it closes itself what was opened.
class HostFile final : public FileContent {
 public:
  HostFile(Callbacks callbacks, std::string_view path) : callbacks_(std::move(callbacks)) {
    const std::string name(path);
    const void* data = nullptr;
    std::size_t size = 0;
    const tlite_status status =
        (*callbacks_)
            ->file_open(name.c_str(), name.size(), &data, &size, &file_, (*callbacks_)->user);
    if (status != TLITE_OK) throw_status(status, name, "file_open");
    bytes_ = {static_cast<const std::byte*>(data), size};
    if (size > PTRDIFF_MAX || (data == nullptr && size > 0)) {
      close();
      throw Error(ErrorCode::io, name + ": the host's file_open gives " +
                                     (data == nullptr ? "NULL and " : "") + std::to_string(size) +
                                     " bytes");
    }
  }
  ~HostFile() override { close(); }
  HostFile(const HostFile&) = delete;
  HostFile& operator=(const HostFile&) = delete;

  std::span<const std::byte> bytes() const noexcept override { return bytes_; }

 private:
  void close() noexcept { (*callbacks_)->file_close(file_, (*callbacks_)->user); }

  Callbacks callbacks_;
  void* file_ = nullptr;
  std::span<const std::byte> bytes_;
};

class HostFiles final : public FileSystem {
 public:
  explicit HostFiles(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}
  bool is_directory(std::string_view path) const override {
    const tlite_file_test_callback test = (*callbacks_)->file_is_directory;
    return test != nullptr ? ask(test, path) : !finds(path);
  }
  bool exists(std::string_view path) const override {
    const tlite_file_test_callback test = (*callbacks_)->file_exists;
    return test != nullptr ? ask(test, path) : finds(path);
  }
  std::unique_ptr<FileContent> open(std::string_view path) const override {
    return std::make_unique<HostFile>(callbacks_, path);
  }
  std::vector<std::string> list(std::string_view directory) const override {
    const tlite_file_list_callback fill = (*callbacks_)->file_list;
    if (fill == nullptr) return {};
    tlite_file_names names;
    const std::string path(directory);
    const tlite_status status = fill(path.c_str(), path.size(), &names, (*callbacks_)->user);
    if (status != TLITE_OK) throw_status(status, path, "file_list");
    return std::move(names.value);
  }

 private:
  bool ask(tlite_file_test_callback question, std::string_view path) const {
    const std::string name(path);  // callers may rely on the NUL
    return question(name.c_str(), name.size(), (*callbacks_)->user) != 0;
  }
  // Whether file_open knows the path. A file that it cannot read is one: opening it says why.
  // Where there is no memory to find out, that is told, and not taken for a no.
  bool finds(std::string_view path) const {
    try {
      const HostFile file(callbacks_, path);
      return true;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::not_found) return false;
      if (error.code() == ErrorCode::io) return true;
      throw;
    }
  }

  Callbacks callbacks_;
};

// Now and not at the first load: half a pair would be noticed when memory is to be given back.
void check_callbacks(const tlite_host_options& options) {
  if ((options.allocate == nullptr) != (options.deallocate == nullptr)) {
    throw_invalid("one of allocate and deallocate is NULL: give both or none");
  }
  if ((options.file_open == nullptr) != (options.file_close == nullptr)) {
    throw_invalid("one of file_open and file_close is NULL: give both or none");
  }
  if (options.file_open == nullptr &&
      (options.file_exists != nullptr || options.file_is_directory != nullptr ||
       options.file_list != nullptr)) {
    throw_invalid("file_exists, file_is_directory and file_list need file_open and file_close");
  }
}

// What the host has not got stays empty, which is how the C++ API asks for its defaults. Each part
// holds the callbacks for itself, as they are kept by different owners for different times.
Host make_host(const Callbacks& callbacks) {
  Host host;
  if ((*callbacks)->log != nullptr) {
    host.log = [callbacks](LogLevel level, std::string_view text) {
      const tlite_host_options& to = **callbacks;
      guard(nullptr, [&] {  // a line that there is no memory for is lost
        const std::string line(text);
        to.log(static_cast<tlite_log_level>(level), line.c_str(), line.size(), to.user);
      });
    };
  }
  if ((*callbacks)->allocate != nullptr)
    host.allocator = std::make_shared<HostAllocator>(callbacks);
  if ((*callbacks)->file_open != nullptr) host.files = std::make_shared<HostFiles>(callbacks);
  return host;
}

constexpr tlite_host_options defaults() noexcept {
  tlite_host_options options = {};
  options.threads = TLITE_UNSET;
  return options;
}
constexpr tlite_host_options kDefaults = defaults();

}  // namespace

Host host_of(const tlite_host* host) { return host == nullptr ? Host() : host->value; }

}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_file_names_add(tlite_file_names* names, const char* name, size_t name_size,
                                  tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::string_view text = text_in(name, name_size, "name");
    if (text.empty()) throw_invalid("name is empty");
    if (text.find('\0') != std::string_view::npos) throw_invalid("name has a NUL inside");
    if (text.find('/') != std::string_view::npos) {
      throw_invalid("name is '" + std::string(text) + "', a path; it takes a file's name alone");
    }
    required(names, "names").value.emplace_back(text);
  });
}

tlite_status tlite_host_options_init(tlite_host_options* options, size_t struct_size) noexcept {
  return init_struct(options, struct_size, kDefaults);
}

tlite_status tlite_host_create(const tlite_host_options* options, tlite_host** out,
                               tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite_host_options given = read_struct(options, kDefaults);
    check_callbacks(given);
    const auto callbacks = std::make_shared<HostCallbacks>(given);
    tlite_host* const made = new tlite_host{make_host(callbacks), threads_in(given.threads, 0)};
    // Behind all that may fail.
    callbacks->arm(given.release);
    *out = made;
  });
}

void tlite_host_free(tlite_host* host) noexcept { delete host; }
