#include "text/workspace.hpp"

#include <type_traits>
#include <utility>

namespace tlite::text {

// Room for all that are kept, so that giving back never allocates, and cannot throw.
WorkspacePool::WorkspacePool() { idle_.reserve(kIdle); }

// A new one is made outside the lock, for it fills 2 MiB.
std::unique_ptr<Workspace> WorkspacePool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Workspace> workspace = std::move(idle_.back());
      idle_.pop_back();
      return workspace;
    }
  }
  return std::make_unique<Workspace>();
}

// Shrunk before the lock is taken. One too many is freed after it.
void WorkspacePool::give_back(std::unique_ptr<Workspace> workspace) noexcept {
  workspace->shrink();
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdle) idle_.push_back(std::move(workspace));
}

void Workspace::shrink() noexcept {
  const auto release = [](auto& memory) {
    if (memory.capacity() * sizeof(memory[0]) > kKeptBytes) {
      std::remove_reference_t<decltype(memory)>().swap(memory);
    }
  };
  release(bpe.ids);
  release(bpe.symbols);
  release(bpe.queue);
  release(normalized);
  release(edits);
}

}  // namespace tlite::text
