// The vocabulary as a trie: an array of nodes in depth-first order.
//
// Node i is followed by its subtree; end(i) is the first node after it, so skipping a subtree is one assignment.
// Tokens are listed in the same order: the own tokens of i are [first_token(i), first_token(i + 1)), those of its
// whole subtree [first_token(i), first_token(end(i))). Node 0 is the root.
//
// bytes_below() lets a walk take a whole subtree at once, where none of its bytes changes the lexer state.
//
// Tokens without text (special tokens, holes) get a byte string that no text can hold: 0xFF and four bytes of id.
// Tokens with text that holds a byte which UTF-8 never has (0xC0, 0xC1, 0xF5 to 0xFF) can't be part of any text;
// they, empty tokens, and the end-of-text tokens, which are no text either, are left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "intern.h"

namespace structgen {

class Trie {
 public:
  Trie(std::vector<std::optional<std::string>> tokens, u32 width);

  u32 width() const { return width_; }                               // of the logits, in tokens
  u32 words() const { return (width_ + 31) / 32; }                   // of a row
  u32 tokens() const { return static_cast<u32>(bytes_.size()); }     // ids that have a meaning
  u32 longest() const { return longest_; }                           // token with text, in bytes
  std::string_view bytes(u32 token) const { return bytes_[token]; }  // empty: never part of a text
  bool is_special(u32 token) const { return special_[token]; }
  static std::string special_bytes(u32 token);

  u32 nodes() const { return static_cast<u32>(nodes_.size()) - 1; }
  u8 byte(u32 node) const { return nodes_[node].byte; }
  u32 end(u32 node) const { return nodes_[node].end; }
  u32 first_token(u32 node) const { return nodes_[node].first_token; }
  u32 depth(u32 node) const { return nodes_[node].depth; }       // bytes from the root
  u32 deepest(u32 node) const { return nodes_[node].deepest; }   // depth of the deepest node below, or its own
  u32 rank(u32 token) const { return rank_[token]; }             // its place in order(); kNone: not in the trie
  u32 characters(u32 rank) const { return characters_[rank]; }   // begun in a token, by its place in order()
  u32 tokens_with(u8 byte) const { return tokens_with_[byte]; }  // how many hold it
  // Bytes that occur below a node; null where the subtree is too small to be worth it.
  const ByteSet* bytes_below(u32 node) const { return nodes_[node].below == 0 ? nullptr : &below_[nodes_[node].below]; }
  u32 kinds_below(u32 node) const { return nodes_[node].kinds; }  // of these bytes
  // Returns true if all bytes below a node, which has bytes_below, are in a set. `inside`: the kinds with all bytes in
  // the set; `outside`: the kinds with none.
  bool all_below(u32 node, const ByteSet& set, u32 inside, u32 outside) const {
    const u32 kinds = nodes_[node].kinds;
    return (kinds & outside) == 0 && ((kinds & ~inside) == 0 || within(*bytes_below(node), set));
  }
  const u32* order() const { return order_.data(); }  // token ids in depth-first order
  u32 subtree_tokens(u32 node) const { return first_token(end(node)) - first_token(node); }
  // Fetches the memory of a node that will be read soon.
  void prefetch([[maybe_unused]] u32 node) const {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(&nodes_[node]);
#endif
  }
  u32 child(u32 node, u8 with) const;  // kNone if there is none
  // The fewest tokens that spell `text`, or nothing if the vocabulary cannot.
  std::optional<std::vector<u32>> segment(std::string_view text) const;

 private:
  class Builder;

  // In one record: the first walks of a process are bound by memory.
  struct Node {
    u32 end, first_token;
    u32 byte : 8, below : 24;  // below: in below_; 0: nothing is kept
    u16 depth, deepest;
    u32 kinds;  // of the bytes below
  };
  u32 width_, longest_ = 1;
  std::vector<std::string> bytes_;
  std::vector<bool> special_;
  std::vector<Node> nodes_;  // and one after the last
  std::vector<u16> characters_;
  std::vector<u32> order_, rank_;
  std::vector<ByteSet> below_;
  std::array<u32, 256> tokens_with_{};
  std::array<u32, 256> roots_{};  // the children of the root, by their byte
  std::vector<u32> pairs_;        // their children, by both bytes; empty in a small trie
};

}  // namespace structgen
