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
// Where terminals record their texts (memory.h), a sequence has a memory beside its configuration: a Position. What a
// configuration allows is then found as if nothing were recorded, and what the memory forbids of it is taken out
// (recording.cpp): rows and configurations stay as few as they are without.
//
// With a dynamic lexer each terminal is read by itself: a text may be in several places at once, each in one terminal.
// A configuration is then a set of places, interned; `Place::parse` is its number, and the rest of this file reads and
// masks the places of a set one by one.
//
// Invariants   A row never changes once a configuration has it. A row has a bit set, or the configuration is a dead
//              end and has none. Bits from the width up are zero.
// Errors       A LimitExceeded leaves every table whole: what was asked for is not there, and all that was there still
// is. Memory       Masks are counted against Limits::row_bytes; when they pass it, all memoised ones go.
#pragma once

#include <atomic>
#include <optional>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "memory.h"
#include "parser.h"
#include "store.h"

namespace structgen {

using Row = std::shared_ptr<const TokenSet>;

// Where a sequence is.
struct Position {
  u32 configuration = 0;
  Memory memory;
};

struct Completion {
  std::string text;         // bytes that finish the text
  std::vector<u32> tokens;  // the fewest tokens that spell them; the end-of-text token not included
};

// A number that stood for a position, and no longer does.
struct Forgotten {};

// The texts of an expression that are not among others, the shortest first.
class NewTexts {
 public:
  NewTexts(Expressions& expressions, Meter& meter, ExprId e, std::string begun);
  // What follows `begun` in the next one; nothing if there is none. The texts only grow between two calls.
  std::optional<std::string> next(const TextsPtr& texts);

 private:
  struct Way {
    u32 length;
    std::string text;
    ExprId rest;
    // Of equal ones, those with letters and digits come first.
    bool operator>(const Way& o) const {
      if (length != o.length) return length > o.length;
      const bool readable = is_readable(text), other = is_readable(o.text);
      return readable != other ? !readable : text > o.text;
    }
    static bool is_readable(const std::string& text) {
      const char c = text.empty() ? '0' : text.back();
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
  };
  Expressions& expressions_;
  Meter& meter_;
  std::string begun_;
  std::priority_queue<Way, std::vector<Way>, std::greater<>> ways_;
};

class CompiledGrammar {
 public:
  struct Source {
    Parser::Source rules;
    std::vector<ExprId> terminals;
    std::vector<int> priorities;
    std::vector<ExprId> guards;   // of each terminal, kEmpty: none
    std::vector<u8> effects;      // of each terminal, Effect
    std::vector<u32> end_tokens;  // end of text
    bool dynamic = false;         // each terminal is read by itself
    Limits limits;
  };
  static constexpr u32 kFinished = 0;
  static constexpr u32 kRoom = 64;
  enum Effect : u8 {  // of a terminal that was read
    None = 0,
    Record = 1,
    Open = 2,
    Close = 4,
    Items = 8,   // a scope of items opens
    Item = 16,   // an item ended, which differs from those before it
    Roomy = 32,  // whatever these items are (Memory::kRoomy at most), another one is left, kRoom bytes longer than the
                 // shortest
  };

  CompiledGrammar(std::shared_ptr<Store> store, Source source);
  CompiledGrammar(const CompiledGrammar&) = delete;
  CompiledGrammar& operator=(const CompiledGrammar&) = delete;

  // All of these need the lock of the store, and a Spending.
  u32 initial() const { return initial_; }
  bool records() const { return records_; }
  // The position after the token; nothing if it is not allowed.
  std::optional<Position> advance(const Position& from, u32 token);
  // Reads as many bytes of a text as can be read, and moves the position there; how many these are.
  std::size_t read_text(Position& position, std::string_view text);
  bool can_stop(const Position& position);
  // The row; null if the position is a dead end.
  Row row(const Position& position);
  // The row of the tokens after which `budget - 1` more tokens, the end-of-text token included, can finish the text.
  Row row_within(const Position& position, u64 budget);
  // An upper bound of the tokens that finish the text, the end-of-text token included; kNone if none is known.
  u32 completion_tokens(const Position& position);
  std::optional<Completion> completion(const Position& position);
  std::string forced_bytes(const Position& position, std::size_t most);
  std::vector<u32> forced_tokens(const Position& position, std::size_t most_bytes);
  std::string next_bytes(const Position& position);    // bytes that may come next
  std::vector<u32> live_terminals(u32 configuration);  // that are being read, or may begin
  bool is_fresh(u32 configuration) const;              // nothing is read of a terminal

