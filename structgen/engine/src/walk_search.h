// The walk of a lexer state that is no counter: alone, or in lockstep with a neighbour.
//
// A machine over the nodes of the trie in depth-first order. Each step reads the byte of one node and returns the node
// at which the walk continues: the next one, or the first after a subtree that is decided as a whole.
//
//   step               alone, one state is read
//   step_in_lockstep   two states are read; where they become the same, the base walk has the tokens already
//   enter              the terminal goes on: the tokens of the node are interior, and its children are visited
//   leave              the terminal ends before this byte, or the text is refused
//   end_terminal       the terminal ends after this byte, whatever follows
//   take_subtree       the state stays the same over all bytes below: all tokens there are interior
//   accept_or_refer    if much of a large subtree leaves the terminal, it is named instead of copied
#pragma once

#include "compare.h"
#include "subtrees.h"
#include "walk.h"

namespace structgen {

// A state that differs little from the one that is walked; kDead: the walk is made alone.
struct Neighbour {
  u32 state = kDead;
  u32 reach = 0;          // no token of up to so many bytes makes a difference
  bool compares = false;  // subtrees are compared by their bytes (compare.h)
  Walk::View walk;
};

// Walks that are kept, of states below the root of the trie.
class KeptWalks {
 public:
  virtual const Walk& kept(u32 node, u32 state) = 0;

 protected:
  ~KeptWalks() = default;
};

class WalkSearch {
 public:
  WalkSearch(const Trie& trie, Lexer& lexer, Comparison& comparison, Subtrees& subtrees, KeptWalks& walks);
  // No walk if the two states differ too much for a walk in lockstep.
  FoundWalk run(u32 root, u32 state, const Neighbour& neighbour, Meter* meter);

 private:
  struct Frame {
    const u32* row;
    u32 state;
    u32 accept;     // kNone: the state does not accept, or a reference covers it
    u32 neighbour;  // it accepts what the state accepts; kDead: the base walk does not apply below
  };
  // Where a step in lockstep leads: the two states after the byte of `node`.
  struct Pair {
    u32 node, to, neighbour;
  };

  u32 step(u32 node, const Frame& top);
  u32 step_in_lockstep(u32 node, const Frame& top);
  u32 enter(u32 node, const Frame& top, u32 to);
  u32 enter_in_lockstep(const Frame& top, const Pair& pair);
  u32 leave(u32 node, const Frame& top, u32 to);
  u32 end_terminal(u32 node, u32 to);
  u32 take_subtree(u32 node, u32 to);
  u32 accept_or_refer(u32 node, const u32* row, u32 to);

  Pair read_pair(u32 node, const Frame& top);
  u32 run_of_byte(u32 node, u32 depth) const;
  bool is_in_step(u32 node, const Pair& pair);
  bool add_part(u32 node, u32 state);
  bool is_part(u32 node, u32 state) const;
  std::vector<u32> children_inside(u32 node, const u32* row, u32 state);
  void ends_in(u32 state) {
    if (state != last_end_) walk_->ends.push_back(state);
    last_end_ = state;
  }
  void begin(u32 root, u32 state, const Neighbour& neighbour);
  void drop_base();

  const Trie& trie_;
  Lexer& lexer_;
  Comparison& comparison_;
  Subtrees& subtrees_;
  KeptWalks& walks_;
  u32 root_ = 0, base_ = 0;
  Neighbour neighbour_;
  std::unique_ptr<Walk> walk_ = std::make_unique<Walk>();
  std::vector<Leaving> leaving_;
  // By depth below the root. That a terminal may end where the walk begins is left to the caller, who knows whether
  // anything of it was read.
  std::vector<Frame> path_;
  u32 last_end_ = kNone;
  u32 differing_ = 0;  // nodes at which the two states differ
  u32 compared_ = 0;   // pairs of states for which a comparison was made
  const Comparison::InStep* followed_ = nullptr;
  bool meets_ = false;  // tokens end in states of the base walk
};

}  // namespace structgen
