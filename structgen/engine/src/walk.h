// Walks: what the tokens of the vocabulary do to a lexer state. The part of a mask that needs no parser.
//
// Most tokens stay inside the terminal that is being read; whether they may come next depends on its lexer state
// alone. The few that leave it, such as `",` or `}]`, depend on the parse state as well. A walk of the trie (or of one
// subtree) from a lexer state finds
//
//   interior     tokens used up without leaving the terminal
//   exits        tokens in which the terminal ends, by the members that accept there: what is left of each token is put
//                into a small trie, the residual, so that `x",` and `y",` are tried with the parser once
//   references   the same where a whole large subtree is left: it is not copied but named, with the children of it
//                that the longest match forbids
//
// Walks are kept under (node, normal lexer state), and so shared by all grammars of the vocabulary.
//
// A state that differs little from a plainer one (an identifier that is no keyword, a key beside all other keys) is
// walked in lockstep with it (Lexer::plainer), and only along the difference: its walk is the plainer one's, less some
// subtrees of the trie, and what was found in these. A state with bounded repetitions is walked beside the same without
// the bounds, and only where tokens are longer than what it takes to meet them. States in which most texts may go on
// (in a string, in a comment, in a word of a pattern) are walked beside one in which every text may go on, and only
// where a token holds a byte that makes a difference.
//
// Counters cost one walk. In P X{m,n} R, where the next byte always tells whether an X goes on, an X begins or R
// begins, a walk does not depend on m and n: it is made once, noting for each token how many X it begins, and
// a window of (m, n) picks the tokens afterwards. (Otherwise bounds above the longest token are clipped.)
//
// Invariants   A walk never changes once it is in the table.
// Cost         One step per trie node reached; a step is a look-up in a row of 256 entries.
#pragma once

#include <memory>
#include <optional>

#include "lexer.h"
#include "token_set.h"
#include "trie.h"

namespace structgen {

constexpr u32 kStride = 512;  // trie nodes between two looks at the limits
constexpr u32 kLarge = 48;    // tokens of a subtree from which it is referred to instead of copied

// What is left of tokens in which a terminal ended. Node 0 is the root.
struct Residual {
  struct Entry {
    u32 token, count;  // count: of X begun, see above
  };
  std::vector<u8> byte;
  std::vector<u32> end, first;  // as in Trie; entries are in depth-first order
  std::vector<Entry> entries;
};

struct Walk {
  struct View {
    Walk* walk = nullptr;
    u32 min = 0, max = kNone;  // window of counts for the tail, exits and references; interior: count <= max
  };
  struct Exit {
    u32 accept;    // id of the set of members that accept, Walks::accept_set
    u32 residual;  // Walks::residual
  };
  struct Reference {
    u32 accept, node, count;
    std::vector<u32> forbidden;  // children of node where the terminal goes on
  };
  bool counted = false;
  TokenSet interior;                  // not counted
  std::vector<u32> by_count, starts;  // counted: tokens that end inside, ascending by count; where each count begins
  std::vector<std::unique_ptr<TokenSet>> up_to;  // of by_count, made when asked for
  std::vector<Residual::Entry> tail;             // counted: tokens that end in R
  std::vector<Exit> exits;
  std::vector<Reference> references;
  std::vector<u32> ends;   // not counted: lexer states in which interior tokens end
  u32 farthest = 0;        // counted: most bytes that finish the X in which a token ends
  View base;               // the walk of `base_state`; everything else here comes on top of it
  u32 base_state = kDead;  // its members are numbered as those of the state
  std::vector<u32> cut;    // subtrees of the trie that the base speaks of in vain
};

class Walks {
 public:
  Walks(const Trie& trie, Expressions& expressions, Lexer& lexer);
  Walks(const Walks&) = delete;
  Walks& operator=(const Walks&) = delete;

