// The parser: which terminals may come next, and what may come after one.
//
// Earley's algorithm (CACM 13, 1970) without origins. A parse state is what may still come: a set of items
// (position, register, continuation), where a continuation is itself such a set, interned. An item that is completed
// is replaced by the items of its continuation, and what was read of a rule is forgotten; so right recursion (Leo, TCS
// 82, 1991), unit chains and chains of optional parts collapse, and reading the same construct again comes back to the
// same ids. A parse state is a continuation: there is one table for both. Nullable symbols are stepped over when a
// set is made (Aycock, Horspool, Computer Journal 45, 2002).
//
// Left recursion would make a continuation contain itself. Nodes that can begin with each other form a component
// of the left-corner graph; where a state predicts into one, an instance records what surrounds it, and the
// continuation of a node inside is a reference (instance, node), whose items are computed from the component.
//
// canonical() widens the bounds of repetitions that no single token can exhaust: masks of both states are equal.
//
// Cost         next() is computed once per (state, terminals); a closure once per state.
// Not here     bytes, tokens; the grammar itself (grammar_layout.h).
#pragma once

#include "grammar_layout.h"

namespace structgen {

class Parser {
 public:
  using Source = GrammarSource;

  Parser(const Source& source, u32 longest_token, Meter& meter);

  u32 start() const { return start_; }
  // Terminals that may come next, ascending; ignored ones included.
  const std::vector<u32>& terminals(u32 state) { return closure(state).terminals; }
  u32 next(u32 state, const std::vector<u32>& terminals);
  bool accepts(u32 state) const { return infos_[state].accepts; }
  u32 canonical(u32 state) const { return infos_[state].canonical; }
  u32 shortest(u32 state) const { return infos_[state].shortest; }  // completion in bytes; a lower bound
  u32 states() const { return sets_.size(); }
  std::size_t items() const { return item_count_; }
  std::size_t bytes() const { return sets_.bytes() + next_keys_.bytes() + item_count_ * 16; }

 private:
  using Layout = GrammarLayout;
  using Move = std::pair<u32, Item>;  // a terminal, and the item after it
  using Entry = std::pair<u32, u32>;  // a node of a component that is entered from outside, and its continuation
  class Instance;
  class Closer;

  struct SetInfo {
    bool accepts = false;
    u32 canonical = kNone;
    u32 shortest = 0;
    u32 depth = 0;
  };
  struct Closure {
    bool done = false;
    std::vector<Move> moves;
    std::vector<u32> terminals;
  };
  // What the continuation of a node inside a component stands for.
  struct Reference {
    u32 instance, node;
    std::vector<Item> items;
    u32 shortest, canonical, depth;
  };

  struct Completion {
    bool goes_on;      // something may be read from here
    bool is_complete;  // the continuation may begin
    bool is_nullable;  // the next symbol may be skipped
  };

  Completion completion_of(const Item& item);
  void flatten(std::vector<Item> raw, std::vector<Item>& out, std::vector<u32>* open_references);
  u32 intern(std::vector<Item> raw);
  u32 intern_flat(const std::vector<Item>& items);
  u32 reference(u32 component, const std::vector<Entry>& outside, u32 node);
  const std::vector<Item>& items_of(u32 continuation, std::vector<Item>& scratch) const;
  u32 shortest_after(u32 continuation) const;
  u32 canonical_after(u32 continuation) const;
  u32 depth_after(u32 continuation) const;
  u32 canonical_register(const Item& item);
  const Closure& closure(u32 state);

  Meter& meter_;
  u32 longest_token_;
  Layout layout_;
  SpanTable sets_, instances_, next_keys_;
  std::vector<SetInfo> infos_;
  std::vector<Closure> closures_;
  std::vector<u32> next_values_;
  std::vector<Reference> references_;
  std::vector<std::pair<u32, u32>> instance_ranges_;  // instance -> its references
  std::size_t item_count_ = 0;
  u32 start_ = 0;
  // scratch of closure() and next()
  std::vector<std::vector<Item>> predicted_;
  std::vector<u32> touched_, waiting_, key_;
};

}  // namespace structgen
