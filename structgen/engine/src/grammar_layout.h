// The grammar laid out for the parser: positions in right-hand sides, registers, shortest texts, left corners.
//
// A position stands before a symbol, or at the end, of a right-hand side. An item is a position with a register and a
// continuation (parser.h). A register holds the numbers of an item: how many repetitions remain, which members of a
// permutation are used.
//
// Nodes that can begin with each other form a component of the left-corner graph: these are the left-recursive ones.
#pragma once

#include <string>

#include "meter.h"

namespace structgen {

// The grammar, as flat numbers: a symbol s >= 0 is node s, s < 0 is terminal -s - 1. Nodes, one after the other:
//   rule         0, n, then n alternatives: length, symbols
//   repetition   1, symbol, min, max (-1: no bound)
//   permutation  2, has separator, separator, n, then n members: symbol, 0 optional | 1 required | 2 any number
struct GrammarSource {
  std::vector<int> nodes;
  u32 start = 0;
  std::vector<u32> terminal_lengths;  // shortest text of each terminal in bytes, kFar if it has none
  std::vector<u32> ignored;           // terminals
};

struct Item {
  u32 position, reg, continuation;
  bool operator<(const Item& o) const {
    if (position != o.position) return position < o.position;
    return reg != o.reg ? reg < o.reg : continuation < o.continuation;
  }
  bool operator==(const Item&) const = default;
};

// The numbers of items, interned. Register 0 has none.
class Registers {
 public:
  Registers() { table_.intern({}); }
  Span operator[](u32 reg) const { return table_[reg]; }
  u32 bounds(u32 min, u32 max) {
    const u32 numbers[] = {min, max};
    return table_.intern(numbers, 2);
  }
  u32 no_members(std::size_t count) { return table_.intern(std::vector<u32>((count + 31) / 32, 0)); }
  // The bounds after one more repetition.
  u32 decremented(u32 reg) {
    const Span b = table_[reg];
    return bounds(b[0] == 0 ? 0 : b[0] - 1, b[1] == kNone ? kNone : b[1] - 1);
  }
  u32 with_member(u32 reg, u32 member) {
    const Span set = table_[reg];
    std::vector<u32> next(set.begin(), set.end());
    next[member / 32] |= 1u << (member % 32);
    return table_.intern(next);
  }
  bool used(u32 reg, u32 member) const { return (table_[reg][member / 32] >> (member % 32)) & 1; }

 private:
  SpanTable table_;
};

class GrammarLayout {
 public:
  enum PositionKind : u8 { Accept, End, Terminal, Node, Loop, Choose, More };
  struct Position {
    PositionKind kind;
    u32 value;     // terminal or node; of Loop, Choose, More: the node they belong to
    u32 shortest;  // of the rest of the right-hand side, from here
  };
  enum NodeKind : u8 { Rule, Repetition, Permutation };
  enum Mode : u8 { Optional, Required, AnyNumber };
  struct Member {
    int symbol;
    Mode mode;
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
    u32 shortest = kFar;
    u32 component = 0;
    u32 first_register = 0;
  };
  // An edge of the left-corner graph: `to` can begin `from`, and `rest` follows it.
  struct Edge {
    u32 from, to;
    Item rest;  // without a continuation
  };
  struct Component {
    std::vector<u32> nodes;
    bool recursive = false;
    std::vector<Edge> edges;  // with both ends inside; only of recursive ones
  };

  GrammarLayout(const GrammarSource& source, Meter& meter);

  u32 size() const { return static_cast<u32>(nodes_.size()); }
  const NodeInfo& node(u32 n) const { return nodes_[n]; }
  const Position& position(u32 p) const { return positions_[p]; }
  // In an order in which a component comes before those that begin with it.
  const Component& component(u32 c) const { return components_[c]; }
  const std::vector<u32>& ignored() const { return ignored_; }  // terminals, ascending
  Registers& registers() { return registers_; }
  Item start() const { return {nodes_.back().alternatives[0], 0, 0}; }

  u32 symbol_shortest(int symbol) const {
    return symbol < 0 ? terminal_lengths_[static_cast<u32>(-symbol - 1)] : nodes_[static_cast<u32>(symbol)].shortest;
  }
  // The shortest text from an item to the end of its right-hand side.
  u32 item_shortest(const Item& item) const;
  bool all_required_used(const NodeInfo& node, u32 reg) const;
  // Returns true if another member may follow one of a permutation.
  bool any_left(const NodeInfo& node, u32 reg) const;

  // Calls visit for each item with which a text of the node can begin, nullable symbols stepped over.
  template <class Visit>
  void first_items(u32 node, u32 continuation, Visit&& visit) const;
  // Calls visit(symbol, item after it) for each symbol that the item takes next.
  template <class Visit>
  void choices(const Item& item, Visit&& visit);

 private:
  class Reader;
  class Lengths;
  class Components;

  void drop_impossible(NodeInfo& node) const;
  void lay_out();
  void lay_out(const std::vector<int>& symbols);
  u32 permutation_shortest(const Item& item, bool is_first) const;
  template <class Visit>
  void member_choices(const NodeInfo& node, const Item& item, Visit&& visit);

  std::vector<NodeInfo> nodes_;
  std::vector<Position> positions_;
  std::vector<u32> terminal_lengths_, ignored_;
  std::vector<Component> components_;
  Registers registers_;
};

template <class Visit>
void GrammarLayout::first_items(u32 n, u32 continuation, Visit&& visit) const {
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

template <class Visit>
void GrammarLayout::choices(const Item& item, Visit&& visit) {
  const Position& position = positions_[item.position];
  switch (position.kind) {
    case Terminal:
      return visit(-static_cast<int>(position.value) - 1, Item{item.position + 1, 0, item.continuation});
    case Node:
      return visit(static_cast<int>(position.value), Item{item.position + 1, 0, item.continuation});
    case Loop:
      return visit(nodes_[position.value].body,
                   Item{item.position, registers_.decremented(item.reg), item.continuation});
    case More:
      if (const NodeInfo& node = nodes_[position.value]; node.separated)
        return visit(node.body, Item{node.choose, item.reg, item.continuation});
      [[fallthrough]];
    case Choose:
      return member_choices(nodes_[position.value], item, visit);
    default:
      return;
  }
}

template <class Visit>
void GrammarLayout::member_choices(const NodeInfo& node, const Item& item, Visit&& visit) {
  for (u32 i = 0; i < node.members.size(); ++i) {
    const Member& member = node.members[i];
    const bool once = member.mode != AnyNumber;
    if (once && registers_.used(item.reg, i)) continue;
    const u32 reg = once ? registers_.with_member(item.reg, i) : item.reg;
    if (node.alone && !all_required_used(node, reg)) continue;
    visit(member.symbol, Item{node.more, reg, item.continuation});
  }
}

}  // namespace structgen
