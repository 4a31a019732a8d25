// What a call of encode needs to work with, lent by the tokenizer: no lock is held while it works,
// and no thread-local state outlives the tokenizer.
#pragma once

#include "text/bpe.hpp"
#include "text/normalizer.hpp"
#include "text/word_cache.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tlite::text {

// Of one call at a time. Its cache stays warm for the next call, whichever thread that is on.
struct Workspace {
  WordCache cache;
  Bpe::Scratch bpe;
  std::string normalized;
  std::vector<Edit> edits;

  // Gives back memory that a very long word or text took.
  void shrink() noexcept;
  static constexpr std::size_t kKeptBytes = std::size_t{1} << 20;
};

// Keeps at most kIdle workspaces (2 MiB each) for later calls; more calls at once make their own.
// Any thread; the lock is held to take one or to put one back.
class WorkspacePool {
 public:
  static constexpr std::size_t kIdle = 16;

  WorkspacePool();
  std::unique_ptr<Workspace> take();
  void give_back(std::unique_ptr<Workspace> workspace) noexcept;

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

// A workspace for as long as a scope.
class WorkspaceLoan {
 public:
  explicit WorkspaceLoan(WorkspacePool& pool) : pool_(pool), workspace_(pool.take()) {}
  ~WorkspaceLoan() { pool_.give_back(std::move(workspace_)); }
  WorkspaceLoan(const WorkspaceLoan&) = delete;
  WorkspaceLoan& operator=(const WorkspaceLoan&) = delete;
  Workspace& operator*() const noexcept { return *workspace_; }

 private:
  WorkspacePool& pool_;
  std::unique_ptr<Workspace> workspace_;
};

}  // namespace tlite::text