  // Positions as numbers: the configuration, and above it what stands for a memory that is not blank. The last
  // kRemembered of these are known.
  u64 number(const Position& position);
  Position position(u64 number) const;

  u64 configurations() const { return published_.load(std::memory_order_acquire); }  // needs no lock
  // What is known already, without work: the row, if no memory of the position can forbid a part of it; or null.
  const Row& known_row(const Position& position) {
    static const Row none;
    Info& info = infos_[position.configuration];
    if (!info.row) {
      meter_.begin();  // no call is under way
      const Info& wide = infos_[canonical(position.configuration)];
      Info& same = infos_[position.configuration];  // the table may have moved
      same.row = wide.row;
      same.doubtful = wide.doubtful;
      same.ends = wide.ends;
      if (!same.row || same.doubtful) return none;
    }
    const Info& known = infos_[position.configuration];
    if (!records_) return known.row;
    const Memory& memory = position.memory;
    const bool safe =
        !known.doubtful && !(known.recording && memory.recorded() != 0) &&
        !(known.recording_next && (memory.recorded() != 0 || memory.writing())) &&
        !(memory.in_items() ? memory.items_pending() || ((known.ends_item || known.ends) && !memory.items_left())
                            : known.ends != nullptr);
    return safe ? known.row : none;
  }
  // Moves the position behind a token, if that is known and does not change its memory.
  bool advance_known(Position& position, u32 token) const {
    const u64 key = pair_key(position.configuration, token);
    const u32 to = advances_.find(key);
    if (to == kNone) return false;
    if (records_) {
      if (position.memory.in_items()) return false;
      const u32 program = program_memo_.find(key);
      if (program == kNone || programs_[program].size != 0) return false;
    }
    position.configuration = to;
    return true;
  }

  Store& store() { return *store_; }
  Meter& meter() { return meter_; }
  struct Stats {
    u64 configurations, parse_states, items, rows, row_bytes, advances, expressions, lexer_states, walks, trie_nodes,
        store_bytes, parser_bytes;
  };
  Stats stats() const;

 private:
  using Tokens = std::shared_ptr<const std::vector<u32>>;
  struct Info {
    u32 parse = 0, lexer = 0;
    bool fresh = true;           // nothing is read of a terminal; lexer is kDead then
    bool recording = true;       // the terminal that is being read may be recorded; known where the row is
    bool recording_next = true;  // it may end here, and the next one be recorded
    bool ends_item = true;       // an item may end here, or after the terminal that is being read
    u8 stop = 2;                 // 2: not known yet
    u32 canonical = kNone;
    static constexpr u32 kUnknown = kNone - 1;
    u32 completion = kUnknown;                         // tokens
    u32 completion_first = kNone;                      // its first byte; kNone: it is empty
    u32 farthest = kUnknown;                           // most tokens that finish the text after a token allowed here
    u32 completion_records = 0, farthest_records = 0;  // texts that are recorded on these ways, at most
    u32 completion_items = 0, farthest_items = 0;      // items on them that come after others
    Row row;
    Tokens doubtful;  // tokens of the row that a memory may forbid, beside those that go on with a recorded text
    Tokens ends;      // and those that end an item, where items may run out, or are begun within the token
  };
  struct State {  // of the parser
    bool ready = false;
    u32 lexer = kDead;           // the state in which a terminal begins
    std::vector<u32> terminals;  // by index of that state
    std::vector<u32> singles;    // dynamic: the states in which one of them begins
    bool records = false;        // one of them records its text
    bool ends_item = false;      // an item ends behind one of them
  };
  struct Destinations {  // where tokens lead
    std::unordered_set<u32> configurations;
    u32 bytes = 0;                   // of what has no number: most bytes that finish it
    u32 lost = 0;                    // most bytes that must come and that configurations lack
    std::unordered_set<u32> behind;  // configurations to which that comes
    std::unordered_set<u64> seen;    // trie node and parse state in which a terminal begins
  };
  struct Place {  // a configuration that has no number (yet); or, of a dynamic lexer, also a member of one
    u32 parse, lexer;
    bool fresh;
  };

