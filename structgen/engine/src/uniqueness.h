// Uniqueness: what texts that must be unique change in a compiled grammar that has them.
//
// Masks and configurations do not depend on what was recorded, and stay as few as without. Two things are changed by
// the state of a sequence (uniqueness_state.h):
//
//   a mask         loses tokens that the state forbids. Most are found by following recorded texts through the trie
//                  (forbidden_tokens.h). The rest are doubtful tokens, which Masks notes when it makes a row: those in
//                  which a whole text is recorded, or one begins that can only be one of a few. They are read byte by
//                  byte. Most rows have none.
//   an advance     replays the program of the token (token_programs.h). Only if that repeats a text is the token read
//                  byte by byte.
//
// A grammar without such texts has no object of this class, and pays nothing for it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "forbidden_tokens.h"
#include "token_programs.h"

namespace structgen {

// Tokens of a mask, or of a part of one, that a state may forbid.
struct Doubts {
  std::vector<u32> tokens;      // that may repeat a text, or that begin another item
  std::vector<u32> item_ends;   // that end an item
  std::vector<u32> begun;       // as `tokens`, if the part begins after the beginning of the sequence's token
  std::vector<u32> begun_ends;  // as `item_ends`, in the same case
  std::size_t bytes() const {
    return (tokens.size() + item_ends.size() + begun.size() + begun_ends.size()) * sizeof(u32);
  }
};

class Uniqueness {
 public:
  using Tokens = std::shared_ptr<const std::vector<u32>>;

  Uniqueness(Store& store, Configurations& configurations, const Terminals& terminals, Meter& meter);
  Uniqueness(const Uniqueness&) = delete;
  Uniqueness& operator=(const Uniqueness&) = delete;

  Effects& effects() { return effects_; }
  UniqueReader& reader() { return reader_; }
  DistinctItems& items() { return items_; }
  ForbiddenTokens& forbidden() { return forbidden_; }

  bool can_stop(const Position& position) {
    return reader_.stops(configurations_.place(position.configuration), position.state);
  }
  // The position after a token that leads to a configuration; nothing if the state forbids it.
  std::optional<Position> advance(const Position& from, u32 token, u32 to);
  // The token is known not to change the state.
  bool keeps_state(const Position& position, u32 token) const {
    return !position.state.items().inside() && programs_.is_known_empty(position.configuration, token);
  }

  // The doubts of a configuration are noted when its row is made.
  void note(u32 configuration, Doubts doubts);
  void note_same(u32 configuration, u32 canonical);  // the row of `canonical` is that of the configuration, too
  void forget_notes() { notes_.clear(); }
  Tokens doubtful(u32 configuration) const { return noted(configuration).tokens; }
  Tokens item_ends(u32 configuration) const { return noted(configuration).item_ends; }
  // The state changes nothing in the row of the configuration, as far as that is known without work.
  bool is_unaffected(const Position& position) const;
  // The tokens of the row of the configuration that the state forbids, apart from the end-of-text tokens.
  std::vector<u32> forbidden_tokens(const Position& position);

 private:
  struct Notes {
    Tokens tokens, item_ends;
    bool examined = false;       // the rest is known; otherwise it is what changes most
    bool recording = true;       // the terminal that is being read may be recorded
    bool recording_next = true;  // it may end here, and the next one be recorded
    bool may_end_item = true;
  };
  const Notes& noted(u32 configuration) const;
  Notes& notes(u32 configuration);
  void examine(u32 configuration);

  const Trie& trie_;
  Configurations& configurations_;
  Effects effects_;
  UniqueReader reader_;
  DistinctItems items_;
  ForbiddenTokens forbidden_;
  TokenPrograms programs_;
  std::vector<Notes> notes_;  // by configuration
};

}  // namespace structgen
