// Positions: how a sequence goes on from where it is, by bytes and by tokens.
//
// Joins configurations with the uniqueness of a grammar, if it has any: all that is above asks here, and need not know
// which of the two decides.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "position.h"
#include "uniqueness.h"

namespace structgen {

class Positions {
 public:
  // `uniqueness`: null if nothing must be unique.
  Positions(Configurations& configurations, Uniqueness* uniqueness)
      : configurations_(configurations), places_(configurations.places()), uniqueness_(uniqueness) {}

  Configurations& configurations() const { return configurations_; }
  Places& places() const { return places_; }
  Uniqueness* uniqueness() const { return uniqueness_; }

  // By places and states.
  bool read(Place& p, UniquenessState& state, u8 byte) {
    return uniqueness_ ? uniqueness_->reader().read(p, state, byte) : places_.read(p, byte);
  }
  bool read(Place& p, UniquenessState& state, std::string_view bytes) {
    return uniqueness_ ? uniqueness_->reader().read(p, state, bytes) : places_.read(p, bytes);
  }
  bool stops(const Place& p, const UniquenessState& state) {
    return uniqueness_ ? uniqueness_->reader().stops(p, state) : places_.stops(p);
  }
  bool is_alive(const Place& p, const UniquenessState& state) {
    return !uniqueness_ || uniqueness_->items().is_alive(p, state);
  }
  // Reads a byte, if some text goes on from there.
  bool read_alive(Place& p, UniquenessState& state, u8 byte) { return read(p, state, byte) && is_alive(p, state); }

  // The position after a token; nothing if it is not allowed.
  std::optional<Position> advance(const Position& from, u32 token);
  // Advances if the result is known, and the state does not change. Needs no meter.
  bool advance_known(Position& position, u32 token) const;
  // Advances by as many bytes of the text as can be read; returns how many.
  std::size_t read_text(Position& position, std::string_view text);
  bool can_stop(const Position& position);
  std::string next_bytes(const Position& position);  // that may come next

 private:
  Configurations& configurations_;
  Places& places_;
  Uniqueness* uniqueness_;
};

// Positions as numbers, for callers that keep integers: the configuration, and in the upper half the name of a state
// that is not blank. Of these names the last kRemembered are known.
class PositionNumbers {
 public:
  struct Forgotten {};  // thrown for a number whose state is no longer known

  u64 number(const Position& position);
  Position position(u64 number) const;

 private:
  std::vector<std::pair<u64, UniquenessState>> remembered_;  // a ring, by name
  u64 last_ = 0;                                             // name
};

}  // namespace structgen
