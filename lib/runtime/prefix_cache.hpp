// What sequences that ended have left in the KV cache, for those that begin alike.
//
// A tree of pages: a path from the root spells a prefix, 32 tokens a node, fewer in a leaf. So
// every prefix is there once, however many sequences it came from, and one is found by walking
// down, to the exact token: of the last page as much is shared as agrees. Pages are shared with
// sequences that run and are never written to while the tree holds them. The tree takes no page of
// its own; it only keeps pages from becoming free, until evict() lets the one go that was used
// longest ago. (The idea is RadixAttention's, Zheng et al. 2024, with vLLM's pages as nodes.)
//
// Keys and values depend on the tokens, the model and its weights alone: whoever runs one model
// with several adapters needs a cache for each.
#pragma once

#include "model/kv_prefix.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <tlite/tokenizer.hpp>

namespace tlite {

class PrefixCache {
 public:
  PrefixCache();
  ~PrefixCache();
  PrefixCache(const PrefixCache&) = delete;
  PrefixCache& operator=(const PrefixCache&) = delete;

  // The longest prefix of `tokens` that is there; empty for none.
  KvPrefix find(std::span<const TokenId> tokens);

  // Keeps the positions of `prefix`, which are those of `tokens`. What is there already stays.
  void insert(std::span<const TokenId> tokens, const KvPrefix& prefix);

  // Lets one page go, and with it what lies behind it: of those that nobody else holds the one used
  // longest ago, or else of all. False where there is none.
  bool evict() noexcept;
  void clear() noexcept;

  std::size_t pages() const noexcept { return pages_; }
  // A twin that holds the same pages.
  void copy_from(const PrefixCache& other);

 private:
  struct Node;
  using Nodes = std::list<Node>;
  using Children = std::multimap<TokenId, Node*>;  // by their first token

  struct Match {
    Node* node = nullptr;
    std::size_t tokens = 0;  // of the node's that agree
  };
  static Match best_child(const Node& parent, std::span<const TokenId> tokens) noexcept;
  void touch(Node& node) noexcept;
  Node& add(Node& parent, std::span<const TokenId> tokens, const KvPageRef& page);
  void remove(Node& leaf) noexcept;

  Nodes nodes_;  // the root first, each behind its parent: flat, so that nothing recurses
  std::size_t pages_ = 0;
  std::uint64_t clock_ = 0;
  std::set<std::pair<std::uint64_t, Node*>> leaves_;  // by last use; the root is none
};

}  // namespace tlite
