// Counters: lexer states P X{m,n} R, walked once for all m and n.
//
// Where the next byte always decides whether an X goes on, an X begins or R begins, a walk does not depend on m and n.
// It is made once and notes for each token how many X the token begins; a window of (m, n) then picks the tokens.
// Where the next byte does not decide, or the walk that heeds the numbers is short, the state is walked as any other.
#pragma once

#include <optional>

#include "lexer.h"
#include "walk.h"

namespace structgen {

// P X{min,max} R.
struct Counter {
  ExprId prefix, x, rest;
  u32 min, max;
};

class Counters {
 public:
  // What a step of the automaton leads to, in one number: state << 1, and bit 0 if an X begins.
  static constexpr u32 kStop = kNone - 1, kAmbiguous = kNone - 2;

  Counters(const Trie& trie, Languages& languages, Lexer& lexer)
      : trie_(trie), languages_(languages), expressions_(languages.expressions()), lexer_(lexer) {}

  // The counter of a lexer state. Of several, the one with the largest bounds is taken: the others are part of P or R.
  std::optional<Counter> find(u32 state) const;
  // Returns true if the walk that heeds the numbers is short: it stays where a few X are, such as the digits of an
  // escape. The walk without them goes through R from everywhere.
  bool is_quick(const Counter& counter) const;
  // The lexer state after some bytes, if `state` has a counter and the bytes end in P or an X. Nothing otherwise.
  std::optional<u32> read(u32 state, std::string_view bytes);

  // The automaton of P X{} R without its numbers.
  u32 start(const Counter& counter) { return intern(counter.x, counter.rest, false, counter.prefix); }
  u32 next(u32 state, u8 byte) {
    const u32 known = states_[state].next[byte];
    return known != kNone ? known : compute_next(state, byte);
  }
  bool in_rest(u32 state) const { return states_[state].in_rest; }
  ExprId expression(u32 state) const { return states_[state].e; }

  std::size_t bytes() const { return bytes_; }

 private:
  struct State {
    ExprId x, rest;
    bool in_rest;
    ExprId e;                     // what remains of the X that was begun, or of R
    std::unique_ptr<u32[]> next;  // kNone: not known yet
  };
  u32 intern(ExprId x, ExprId rest, bool in_rest, ExprId e);
  u32 compute_next(u32 state, u8 byte);
  ExprId derivative(ExprId e, u8 byte) const;
  u32 largest_repeat(const std::vector<ExprId>& parts) const;

  const Trie& trie_;
  Languages& languages_;
  Expressions& expressions_;
  Lexer& lexer_;
  SpanTable keys_;
  std::vector<State> states_;
  std::size_t bytes_ = 0;
};

// A universal state with the tokens that are texts: so that subtrees with bytes above ASCII can be taken whole.
struct TextTokens {
  u32 state = kDead;
  const TokenSet* tokens = nullptr;  // null: not known; otherwise dense
};

// The walk of a counter; none if some byte does not decide.
FoundWalk walk_counted(const Trie& trie, Counters& counters, Languages& languages, Lexer& lexer, u32 root,
                       const Counter& counter, TextTokens texts, Meter* meter);

}  // namespace structgen
