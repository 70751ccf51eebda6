// The parser: which terminals may come next, and what is left to come after one.
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
// A register holds the numbers of an item: how many repetitions are left, which members of a permutation are used.
// canonical() widens the bounds of repetitions that no single token can exhaust: masks of both states are equal.
//
// Cost         next() is computed once per (state, terminals); a closure once per state.
// Not here     bytes, tokens.
#pragma once

#include "meter.h"

namespace structgen {

class Parser {
 public:
  // The grammar, as flat numbers: a symbol s >= 0 is node s, s < 0 is terminal -s - 1. Nodes, one after the other:
  //   rule         0, n, then n alternatives: length, symbols
  //   repetition   1, symbol, min, max (-1: no bound)
  //   permutation  2, has separator, separator, n, then n members: symbol, 0 optional | 1 required | 2 any number
  struct Source {
    std::vector<int> nodes;
    u32 start = 0;
    std::vector<u32> terminal_lengths;  // shortest text of each terminal in bytes, kFar if it has none
    std::vector<u32> ignored;           // terminals
  };

  Parser(const Source& source, u32 longest_token, Meter& meter);

  u32 start() const { return start_; }
  // Terminals that may come next, ascending; ignored ones included.
  const std::vector<u32>& terminals(u32 state);
  u32 next(u32 state, const std::vector<u32>& terminals);
  bool accepts(u32 state) const { return infos_[state].accepts; }
  u32 canonical(u32 state) const { return infos_[state].canonical; }
  u32 shortest(u32 state) const { return infos_[state].shortest; }  // completion in bytes; a lower bound
  u32 states() const { return sets_.size(); }
  std::size_t items() const { return item_count_; }
  std::size_t bytes() const { return sets_.bytes() + next_keys_.bytes() + item_count_ * 16; }

 private:
  enum PositionKind : u8 { Accept, End, Terminal, Node, Loop, Choose, More };
  struct Position {
    PositionKind kind;
    u32 value;     // terminal or node; of Loop, Choose, More: the node they belong to
    u32 shortest;  // of the rest of the right-hand side, from here
  };
  enum NodeKind : u8 { Rule, Repetition, Permutation };
  struct Member {
    int symbol;
    int mode;  // 0 optional, 1 required, 2 any number
  };
  struct NodeInfo {
    NodeKind kind = Rule;
    bool nullable = false;
    std::vector<u32> alternatives;  // positions
    std::vector<std::vector<int>> symbols;
    int body = 0;  // of a repetition; separator of a permutation
    u32 min = 0, max = kNone;
    std::vector<Member> members;
    bool separated = false;
    bool alone = false;                  // the separator denotes nothing: only one member can be there
    u32 loop = 0, choose = 0, more = 0;  // positions
    u32 shortest = 1u << 30;
    u32 component = 0;
    u32 first_register = 0;
  };
  struct Item {
    u32 position, reg, continuation;
    bool operator<(const Item& o) const {
      if (position != o.position) return position < o.position;
      return reg != o.reg ? reg < o.reg : continuation < o.continuation;
    }
    bool operator==(const Item&) const = default;
  };
  // An edge of the left-corner graph: `to` can begin `from`, and `rest` follows it.
  struct Edge {
    u32 from, to;
    Item rest;  // its continuation is filled in by the instance
  };
  struct SetInfo {
    bool accepts = false;
    u32 canonical = kNone;
    u32 shortest = 0;
    u32 depth = 0;
  };
  struct Closure {
    bool done = false;
    std::vector<std::pair<u32, Item>> moves;  // terminal -> item after it
    std::vector<u32> terminals;
  };
  struct Reference {
    u32 instance, node;
    std::vector<Item> items;
    u32 shortest, canonical, depth;
  };

  void read(const Source& source);
  void find_lengths(const Source& source);
  void find_nullable();
  void lay_out();
  void find_components();
  void expand_corners(u32 node, std::vector<Edge>& edges) const;
  u32 symbol_shortest(int symbol) const;
  Position symbol_position(int symbol) const;