  // What happened to the memory on the way from where a terminal began.
  struct Noted {
    bool recorded = false;  // or another item begins
    bool ended = false;     // an item
    int opened = 0;         // scopes; below 0: closed
  };
  // What becomes of a row, or of a part of one.
  struct Mask {
    TokenSet tokens;
    std::vector<u32> doubtful;  // tokens that a memory may forbid
    std::vector<u32>
        begun;  // those too, if the terminal with which a part begins is not the first of the sequence's token
    std::vector<u32> ends, begun_ends;  // the same of tokens that end an item
  };
  struct Through {
    std::vector<Residual::Entry> entries;
    std::vector<u32> doubtful, ends;
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
  bool read(Place& p, u8 byte) {
    return read(p, byte, [](u32, u32, bool) {});
  }
  // The same; calls ends(parse, lexer, with_byte) where a terminal ends.
  template <class Ends>
  bool read(Place& p, u8 byte, Ends&& ends);
  bool read(Place& p, std::string_view bytes);
  // With what is recorded.
  bool read(Place& p, Memory& memory, u8 byte);
  bool read(Place& p, Memory& memory, std::string_view bytes);
  std::vector<u32> accepting(u32 lexer) const;  // indices of the members that do
  // Of terminals at some indices of the lexer state's tuple, those that the parser gets.
  std::vector<u32> handed(u32 parse, const std::vector<u32>& indices);
  STRUCTGEN_OWN_FRAME u32 after(u32 parse, const std::vector<u32>& indices);
  u32 after(u32 parse, u32 lexer);  // ... after all that accept
  bool stops(const Place& p);
  bool can_stop(u32 configuration);
  u32 advance(u32 configuration, u32 token);
  u32 canonical(u32 configuration);

  const Row& row(u32 configuration);
  STRUCTGEN_OWN_FRAME void mask(u32 node, const Place& p, Mask& out);
  void mask_one(u32 node, const Place& p, Mask& out);
  void add_walk(const Walk::View& view, u32 parse, u32 from, bool fresh, Mask& out);
  const Mask& subtree(u32 node, u32 parse);
  STRUCTGEN_OWN_FRAME const Through& through(u32 residual, u32 parse);
  STRUCTGEN_OWN_FRAME void add_less(u32 node, u32 parse, const std::vector<u32>& children, bool behind, bool begins,
                                    Mask& out);
  STRUCTGEN_OWN_FRAME void add_own(const Walk::View& view, u32 parse, u32 from, bool begins, Mask& out);
  STRUCTGEN_OWN_FRAME u32 after_accept(u32 parse, u32 from, u32 accept);
  STRUCTGEN_OWN_FRAME u8 accept_effects(u32 parse, u32 from, u32 accept);
  STRUCTGEN_OWN_FRAME std::vector<u32> going_on(u32 node, u32 lexer);
  void forget_masks();

  // recording.cpp
  u8 effects(u32 parse, u32 lexer);  // of the terminals that the parser gets where one ends
  bool end(Place& p, u32 lexer, Memory& memory);
  bool may_record_next(const Place& p);
  bool is_recording(const Place& p) { return records_ && state(p.parse).records; }
  bool is_roomy(u32 lexer);
  bool is_alive(const Place& p, const Memory& memory) {
    return has_new_text(p, memory) && (!memory.in_items() || !memory.items_pending() || leaves_items(p, memory));
  }
  bool has_new_text(const Place& p, const Memory& memory);
  bool has_new_text(ExprId e, std::string begun, const TextsPtr& texts);
  u32 program(u32 configuration, u32 token);
  bool replay(Span program, std::string_view bytes, Memory& memory);
  void forbid_repeats(const Position& position, std::vector<u32>& forbidden);
  void forbid_repeats(const Position& position, const Place& here, const Memory& from, std::vector<u32>& forbidden);
  bool fits(const Position& position, u32 token);
  bool stops(const Place& p, const Memory& memory);
  Row without_forbidden(const Position& position, const Row& all);

  // distinct_items.cpp
  bool ends_item(const Place& p);
  bool leaves_items(const Place& p, const Memory& memory) {
    return memory.items_left() || tokens_beside_items(p, memory) != kNone;
  }
  u32 tokens_beside_items(const Place& p, const Memory& memory);
  const ByteSet& following(u32 configuration);
  u64 leaving_key(const Place& p, const Memory& memory);
  void leave(u64 key, u32 tokens);
  std::optional<std::string> way_out_of_items(const Place& p, const Memory& memory, bool any);
  std::optional<std::string> text_beside_items(const Place& p, const Memory& memory);
  void find_equal_items(const Position& position, std::vector<u32>& forbidden, std::vector<u32>& pending);

