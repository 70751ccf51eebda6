// Tokens of a mask that the uniqueness state of a sequence forbids.
//
// Only the paths of recorded texts through the trie are followed, as far as the text being read is the beginning of
// one; and, while an item may still become equal to one before it, the paths on which it may.
#pragma once

#include <vector>

#include "distinct_items.h"
#include "position.h"

namespace structgen {

class ForbiddenTokens {
 public:
  ForbiddenTokens(const Trie& trie, Configurations& configurations, Effects& effects, UniqueReader& reader,
                  DistinctItems& items, Meter& meter)
      : trie_(trie),
        configurations_(configurations),
        places_(configurations.places()),
        effects_(effects),
        reader_(reader),
        items_(items),
        meter_(meter) {}

  // The token may be read, byte by byte.
  bool fits(const Position& position, u32 token);
  // Adds tokens that go on with a recorded text until it is repeated, or until nothing else can come of it.
  void add_repeats(const Position& position, std::vector<u32>& forbidden);
  // Adds tokens after which an item can only become equal to one before it; and those after which it still may.
  void add_equal_items(const Position& position, std::vector<u32>& forbidden, std::vector<u32>& pending);

 private:
  class RepeatWalk;
  void add_subtree(u32 node, std::vector<u32>& forbidden);

  const Trie& trie_;
  Configurations& configurations_;
  Places& places_;
  Effects& effects_;
  UniqueReader& reader_;
  DistinctItems& items_;
  Meter& meter_;
};

}  // namespace structgen
