// Reading with unique texts: places together with the state of what was recorded.
//
// A terminal that would repeat a recorded text cannot be read by a recording terminal. A terminal that records and one
// that does not may match the same text; where the text was recorded, the one that does not record is read.
#pragma once

#include <string>
#include <string_view>

#include "effects.h"

namespace structgen {

class UniqueReader {
 public:
  UniqueReader(Store& store, Places& places, const Terminals& terminals, Effects& effects, Meter& meter)
      : store_(store), places_(places), terminals_(terminals), effects_(effects), meter_(meter) {}

  // Like Places::read, and records what the terminals say. False if a text would be repeated.
  bool read(Place& p, UniquenessState& state, u8 byte);
  bool read(Place& p, UniquenessState& state, std::string_view bytes);
  // The terminal that is being read, in the lexer state, ends. False if it repeats a text.
  bool end(Place& p, u32 lexer, UniquenessState& state);
  bool stops(const Place& p, const UniquenessState& state);
  // The terminal that is being read can become something that may be read.
  bool has_new_text(const Place& p, const UniquenessState& state);

 private:
  bool has_other_terminal(const Place& p, u32 member);
  bool has_new_text(ExprId e, std::string begun, const TextSetPtr& seen);

  Store& store_;
  Places& places_;
  const Terminals& terminals_;
  Effects& effects_;
  Meter& meter_;
};

}  // namespace structgen
