// A compiled grammar: a grammar and a vocabulary. Configurations, masks, completions.
//
// A configuration is an integer: an interned pair (parse state, lexer state), or kFinished after the end-of-text
// token. It is all that a sequence needs to remember; rollback and fork are copies of an integer.
//
// A mask is put together from the walk of the lexer state (walk.h): its interior, and of its exits what the parser
// lets through:
//
//   interior(lexer state)                       shared by all grammars
//   through(residual, parse state)              small tries, walked byte by byte through lexer and parser
//   subtree(node, parse state)                  large subtrees: the same question again, from a fresh terminal
//   row(root, parse state after), less what goes on   where the terminal may end before the token
//
// All are memoised. Bounds that no token can exhaust are widened first (Parser::canonical, Lexer::clipped), so counting
// to 100,000 needs as many masks as counting to a few hundred.
//
// With a dynamic lexer each terminal is read by itself: a text may be in several places at once, each in one terminal.
// A configuration is then a set of places, interned; `Place::parse` is its number, and the rest of this file reads and
// masks the places of a set one by one.
//
// Invariants   A row never changes once a configuration has it. A row has a bit set, or the configuration is a dead
//              end and has none. Bits from the width up are zero.
// Errors       A LimitExceeded leaves every table whole: what was asked for is not there, and all that was there still is.
// Memory       Masks are counted against Limits::row_bytes; when they pass it, all memoised ones go.
#pragma once

#include <atomic>
#include <optional>
#include <unordered_set>

#include "parser.h"
#include "store.h"

namespace structgen {

using Row = std::shared_ptr<const TokenSet>;

struct Completion {
  std::string text;          // bytes that finish the text
  std::vector<u32> tokens;   // the fewest tokens that spell them; the end-of-text token not included
};

class Grammar {
 public:
  struct Source {
    Parser::Source rules;
    std::vector<ExprId> terminals;
    std::vector<int> priorities;
    std::vector<ExprId> guards;   // of each terminal, kEmpty: none
    std::vector<u32> end_tokens;  // end of text
    bool dynamic = false;         // each terminal is read by itself
    Limits limits;
  };
  static constexpr u32 kFinished = 0;

  Grammar(std::shared_ptr<Store> store, Source source);
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  // All of these need the lock of the store, and a Spending.
  u32 initial() const { return initial_; }
  // The configuration after the token; kNone if it is not allowed.
  u32 advance(u32 configuration, u32 token);
  // Reads as many bytes of a text as can be read, and moves the configuration there; how many these are.
  std::size_t read_text(u32& configuration, std::string_view text);
  bool can_stop(u32 configuration);
  // The row; null if the configuration is a dead end.
  const Row& row(u32 configuration);
  // The row of the tokens after which `budget - 1` more tokens, the end-of-text token included, can finish the text.
  Row row_within(u32 configuration, u64 budget);
  // An upper bound of the tokens that finish the text, the end-of-text token included; kNone if none is known.
  u32 completion_tokens(u32 configuration);
  std::optional<Completion> completion(u32 configuration);
  std::string forced_bytes(u32 configuration, std::size_t most);
  std::vector<u32> forced_tokens(u32 configuration, std::size_t most_bytes);
  std::string next_bytes(u32 configuration);           // bytes that may come next
  std::vector<u32> live_terminals(u32 configuration);  // that are being read, or may begin
  bool is_fresh(u32 configuration) const;              // nothing is read of a terminal

  u64 configurations() const { return published_.load(std::memory_order_acquire); }  // needs no lock
  // What is known already, without work: the row, or null; the next configuration, or kNone.
  // The row if it is known, of this configuration or of one whose masks are equal.
  const Row& known_row(u32 configuration) {
    if (!infos_[configuration].row) {
      meter_.begin();  // no call is under way
      infos_[configuration].row = infos_[canonical(configuration)].row;
    }
    return infos_[configuration].row;
  }
  u32 known_advance(u32 configuration, u32 token) const { return advances_.find(pair_key(configuration, token)); }

  Store& store() { return *store_; }
  Meter& meter() { return meter_; }
  struct Stats {
    u64 configurations, parse_states, items, rows, row_bytes, advances, expressions, lexer_states, walks, trie_nodes,
        store_bytes, parser_bytes;
  };
  Stats stats() const;

