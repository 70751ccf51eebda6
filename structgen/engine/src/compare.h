// Compares lexer states: where do two states have the same tokens?
//
// Most lexer states differ little from a *universal* state, in which every text goes on: inside a string, a comment or
// a word of a pattern, all tokens stay inside but those with a quote, a backslash or the like. The product automaton of
// the two states is explored over all bytes except those after which the two would end tokens differently; below a
// node of the trie that has none of these bytes, both find the same tokens.
#pragma once

#include "lexer.h"
#include "trie.h"

namespace structgen {

class Comparison {
 public:
  // Of two states: bytes on which they agree, whatever of these came before. Below a node with only such bytes they
  // find the same tokens, which end in some of the states `inside`.
  struct InStep {
    ByteSet bytes{};
    u32 kinds = 0, other_kinds = 0;  // kinds with all bytes in `bytes`; with none
    std::vector<u32> inside;
    ByteSet left_out() const { return {~bytes[0], ~bytes[1], ~bytes[2], ~bytes[3]}; }
  };

  Comparison(const Trie& trie, Lexer& lexer) : trie_(trie), lexer_(lexer) {}
  void set_meter(Meter* meter) { meter_ = meter; }

  // Returns true if a token that ends in one of the states ends in the same way as in the other.
  bool alike(u32 one, u32 other) {
    if (one <= kBlocked || other <= kBlocked || lexer_.ended(one) || lexer_.ended(other)) return false;
    if (lexer_.accepting(one) != lexer_.accepting(other)) return false;
    return !lexer_.accepting(one) || lexer_.accept_set(one) == lexer_.accept_set(other);
  }
  const InStep& in_step(u32 one, u32 other);
  // Returns true if in_step() of these two is a look-up.
  bool is_known(u32 one, u32 other) const { return memo_.find(pair_key(one, other)) != kNone; }
  // The candidate that agrees with the state on the first byte of most tokens; kDead if that is not even half of them.
  u32 nearest(u32 state, const std::vector<u32>& candidates);

  std::size_t bytes() const { return bytes_; }

 private:
  class Product;
  template <class Visit>
  void each_step(u32 a, u32 b, Visit&& visit);

  const Trie& trie_;
  Lexer& lexer_;
  Meter* meter_ = nullptr;
  Memo memo_;
  std::vector<std::unique_ptr<InStep>> in_step_;
  std::size_t bytes_ = 0;
};

}  // namespace structgen
