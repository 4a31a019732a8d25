// Files and batches: a folder, the thread that reads and writes it, and the calls that are answered
// there.
#pragma once

#include "batch_jobs.hpp"
#include "files.hpp"
#include "http.hpp"
#include "stored_calls.hpp"
#include "worker.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace server {

struct StorageOptions {
  std::filesystem::path folder;
  std::uint64_t most_bytes = 0;  // of all files
  std::size_t most_lines = 32;   // of batches that are answered at once
};

// How lines of batches are answered; on the connections' thread, but for `knows`.
struct LineServer {
  std::function<bool(const std::string& path)> knows;
  std::function<void(http::Request request, std::shared_ptr<http::Exchange> exchange)> answer;
};

class Storage {
 public:
  // On the storage's thread; throws what is told to the client.
  using Call = http::Response (*)(Files& files, BatchJobs& batches, const StoredCall& call);
  using Post = std::function<void(std::function<void()>)>;  // to the connections' thread
  using FailureResponse = std::function<http::Response(const Failure&)>;

  // Throws where the folder cannot be used, or another server does.
  Storage(const StorageOptions& options, LineServer lines, FailureResponse failure, Post post,
          BatchJobs::Log log);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void ask(Call call, StoredCall given, std::shared_ptr<http::Exchange> exchange);
  void tick();   // ten times a second
  void drain();  // batches go on with the next server

 private:
  // A folder is one server's at a time; the system lets go of it however that ends.
  class FolderLock {
   public:
    explicit FolderLock(const std::filesystem::path& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

   private:
    int file_;
  };

  LineAnswering answering();
  void forget_expired();

  LineServer lines_;
  FailureResponse failure_;
  Post post_;
  FolderLock lock_;
  // The worker's.
  Files files_;
  BatchJobs batches_;
  int ticks_ = 0;
  std::atomic<bool> is_ticking_ = false;
  Worker worker_;
};

}  // namespace server