  u32 bytes_to_finish(const Place& p);  // a lower bound, nearly always exact
  u32 bytes_from(const Place& p);
  // What a completion records in the scope of the terminal that is being read: what that becomes, and texts after it.
  struct Recorded {
    std::string own;
    std::vector<std::string> later;
    std::size_t longest = 0;  // of the later ones
    u32 count = 0;            // of all, in all scopes
    u32 items = 0;            // that come after others from which they must differ
  };
  std::optional<std::string> shortest_text(const Place& p, const Memory& memory, Recorded* recorded = nullptr);
  std::optional<std::string> witness(const Place& p, const Memory& memory, Recorded* recorded);
  std::optional<std::string> search_text(const Place& p, const Memory& memory);
  std::optional<std::vector<u32>> search_tokens(const Position& position);
  std::optional<Completion> completion(const Place& p, const Memory& memory, Recorded* recorded = nullptr);

  // budget.cpp
  void destinations(u32 node, const Place& p, Destinations& found);
  void destinations_of_one(u32 node, const Place& p, Destinations& found);
  void destinations(const Walk::View& view, u32 parse, u32 from, Destinations& found);
  struct Cost {  // of a way out
    u32 tokens, records, items;
  };
  Cost tokens_to_finish(u32 configuration);
  u32 farthest(u32 configuration);
  u32 longest_new_text(u64 recorded);
  bool is_enough(const Position& position, u64 budget);
  bool is_in_time(const Place& p, const Memory& memory, u64 budget);
  Row without_late_items(const Position& position, const Row& all, u64 budget);

  std::shared_ptr<Store> store_;
  Meter meter_;
  Lexer& lexer_;
  Expressions& expressions_;
  std::vector<ExprId> terminals_;
  std::vector<int> priorities_;
  std::vector<ExprId> guards_;
  std::vector<u8> effects_;
  std::vector<u32> end_tokens_;
  bool dynamic_;
  bool records_ = false;                       // some terminal does, or opens a scope of items
  bool has_items_ = false, all_roomy_ = true;  // of its terminals
  std::vector<u32> longest_new_;               // longest_new_text(), by the width of the number of texts
  u32 depth_ = 0;
  Parser parser_;
  bool spells_bytes_ = true,
       spells_ascii_ = true;  // every byte of UTF-8, every one that is printed of ASCII is a token

  SpanTable configurations_, sets_;
  std::vector<Info> infos_;
  std::vector<State> states_;
  Memo advances_, after_, subtree_memo_, through_memo_, reads_, effects_memo_, program_memo_;
  SpanTable programs_;
  std::vector<std::unique_ptr<Mask>> subtrees_;
  std::vector<std::unique_ptr<Through>> throughs_;
  std::vector<std::pair<u64, Memory>> remembered_;  // a ring: positions given a number
  struct Asked {
    u32 configuration = kNone;
    Memory memory;
    Row row;
  };
  std::unordered_map<u64, Asked> asked_;        // rows of positions, by hash
  u64 asked_bytes_ = 0;                         // of row_bytes_
  std::unordered_map<u64, u32> leaving_;        // by hash of place and memory: tokens_beside_items()
  std::unordered_map<u32, ByteSet> following_;  // bytes after a configuration
  u64 numbered_ = 0;
  u64 row_bytes_ = 0, rows_ = 0;
  std::atomic<u64> published_{0};
  u32 initial_ = 0;
};

// One byte of text. The longest match: only where no member can go on does the terminal end.
template <class Ends>
bool CompiledGrammar::read(Place& p, u8 byte, Ends&& ends) {
  if (dynamic_) {
    const u32 set = read_places(p.parse, byte);
    if (set != kNone) p.parse = set;
    return set != kNone;
  }
  u32 next = lexer_.next(lexer_state(p), byte);
  if (next == kDead) {
    if (p.fresh || !lexer_.accepting(p.lexer)) return false;
    ends(p.parse, p.lexer, false);
    p = {after(p.parse, p.lexer), kDead, true};
    next = lexer_.next(state(p.parse).lexer, byte);
    if (next == kDead) return false;
  }
  if (next == kBlocked) return false;
  if (lexer_.ended(next)) {
    ends(p.parse, next, true);
    p = {after(p.parse, next), kDead, true};
  } else {
    p = {p.parse, next, false};
  }
  return true;
}

}  // namespace structgen
