// The walks of a vocabulary: the part of its masks that needs no parser.
//
// Walks are kept under (node, normal lexer state), and so shared by all grammars of the vocabulary.
//
// Most lexer states differ little from one that was walked before. They are walked in lockstep with such a neighbour,
// and only where the two differ. Three kinds of neighbours are tried (Walks::make):
//
//   without exclusions   an identifier that is no keyword, a key that is none of 40 names (Lexer::without_exclusions)
//   unbounded            the same with its repetitions unbounded; only tokens that are long enough to exceed a bound
//                        are visited (Lexer::unbounded)
//   universal            a state in which every text goes on; only tokens with a byte on which the two disagree are
//                        visited (compare.h)
//
// Counters, P X{m,n} R, are walked once for all m and n (counted.h). Other bounds above the longest token are clipped.
//
// Invariants   A walk never changes once it is in the table.
// Cost         One step per trie node reached; a step is a look-up in a row of 256 entries.
#pragma once

#include "compare.h"
#include "counted.h"
#include "subtrees.h"
#include "walk_search.h"

namespace structgen {

class Walks final : private KeptWalks {
 public:
  Walks(const Trie& trie, Languages& languages, Lexer& lexer);
  Walks(const Walks&) = delete;
  Walks& operator=(const Walks&) = delete;

  using View = Walk::View;
  // Of the children of `node`, from a normal lexer state.
  View walk(u32 node, u32 state);
  const TokenSet& interior(const View& view);
  const Residual& residual(u32 id) const { return residuals_[id]; }
  // The state after some bytes, if it is one of P X{m,n} R and they end in P or an X. Otherwise ask the lexer.
  std::optional<u32> read_counted(u32 state, std::string_view bytes) { return counters_.read(state, bytes); }
  // Lexer::accept_indices of an exit or a reference.
  Span accept_set(u32 id) const { return lexer_.accept_indices(id); }
  // Subtrees::remove and add_without.
  void remove_subtrees(TokenSet& set, const std::vector<u32>& nodes) { subtrees_.remove(set, nodes); }
  void add_without(TokenSet& out, const TokenSet& from, u32 node, const std::vector<u32>& children) {
    subtrees_.add_without(out, from, node, children);
  }

  void set_meter(Meter* meter) {
    meter_ = meter;
    comparison_.set_meter(meter);
  }
  u64 visited() const { return visited_; }
  u32 size() const { return static_cast<u32>(walks_.size()); }
  std::size_t bytes() const {
    return bytes_ + comparison_.bytes() + counters_.bytes() + residuals_.bytes() + subtrees_.bytes();
  }

 private:
  const Walk& kept(u32 node, u32 state) override { return *walks_[plain_walk(node, state)]; }
  u32 plain_walk(u32 node, u32 state);
  u32 counted_walk(u32 node, const Counter& counter);
  std::unique_ptr<Walk> make(u32 node, u32 state);
  std::unique_ptr<Walk> make_in_lockstep(u32 node, u32 state, Neighbour neighbour);
  std::unique_ptr<Walk> search(u32 node, u32 state, const Neighbour& neighbour);
  std::unique_ptr<Walk> add_exits(FoundWalk found);
  std::unique_ptr<Walk> make_counted(u32 node, const Counter& counter);
  std::unique_ptr<TokenSet> interior_up_to(const Walk& walk, u32 count);

  const Trie& trie_;
  Languages& languages_;
  Lexer& lexer_;
  Comparison comparison_;
  Counters counters_;
  Residuals residuals_;
  Subtrees subtrees_;
  Meter* meter_ = nullptr;
  std::vector<u32> universal_;  // states in which any text goes on: one that never accepts, one that always does
  Memo plain_memo_;
  SpanTable counted_keys_;
  std::vector<u32> counted_walks_;  // kNone: a byte does not decide; kNone - 1: not walked yet
  std::vector<std::unique_ptr<Walk>> walks_;
  u64 visited_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace structgen