 private:
  struct Info {
    u32 parse = 0, lexer = 0;
    bool fresh = true;        // nothing is read of a terminal; lexer is kDead then
    u8 stop = 2;              // 2: not known yet
    u32 canonical = kNone;
    u32 completion = kNone - 1;  // kNone - 1: not known yet
    u32 farthest = kNone - 1;    // most tokens that finish the text after a token allowed here
    Row row;
  };
  struct State {  // of the parser
    bool ready = false;
    u32 lexer = kDead;           // the state in which a terminal begins
    std::vector<u32> terminals;  // by index of that state
    std::vector<u32> singles;    // dynamic: the states in which one of them begins
  };
  struct Destinations {  // where tokens lead
    std::unordered_set<u32> configurations;
    u32 bytes = 0;                 // of what has no number: most bytes that finish it
    std::unordered_set<u64> seen;  // trie node and parse state in which a terminal begins
  };
  struct Place {  // a configuration that has no number (yet); or, of a dynamic lexer, also a member of one
    u32 parse, lexer;
    bool fresh;
  };

  u32 intern(const Place& place);
  Place place(u32 configuration) const {
    const Info& info = infos_[configuration];
    return {info.parse, info.lexer, info.fresh};
  }
  const State& state(u32 parse);
  // The configuration that is in these places.
  Place together(std::vector<Place> places);
  Place alone(const Place& p) { return dynamic_ ? together({p}) : p; }
  // Where a terminal begins.
  Place begin(u32 parse) { return alone({parse, kDead, true}); }
  std::vector<Place> places(const Place& p) const;
  u32 read_places(u32 set, u8 byte);
  u32 lexer_state(const Place& p) { return p.fresh ? state(p.parse).lexer : p.lexer; }
  bool read(Place& p, u8 byte);
  bool read(Place& p, std::string_view bytes);
  // The parse state after the terminals at these indices of the lexer state's tuple have been read.
  u32 after(u32 parse, const std::vector<u32>& indices);
  u32 after(u32 parse, u32 lexer);  // ... after all that accept
  bool stops(const Place& p);
  u32 canonical(u32 configuration);

  void mask(u32 node, const Place& p, TokenSet& out);
  void mask_one(u32 node, const Place& p, TokenSet& out);
  void add_walk(const Walk::View& view, u32 parse, u32 from, TokenSet& out);
  const TokenSet& subtree(u32 node, u32 parse);
  const std::vector<Residual::Entry>& through(u32 residual, u32 parse);
  void add_less(const TokenSet& from, const std::vector<u32>& nodes, TokenSet& out);
  void forget_masks();

  u32 bytes_to_finish(const Place& p);  // a lower bound, nearly always exact
  u32 bytes_from(const Place& p);
  std::optional<std::string> shortest_text(const Place& p);
  std::optional<std::string> search_text(const Place& p);
  std::optional<std::vector<u32>> search_tokens(u32 configuration);
  void destinations(u32 node, const Place& p, Destinations& found);
  void destinations_of_one(u32 node, const Place& p, Destinations& found);
  void destinations(const Walk::View& view, u32 parse, u32 from, Destinations& found);
  u32 farthest(u32 configuration);

  std::shared_ptr<Store> store_;
  Meter meter_;
  Lexer& lexer_;
  Expressions& expressions_;
  std::vector<ExprId> terminals_;
  std::vector<int> priorities_;
  std::vector<ExprId> guards_;
  std::vector<u32> end_tokens_;
  bool dynamic_;
  u32 depth_ = 0;
  Parser parser_;
  bool spells_bytes_ = true;  // every byte of UTF-8 is a token

  SpanTable configurations_, sets_;
  std::vector<Info> infos_;
  std::vector<State> states_;
  Memo advances_, after_, subtree_memo_, through_memo_, reads_;
  std::vector<std::unique_ptr<TokenSet>> subtrees_;
  std::vector<std::unique_ptr<std::vector<Residual::Entry>>> throughs_;
  u64 row_bytes_ = 0, rows_ = 0;
  std::atomic<u64> published_{0};
  u32 initial_ = 0;
};

}  // namespace structgen
