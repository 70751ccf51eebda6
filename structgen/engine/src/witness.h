// Witness: a text that finishes another one, built along the lower bounds of the parser.
//
// Every parse state knows a lower bound of the bytes that finish it (the shortest terminals, in the shortest order).
// A witness takes, terminal by terminal, the shortest text whose terminal leads along that bound and that was not
// recorded. Whether it is a text of the language is for the caller to check: the longest match, and items that must
// differ, are not taken into account.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "new_texts.h"
#include "positions.h"

namespace structgen {

// What a completion records in the scope of the terminal that is being read: what that becomes, and texts after it.
struct RecordedTexts {
  std::string own;
  std::vector<std::string> later;
  std::size_t longest = 0;  // of the later ones
  u32 count = 0;            // of all, in all scopes
  u32 items = 0;            // that come after others from which they must differ
};

class Witness {
 public:
  Witness(Store& store, Positions& positions, const Terminals& terminals, Meter& meter, const Place& from,
          const UniquenessState& state);

  // The text; nothing if none was found. May be called once.
  std::optional<std::string> find();
  const RecordedTexts& recorded() const { return recorded_; }

 private:
  struct Way {  // by one of the terminals that are being read
    u32 total, terminal, parse;
    ExprId rest;
  };
  bool step();
  std::vector<Way> ways();
  std::optional<std::string> word(const Way& way);
  void record(const Way& way, const std::string& word);

  Store& store_;
  Places& places_;
  Parser& parser_;
  Effects* effects_;  // null if nothing must be unique
  const Terminals& terminals_;
  Meter& meter_;
  Place place_;
  UniquenessState state_;
  std::string text_;
  RecordedTexts recorded_;
  std::unordered_map<ExprId, NewTexts> new_texts_;  // of the innermost scope
  int depth_ = 0;                                   // of scopes, from that in which it begins
  bool outside_ = false;                            // that one is closed
  u32 detours_ = 0;
};

}  // namespace structgen