  using View = Walk::View;
  // Of the children of `node`, from a normal lexer state.
  View walk(u32 node, u32 state);
  const TokenSet& interior(const View& view);
  // The state after some bytes, if it is one of P X{m,n} R and they end in P or an X. Otherwise ask the lexer.
  std::optional<u32> read_counted(u32 state, std::string_view bytes);
  // Takes the tokens of subtrees of the trie out of the set. The nodes ascend, and none is below another one.
  void remove_subtrees(TokenSet& set, const std::vector<u32>& nodes);
  // Adds tokens that are all below `node`, without those of some of its children; these ascend.
  void add_without(TokenSet& out, const TokenSet& from, u32 node, const std::vector<u32>& children);

  Span accept_set(u32 id) const { return accept_sets_[id]; }
  const Residual& residual(u32 id) const { return *residuals_[id]; }
  void set_meter(Meter* meter) { meter_ = meter; }
  u64 visited() const { return visited_; }
  u32 size() const { return static_cast<u32>(walks_.size()); }
  std::size_t bytes() const { return bytes_; }

 private:
  // Tokens that leave the terminal at a node.
  struct Leaving {
    enum Kind : u8 {
      With,    // before its byte: those that end there or below it
      Behind,  // behind it: the same
      Own,     // behind it: those that end there
    };
    u32 accept, node, count;
    Kind kind;
  };
  // Of two states: bytes of which no text tells them apart. Below a node whose bytes are all of these they find the
  // same tokens, which end in some of the states `inside`.
  struct InStep {
    ByteSet bytes{};
    u32 kinds = 0, other_kinds = 0;  // all of whose bytes are among these; none
    std::vector<u32> inside;
    ByteSet left_out() const { return {~bytes[0], ~bytes[1], ~bytes[2], ~bytes[3]}; }
  };
  struct Counter {
    ExprId prefix, x, rest;
    u32 min, max;
  };
  // The automaton of P X{} R without its numbers.
  struct CountedState {
    bool tail;
    ExprId e;                     // what is left of the X begun, or of R
    std::unique_ptr<u32[]> next;  // id << 1 | 1 if an X begins; kNone: not known, kStop, kAmbiguous
  };

  std::optional<Counter> find_counter(u32 state) const;
  bool is_quick(const Counter& counter);
  u32 plain_walk(u32 node, u32 state);
  bool add_part(Walk& walk, u32 node, u32 state);
  std::unique_ptr<Walk> plain(u32 node, u32 state);
  std::unique_ptr<Walk> search(u32 node, u32 state, u32 neighbour, bool follow, u32 reach = 0);
  u32 run(u32 node, u32 depth) const;
  bool alike(u32 one, u32 other);
  u32 landmark(u32 state);
  template <class Visit>
  void each_step(u32 a, u32 b, Visit&& visit);
  const InStep& in_step(u32 one, u32 other);
  std::unique_ptr<Walk> counted(u32 node, const Counter& counter);
  u32 counted_state(ExprId x, ExprId rest, bool tail, ExprId e);
  u32 counted_next(u32 state, ExprId x, ExprId rest, u8 byte);
  u32 accepting_members(u32 state);
  const std::vector<u32>& subtree_bits(u32 node);
  u32 leaving_tokens(u32 node, const std::vector<u32>& children) const;
  void finish(Walk& walk, std::vector<Leaving> leaving);
  Residual residual_of(const Leaving* first, const Leaving* last) const;
  std::vector<u32> forbidden(u32 node, const u32* row, u32 state);

  const Trie& trie_;
  Expressions& expressions_;
  Lexer& lexer_;
  Meter* meter_ = nullptr;
  Memo plain_memo_, subtree_memo_;
  Memo in_step_memo_;
  std::vector<std::unique_ptr<InStep>> in_step_;
  std::vector<u32> landmarks_;  // states in which any text goes on: one that never accepts, one that always does
  std::vector<std::unique_ptr<std::vector<u32>>> subtree_bits_;
  SpanTable counted_keys_, counted_state_keys_, accept_sets_;
  std::vector<u32> accepting_;      // by lexer state: its accept set; kNone: not known
  std::vector<u32> counted_walks_;  // kNone: ambiguous
  std::vector<CountedState> counted_states_;
  std::vector<std::unique_ptr<Walk>> walks_;
  std::vector<std::unique_ptr<Residual>> residuals_;
  u64 visited_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace structgen
