#include "runtime/prefix_cache.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <vector>

namespace tlite {

struct PrefixCache::Node {
  Node* parent = nullptr;
  Nodes::iterator self = {};
  std::vector<TokenId> tokens;  // 1 to kPagePositions of them
  KvPageRef page;
  std::uint64_t used = 0;
  Children children;  // only behind a full page
};

namespace {

std::size_t common_length(std::span<const TokenId> a, std::span<const TokenId> b) noexcept {
  const auto shorter = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + shorter, b.begin()).first -
                                  a.begin());
}

}  // namespace

PrefixCache::PrefixCache() : nodes_(1) {}
PrefixCache::~PrefixCache() = default;

// The child that agrees with most of the tokens, which are not empty.
PrefixCache::Match PrefixCache::best_child(const Node& parent,
                                           std::span<const TokenId> tokens) noexcept {
  Match best;
  const auto [begin, end] = parent.children.equal_range(tokens.front());
  for (auto i = begin; i != end; ++i) {
    const std::size_t common = common_length(i->second->tokens, tokens);
    if (common > best.tokens) best = {i->second, common};
  }
  return best;
}

void PrefixCache::touch(Node& node) noexcept {
  auto leaf = leaves_.extract({node.used, &node});
  node.used = ++clock_;
  if (leaf.empty()) return;
  leaf.value().first = node.used;
  leaves_.insert(std::move(leaf));
}

KvPrefix PrefixCache::find(std::span<const TokenId> tokens) {
  KvPrefix found;
  Node* at = &nodes_.front();
  while (!tokens.empty()) {
    const Match match = best_child(*at, tokens);
    if (match.node == nullptr) break;
    found.pages.push_back(match.node->page);
    found.length += static_cast<std::int32_t>(match.tokens);
    touch(*match.node);
    if (match.tokens < kPagePositions) break;
    at = match.node;
    tokens = tokens.subspan(match.tokens);
  }
  return found;
}

PrefixCache::Node& PrefixCache::add(Node& parent, std::span<const TokenId> tokens,
                                    const KvPageRef& page) {
  Nodes made(1);
  Node& node = made.front();
  node.parent = &parent;
  node.tokens.assign(tokens.begin(), tokens.end());
  node.page = page;
  node.used = ++clock_;
  node.self = made.begin();
  const auto leaf = leaves_.emplace(node.used, &node).first;
  try {
    parent.children.emplace(tokens.front(), &node);
  } catch (...) {
    leaves_.erase(leaf);
    throw;
  }
  leaves_.erase({parent.used, &parent});
  nodes_.splice(nodes_.end(), made);
  ++pages_;
  return node;
}

void PrefixCache::insert(std::span<const TokenId> tokens, const KvPrefix& prefix) {
  Node* at = &nodes_.front();
  for (std::size_t i = 0; i < prefix.pages.size(); ++i) {
    const std::size_t first = i * kPagePositions;
    const auto part = tokens.subspan(first, std::min(kPagePositions, tokens.size() - first));
    const Match match = best_child(*at, part);
    if (match.tokens == part.size()) {  // there, or the beginning of what is
      touch(*match.node);
      at = match.node;
    } else if (match.node != nullptr && match.tokens == match.node->tokens.size()) {
      // The beginning of this: it grows into it.
      match.node->tokens.assign(part.begin(), part.end());
      match.node->page = prefix.pages[i];
      touch(*match.node);
      at = match.node;
    } else {
      at = &add(*at, part, prefix.pages[i]);
    }
  }
}

void PrefixCache::remove(Node& leaf) noexcept {
  Node& parent = *leaf.parent;
  const auto [begin, end] = parent.children.equal_range(leaf.tokens.front());
  parent.children.erase(
      std::find_if(begin, end, [&](const auto& child) { return child.second == &leaf; }));
  auto entry = leaves_.extract({leaf.used, &leaf});
  nodes_.erase(leaf.self);
  --pages_;
  if (!parent.children.empty() || parent.parent == nullptr) return;
  entry.value() = {parent.used, &parent};  // the same entry: nothing is allocated
  leaves_.insert(std::move(entry));
}

bool PrefixCache::evict() noexcept {
  if (leaves_.empty()) return false;
  auto victim = std::find_if(leaves_.begin(), leaves_.end(),
                             [](const auto& leaf) { return leaf.second->page.exclusive(); });
  if (victim == leaves_.end()) victim = leaves_.begin();
  remove(*victim->second);
  return true;
}

void PrefixCache::clear() noexcept {
  leaves_.clear();
  nodes_.front().children.clear();
  nodes_.erase(std::next(nodes_.begin()), nodes_.end());
  pages_ = 0;
}

void PrefixCache::copy_from(const PrefixCache& other) {
  clear();
  std::unordered_map<const Node*, Node*> twins = {{&other.nodes_.front(), &nodes_.front()}};
  for (const Node& node : other.nodes_) {
    if (node.parent == nullptr) continue;
    twins[&node] = &add(*twins.at(node.parent), node.tokens, node.page);
  }
}

}  // namespace tlite
