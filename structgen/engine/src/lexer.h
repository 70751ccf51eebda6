// Lexer states: what remains to be read of the terminals that compete at a place of a text.
//
// A lexer state is a tuple of members (index, expression): `index` numbers the terminals that competed when the
// terminal began, `expression` is what remains of one. Members that can't go on are dropped. Which terminal an index
// stands for is known to the parse state (parser.h), so tuples are shared by all grammars of a vocabulary.
//
//   next(state, byte)   the state after the byte; kDead if no member can go on (the longest match ends before it)
//   accepting(state)    some member may end here
//   ended(state)        only the empty text remains of every member: the terminal ends at once
//
// After the members come guards: they compete like terminals, but lead nowhere. Where only guards could go on with
// the next byte, the text is refused there (kBlocked) instead of the terminal ending before it.
//
// State 0 (kDead) has no members, and state 1 (kBlocked) nothing but guards. That nothing has been read of a terminal
// is not a lexer state but a fact of the place (places.h): a terminal never matches the empty text, so the
// difference matters.
#pragma once

#include "languages.h"

namespace structgen {

constexpr u32 kDead = 0, kBlocked = 1;

class Lexer {
 public:
  explicit Lexer(Languages& languages);

  // A state with members (0, parts[0]), (1, parts[1]), ...
  u32 state(const std::vector<ExprId>& parts, const std::vector<ExprId>& guards = {});
  u32 next(u32 state, u8 byte) {
    const Row* row = rows_[state].get();
    const u32 known = row ? row->next[byte] : memo_.find((static_cast<u64>(state) << 8) | byte);
    return known != kNone ? known : compute_next(state, byte);
  }
  // The same by a table of 256 entries that is kept: for states from which a trie is walked. kNone: compute_next.
  const u32* row(u32 state);
  u32 compute_next(u32 state, u8 byte);
  // Returns true if no byte of the set changes the state, which has a row; `kinds` are those of the bytes.
  bool stays(u32 state, u32 kinds, const ByteSet& bytes);

  // The state after a byte that comes `count` times; kDead if no member goes on so far. The states between are not
  // made.
  u32 run(u32 state, u8 byte, u32 count);

  bool accepting(u32 state) const { return infos_[state].accepting; }
  bool ended(u32 state) const { return infos_[state].ended; }
  // The members that accept, as the number of a set of indices; such sets are shared by all states.
  u32 accept_set(u32 state) {
    const u32 known = infos_[state].accept_set;
    return known != kNone ? known : find_accept_set(state);
  }
  Span accept_indices(u32 accept_set) const { return accept_sets_[accept_set]; }
  u32 first_alone() { return accept_sets_.intern(std::vector<u32>{0}); }  // the accept set of index 0
  u32 members(u32 state) const { return infos_[state].members; }
  bool guarded(u32 state) const { return tuples_[state].size > 2 * members(state); }
  u32 index(u32 state, u32 member) const { return tuples_[state][2 * member]; }
  ExprId rest(u32 state, u32 member) const { return tuples_[state][2 * member + 1]; }
  ByteSet bounds(u32 state) const;  // bit b: next by b - 1 and b may differ
  // The same members clipped (Expressions::clip): a state whose masks are equal.
  u32 clipped(u32 state, u32 longest);
  // The same members clipped and numbered 0, 1, ...: the key under which walks of the trie are shared.
  u32 normal(u32 state, u32 longest);

  // The members with open expressions only, and without their exclusions: a state whose walks differ little from those
  // of `state` but are shared by more states. kDead if there is none.
  u32 without_exclusions(u32 state);

  // The members with the bounds of their repetitions lifted, and the length of tokens up to which walks of it are those
  // of `state`.
  struct Unbounded {
    u32 state, reach;
  };
  Unbounded unbounded(u32 state);
  u32 single(u32 index, ExprId e) { return intern({index, e}); }
  // The state with member i numbered `indices[i]`.
  u32 renumbered(u32 state, const std::vector<u32>& indices);
  std::vector<u32> indices(u32 state) const;

  void set_meter(Meter* meter) { meter_ = meter; }
  u32 size() const { return tuples_.size(); }
  std::size_t bytes() const { return tuples_.bytes() + memo_.bytes() + row_count_ * sizeof(Row); }

 private:
  struct Info {
    bool accepting = false, ended = false;
    u32 members = 0;
    u32 clipped = kNone, normal = kNone, without_exclusions = kNone, accept_set = kNone;
  };
  struct Row {
    std::array<u32, 256> next;
    ByteSet bounds{};                // bit b: next by b - 1 and b may differ
    ByteSet back{}, away{};          // bytes after which the state is known to be itself, or another one
    u32 all_back = 0, all_away = 0;  // kinds of which that is known of all bytes
    bool changed = true;             // `all_back` and `all_away` have to be computed
  };
  static constexpr u32 kGuard = kNone;  // the index of guards
  u32 intern(const std::vector<u32>& members);
  u32 find_accept_set(u32 state);

  Languages& languages_;
  Expressions& expressions_;
  SpanTable tuples_, accept_sets_;
  std::vector<Info> infos_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::size_t row_count_ = 0;
  Memo memo_;
  std::vector<u32> members_;  // of the state that is being made
  Meter* meter_ = nullptr;
};

}  // namespace structgen
