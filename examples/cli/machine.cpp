#include "machine.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kBandwidthBytes = std::size_t{512} << 20;  // no cache holds it
constexpr std::size_t kCacheLine = 64;

// Calls work(i) for each i on a thread of its own.
template <class Work>
void on_threads(std::size_t count, const Work& work) {
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
}

// Memory in large pages where the system has them: with small ones the page tables are the limit.
class HugeBuffer {
 public:
  explicit HugeBuffer(std::size_t bytes)
      : data_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kHugePage}))) {
#if defined(MADV_HUGEPAGE)
    ::madvise(data_, bytes, MADV_HUGEPAGE);
#endif
  }
  ~HugeBuffer() { ::operator delete (data_, std::align_val_t{kHugePage}); }
  HugeBuffer(const HugeBuffer&) = delete;
  HugeBuffer& operator=(const HugeBuffer&) = delete;

  std::byte* data() const noexcept { return data_; }

 private:
  std::byte* data_;
};

// One load a cache line moves the line. Four streams keep more of them on the way than one does.
std::uint64_t touch_lines(const std::byte* data, std::size_t bytes) {
  const std::size_t quarter = bytes / 4;
  std::uint64_t sums[4] = {};
  for (std::size_t i = 0; i < quarter; i += kCacheLine) {
    for (std::size_t stream = 0; stream < 4; ++stream) {
      sums[stream] += std::to_integer<std::uint64_t>(data[stream * quarter + i]);
    }
  }
  return sums[0] + sums[1] + sums[2] + sums[3];
}

std::vector<fs::path> files_of_checkpoint(const fs::path& path) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }
  // name-00001-of-00003.gguf: whatever begins with "name-" and ends with "-of-00003.gguf".
  const std::string name = path.filename().string();
  const std::size_t of = name.rfind("-of-");
  if (of == std::string::npos || of < 6) return {path};
  const std::string head = name.substr(0, of - 5);
  const std::string tail = name.substr(of);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string other = entry.path().filename().string();
    if (other.starts_with(head) && other.ends_with(tail)) files.push_back(entry.path());
  }
  return files;
}

#if defined(POSIX_FADV_DONTNEED) && defined(__linux__)

struct File {
  explicit File(const fs::path& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor < 0) throw std::runtime_error(path.string() + ": cannot be opened");
  }
  ~File() { ::close(descriptor); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const int descriptor;
};

// Pages of the file that the system has in memory.
std::size_t cached_pages(const File& file, std::size_t bytes) {
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.descriptor, 0);
  if (mapped == MAP_FAILED) return 0;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> states((bytes + page - 1) / page);
  const bool known = ::mincore(mapped, bytes, states.data()) == 0;
  ::munmap(mapped, bytes);
  if (!known) return 0;
  return static_cast<std::size_t>(
      std::count_if(states.begin(), states.end(), [](unsigned char state) { return state & 1; }));
}

void drop_file(const fs::path& path) {
  const File file(path);
  const auto bytes = static_cast<std::size_t>(fs::file_size(path));
  if (bytes == 0) return;
  ::fsync(file.descriptor);  // pages that wait to be written stay
  ::posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_DONTNEED);
  if (cached_pages(file, bytes) != 0) {
    throw std::runtime_error(path.string() +
                             ": stays in memory; does another program have it open?");
  }
}

#else

void drop_file(const fs::path&) {
  throw std::runtime_error("this system cannot drop a file from its page cache");
}

#endif

}  // namespace

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  utsname system = {};
  return ::uname(&system) == 0 ? system.machine : "unknown";
}

double read_bandwidth(std::int32_t threads) {
  constexpr int kPasses = 8;
  const auto count = static_cast<std::size_t>(std::max(threads, 1));
  const std::size_t part = kBandwidthBytes / count / (4 * kCacheLine) * (4 * kCacheLine);
  const HugeBuffer buffer(kBandwidthBytes);
  on_threads(count,
             [&](std::size_t i) { std::fill_n(buffer.data() + i * part, part, std::byte{1}); });
  double best = 0;
  std::vector<std::uint64_t> sums(count);
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto begin = std::chrono::steady_clock::now();
    on_threads(count,
               [&](std::size_t i) { sums[i] = touch_lines(buffer.data() + i * part, part); });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    // Also keeps the compiler from leaving the reads out.
    if (sums[0] != part / kCacheLine) throw std::runtime_error("memory lost what was written");
    best = std::max(best, static_cast<double>(part * count) / seconds.count());
  }
  return best;
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void drop_from_page_cache(const std::string& path) {
  for (const fs::path& file : files_of_checkpoint(path)) drop_file(file);
}

}  // namespace cli
