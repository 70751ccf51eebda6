// Subtrees: sets of tokens from which whole subtrees of the trie are removed.
#pragma once

#include "token_set.h"
#include "trie.h"

namespace structgen {

class Subtrees {
 public:
  explicit Subtrees(const Trie& trie) : trie_(trie) {}
  // Removes the tokens of subtrees from a set. The nodes ascend, and none is below another one.
  void remove(TokenSet& set, const std::vector<u32>& nodes);
  // Adds the tokens of `from`, which are all below `node`, except those below some of its children; these ascend.
  void add_without(TokenSet& out, const TokenSet& from, u32 node, const std::vector<u32>& children);
  std::size_t bytes() const { return bytes_; }

 private:
  void remove_from_list(TokenSet& set, const std::vector<u32>& nodes) const;
  void add_other_children(TokenSet& out, const TokenSet& from, u32 node, const std::vector<u32>& children) const;
  bool are_most(u32 node, const std::vector<u32>& children) const;
  const std::vector<u32>& bits(u32 node);

  const Trie& trie_;
  Memo memo_;
  std::vector<std::unique_ptr<std::vector<u32>>> bits_;
  std::size_t bytes_ = 0;
};

}  // namespace structgen
