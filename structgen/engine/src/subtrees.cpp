#include "subtrees.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kAsBits = 1024;  // tokens of a subtree from which its bits are kept

}  // namespace

// The tokens of a large subtree as bits: removing them from a mask takes one pass.
const std::vector<u32>& Subtrees::bits(u32 node) {
  u32 at = memo_.find(node);
  if (at == kNone) {
    std::vector<u32> words(trie_.words(), 0);
    const u32 last = trie_.first_token(trie_.end(node));
    for (u32 i = trie_.first_token(node); i < last; ++i) words[trie_.order()[i] >> 5] |= 1u << (trie_.order()[i] & 31);
    bytes_ += words.size() * 4;
    at = static_cast<u32>(bits_.size());
    bits_.push_back(std::make_unique<std::vector<u32>>(std::move(words)));
    memo_.put(node, at);
  }
  return *bits_[at];
}

void Subtrees::remove(TokenSet& set, const std::vector<u32>& nodes) {
  if (nodes.empty()) return;
  if (!set.dense()) return remove_from_list(set, nodes);
  for (u32 node : nodes) {
    const u32 first = trie_.first_token(node), last = trie_.first_token(trie_.end(node));
    if (last - first > kAsBits)
      set.remove(bits(node));
    else
      for (u32 i = first; i < last; ++i) set.remove(trie_.order()[i]);
  }
}

void Subtrees::remove_from_list(TokenSet& set, const std::vector<u32>& nodes) const {
  const auto is_before = [this](u32 rank, u32 node) { return rank < trie_.first_token(node); };
  set.keep_if([&](u32 token) {
    const u32 rank = trie_.rank(token);
    const auto next = std::upper_bound(nodes.begin(), nodes.end(), rank, is_before);
    return next == nodes.begin() || rank >= trie_.first_token(trie_.end(next[-1]));
  });
}

void Subtrees::add_without(TokenSet& out, const TokenSet& from, u32 node, const std::vector<u32>& children) {
  if (children.empty()) return out.add(from);
  if (from.dense() && are_most(node, children)) return add_other_children(out, from, node, children);
  TokenSet kept = from;
  remove(kept, children);
  out.add(kept);
}

// Returns true if half or more of the tokens of a node are below these children.
bool Subtrees::are_most(u32 node, const std::vector<u32>& children) const {
  u32 tokens = 0;
  for (u32 child : children) tokens += trie_.subtree_tokens(child);
  return trie_.subtree_tokens(node) / 2 <= tokens;
}

void Subtrees::add_other_children(TokenSet& out, const TokenSet& from, u32 node,
                                  const std::vector<u32>& children) const {
  auto next = children.begin();
  for (u32 child = node + 1; child < trie_.end(node); child = trie_.end(child)) {
    if (next != children.end() && *next == child) {
      ++next;
      continue;
    }
    const u32 last = trie_.first_token(trie_.end(child));
    for (u32 i = trie_.first_token(child); i < last; ++i)
      if (from.has(trie_.order()[i])) out.add(trie_.order()[i]);
  }
}

}  // namespace structgen