  template <class Visit>
  void first_items(u32 node, u32 continuation, Visit&& visit) const;
  template <class Visit>
  void choices(const Item& item, Visit&& visit);
  Item after_loop(const Item& item);
  u32 decremented(u32 reg);
  u32 with_member(u32 reg, u32 member);
  bool used(u32 reg, u32 member) const { return (registers_[reg][member / 32] >> (member % 32)) & 1; }
  bool all_required_used(const NodeInfo& node, u32 reg) const;
  bool any_left(const NodeInfo& node, u32 reg) const;

  void flatten(std::vector<Item> raw, std::vector<Item>& out, std::vector<u32>* open_references);
  u32 intern(std::vector<Item> raw);
  u32 intern_flat(const std::vector<Item>& items);
  u32 reference(u32 component, const std::vector<std::pair<u32, u32>>& outside, u32 node);
  const std::vector<Item>* items_of(u32 continuation, std::vector<Item>& scratch) const;
  u32 continuation_shortest(u32 continuation) const;
  u32 continuation_canonical(u32 continuation) const;
  u32 continuation_depth(u32 continuation) const;
  u32 item_shortest(const Item& item) const;
  u32 canonical_register(const Item& item);
  void close(u32 state);

  Meter& meter_;
  u32 longest_token_;
  std::vector<NodeInfo> nodes_;
  std::vector<Position> positions_;
  std::vector<u32> terminal_lengths_, ignored_;
  std::vector<std::vector<u32>> components_;  // nodes
  std::vector<bool> recursive_;               // by component
  std::vector<std::vector<Edge>> edges_;      // by component, both ends inside; only of recursive ones
  SpanTable registers_, sets_, instances_, next_keys_;
  std::vector<SetInfo> infos_;
  std::vector<Closure> closures_;
  std::vector<u32> next_values_;
  std::vector<Reference> references_;
  std::vector<std::pair<u32, u32>> instance_ranges_;  // instance -> its references
  std::size_t item_count_ = 0;
  u32 start_ = 0;
  // scratch of close() and next()
  std::vector<std::vector<Item>> predicted_;
  std::vector<u32> touched_, waiting_, key_;
  std::vector<std::pair<u32, Item>> moves_;
  std::vector<Item> items_;
};

// Calls visit for each item with which a text of the node can begin, nullable symbols stepped over.
template <class Visit>
void Parser::first_items(u32 n, u32 continuation, Visit&& visit) const {
  const NodeInfo& node = nodes_[n];
  if (node.kind == Repetition) return visit(Item{node.loop, node.first_register, continuation});
  if (node.kind == Permutation) {
    if (!node.members.empty()) visit(Item{node.choose, node.first_register, continuation});
    return;
  }
  for (u32 p : node.alternatives)
    for (;; ++p) {
      const Position& position = positions_[p];
      if (position.kind == End) break;
      visit(Item{p, 0, continuation});
      if (position.kind != Node || !nodes_[position.value].nullable) break;
    }
}

// Calls visit(symbol, item after it) for each symbol that the item takes next.
template <class Visit>
void Parser::choices(const Item& item, Visit&& visit) {
  const Position& position = positions_[item.position];
  switch (position.kind) {
    case Terminal:
      visit(-static_cast<int>(position.value) - 1, Item{item.position + 1, 0, item.continuation});
      break;
    case Node:
      visit(static_cast<int>(position.value), Item{item.position + 1, 0, item.continuation});
      break;
    case Loop:
      visit(nodes_[position.value].body, Item{item.position, decremented(item.reg), item.continuation});
      break;
    case More:
      if (nodes_[position.value].separated) {
        visit(nodes_[position.value].body, Item{nodes_[position.value].choose, item.reg, item.continuation});
        break;
      }
      [[fallthrough]];
    case Choose: {
      const NodeInfo& node = nodes_[position.value];
      for (u32 i = 0; i < node.members.size(); ++i) {
        const Member& member = node.members[i];
        if (member.mode != 2 && used(item.reg, i)) continue;
        const u32 reg = member.mode == 2 ? item.reg : with_member(item.reg, i);
        if (node.alone && !all_required_used(node, reg)) continue;
        visit(member.symbol, Item{node.more, reg, item.continuation});
      }
      break;
    }
    default:
      break;
  }
}

}  // namespace structgen
