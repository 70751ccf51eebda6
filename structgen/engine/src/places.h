// Places: where a text may be, and how it is read byte by byte. The lexer and the parser of one grammar, joined.
//
// A place is a parse state and a lexer state. `fresh` places are at the beginning of a terminal, with nothing read of
// it. A byte is read by the lexer state. Where no terminal can go on with the byte, the terminal ends before it (the
// longest match), and the byte begins the next one.
//
// With a dynamic lexer each terminal is read by itself, so a text is at several places at once. These form an interned
// set; `Place::parse` is then the number of the set, and members() lists its places.
//
// Cost         One look-up a byte when warm. Lexer states and parse states are memoised where they are made.
// Not here     tokens, numbers of configurations (configurations.h), texts that must be unique (uniqueness.h).
#pragma once

#include <string_view>
#include <vector>

#include "parser.h"
#include "store.h"
#include "terminals.h"

namespace structgen {

struct Place {
  u32 parse = 0;
  u32 lexer = kDead;
  bool fresh = true;  // nothing is read of a terminal; lexer is kDead then
};

class Places {
 public:
  Places(Store& store, Parser& parser, const Terminals& terminals, Meter& meter, bool dynamic)
      : store_(store), parser_(parser), lexer_(store.lexer), terminals_(terminals), meter_(meter), dynamic_(dynamic) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  bool dynamic() const { return dynamic_; }
  Parser& parser() const { return parser_; }

  // Where terminals begin in a parse state.
  struct Start {
    bool ready = false;
    u32 lexer = kDead;           // the lexer state of all of them
    std::vector<u32> terminals;  // their numbers, by index of that state
    std::vector<u32> singles;    // dynamic: the lexer states of one of them each
  };
  const Start& start(u32 parse);
  Place begin(u32 parse) { return alone({parse, kDead, true}); }
  // Of a place of one terminal: as the only one of a set, if the lexer is dynamic.
  Place alone(const Place& p) { return dynamic_ ? together({p}) : p; }
  u32 lexer_state(const Place& p) { return p.fresh ? start(p.parse).lexer : p.lexer; }

  // Reads a byte; false if it is not allowed. Calls ends(parse, lexer, with_byte) where a terminal ends: before the
  // byte, or with it.
  template <class Ends>
  bool read(Place& p, u8 byte, Ends&& ends);
  bool read(Place& p, u8 byte) {
    return read(p, byte, [](u32, u32, bool) {});
  }
  bool read(Place& p, std::string_view bytes);
  bool stops(const Place& p);                                                           // the text may end here
  bool may_end(const Place& p) const { return !p.fresh && lexer_.accepting(p.lexer); }  // the terminal being read

  // Indices of the members of a lexer state that accept.
  std::vector<u32> accepting(u32 lexer) const;
  // ... that a set of members stands for, as walks number them (Walks::accept_set).
  std::vector<u32> accepting(u32 lexer, u32 accept) const;
  // Of terminals at some indices, those that the parser gets: the ones with the highest priority.
  std::vector<u32> handed(u32 parse, const std::vector<u32>& indices);
  // The parse state after the terminals at some indices; after all that accept.
  STRUCTGEN_OWN_FRAME u32 after(u32 parse, const std::vector<u32>& indices);
  u32 after(u32 parse, u32 lexer);
  u32 terminal(const Place& p, u32 lexer, u32 member) { return start(p.parse).terminals[lexer_.index(lexer, member)]; }

  // A place with the same masks, whose bounds of repetitions no token can exhaust.
  Place canonical(const Place& p);
  u32 min_remaining_bytes(const Place& p);          // a lower bound, nearly always exact; kFar if there is none
  Place nearest(const Place& p);                    // of the members, that with the fewest remaining bytes
  std::vector<u32> live_terminals(const Place& p);  // that are being read, or may begin
  std::vector<Place> members(const Place& p) const;

 private:
  Place together(std::vector<Place> places);
  u32 read_set(u32 set, u8 byte);
  bool stops_one(const Place& p);
  u32 min_remaining_bytes_of_one(const Place& p);

  Store& store_;
  Parser& parser_;
  Lexer& lexer_;
  const Terminals& terminals_;
  Meter& meter_;
  const bool dynamic_;
  std::vector<Start> starts_;  // by parse state
  Memo after_, reads_;
  SpanTable sets_;
};

template <class Ends>
bool Places::read(Place& p, u8 byte, Ends&& ends) {
  if (dynamic_) {
    const u32 set = read_set(p.parse, byte);
    if (set != kNone) p.parse = set;
    return set != kNone;
  }
  u32 next = lexer_.next(lexer_state(p), byte);
  if (next == kDead) {
    if (!may_end(p)) return false;
    ends(p.parse, p.lexer, false);
    p = {after(p.parse, p.lexer), kDead, true};
    next = lexer_.next(start(p.parse).lexer, byte);
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
