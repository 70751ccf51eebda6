// Masks: which tokens may come next.
//
// A mask is put together from the walk of the lexer state (walks.h): its interior, and of its exits what the parser
// lets through:
//
//   interior(lexer state)                       shared by all grammars
//   through(residual, parse state)              small tries, walked byte by byte through lexer and parser
//   subtree(node, parse state)                  large subtrees: the same question again, from a fresh terminal
//   subtree(root, parse state after), less the tokens with which the terminal goes on
//                                               where the terminal may end before the token
//
// All are memoised. Bounds that no token can exhaust are widened first (Configurations::canonical), so counting to
// 100,000 needs as many masks as counting to a few hundred. Finished rows are kept in the row table of the store.
//
// If texts must be unique, tokens that a state may forbid are noted along with the parts (Doubts); for a position they
// are taken out of the row of its configuration (uniqueness.h).
//
// Invariants   A row never changes once a configuration has it. A row has a bit set, or the configuration is a dead
//              end and has none. Bits from the width up are zero.
// Memory       Masks are counted against Limits::row_bytes; when they pass it, all memoised ones are dropped.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "positions.h"
#include "row_table.h"

namespace structgen {

class Masks {
 public:
  Masks(Store& store, Positions& positions, Meter& meter);
  Masks(const Masks&) = delete;
  Masks& operator=(const Masks&) = delete;

  // The row; null if the position is a dead end.
  Row row(const Position& position);
  // The same with its id, if it is known and the state changes nothing in it; otherwise null. Needs no meter.
  const RowTable::Numbered& known_row(const Position& position);
  // A row of the position, or some of its tokens, with its id in the table of the store.
  RowTable::Numbered number(const Position& position, const Row& row);
  // The row without some of its tokens; null if nothing is left.
  static Row without(const Row& row, const std::vector<u32>& tokens);

  u64 rows_made() const { return rows_made_; }
  u64 bytes() const { return bytes_; }

 private:
  // A mask, or a part of one.
  struct Part {
    TokenSet tokens;
    std::unique_ptr<Doubts> doubts;  // null if nothing must be unique
  };
  struct Through {
    std::vector<Residual::Entry> entries;
    std::unique_ptr<Doubts> doubts;
  };
  // A row of a position whose state changes it.
  struct Asked {
    u32 configuration = kNone;
    UniquenessState state;
    Row row;
  };
  class ResidualWalk;

  const Row& row_of(u32 configuration);
  const RowTable::Numbered& entry(u32 configuration) const;
  void set_entry(u32 configuration, RowTable::Numbered row);
  RowTable::Numbered make_row(u32 configuration);
  Row without_forbidden(const Position& position, const Row& row);
  Part new_part() const;
  void forget();

  STRUCTGEN_OWN_FRAME void add_place(u32 node, const Place& p, Part& out);
  void add_one_place(u32 node, const Place& p, Part& out);
  void add_walk(const Walk::View& view, u32 parse, u32 from, bool fresh, Part& out);
  const Part& subtree(u32 node, u32 parse);
  STRUCTGEN_OWN_FRAME const Through& through(u32 residual, u32 parse);
  STRUCTGEN_OWN_FRAME void add_less(u32 node, u32 parse, const std::vector<u32>& children, Part& out);
  STRUCTGEN_OWN_FRAME void add_own(const Walk::View& view, u32 parse, u32 from, Part& out);
  STRUCTGEN_OWN_FRAME u32 after_accept(u32 parse, u32 from, u32 accept);
  STRUCTGEN_OWN_FRAME std::vector<u32> going_on(u32 node, u32 lexer);

  STRUCTGEN_OWN_FRAME void doubt_own(const Walk::View& view, u32 parse, u32 from, bool fresh, Doubts& doubts);
  void doubt_begun(const Walk& walk, const TokenSet& interior, u32 parse, Doubts& doubts);
  STRUCTGEN_OWN_FRAME void doubt_reference(const Walk::Reference& reference, u32 parse, u32 next, u32 from, bool fresh,
                                           Doubts& doubts);
  bool begins_unique_text(u32 parse);

  Store& store_;
  Positions& positions_;
  Configurations& configurations_;
  Places& places_;
  Lexer& lexer_;
  Uniqueness* const uniqueness_;
  Meter& meter_;
  std::vector<RowTable::Numbered> rows_;  // by configuration
  Memo subtree_memo_, through_memo_;
  std::vector<std::unique_ptr<Part>> subtrees_;
  std::vector<std::unique_ptr<Through>> throughs_;
  std::unordered_map<u64, Asked> asked_;  // by hash of the position
  u64 asked_bytes_ = 0;                   // of bytes_
  u64 bytes_ = 0, rows_made_ = 0;
  u32 depth_ = 0;
};

}  // namespace structgen
