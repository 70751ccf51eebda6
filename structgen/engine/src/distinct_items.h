// Items that must differ: whether a text can still avoid an item that its array has, and how.
//
// While an item may still become equal to an earlier one (ItemScopes::pending), a place is alive only if some
// continuation makes a difference. A search finds one: A* over bytes, along the lower bounds of what finishes the text.
// It is nearly always a few bytes long, as most bytes make a difference. What a search finds is remembered for all
// places on its way.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "configurations.h"
#include "unique_reader.h"

namespace structgen {

class DistinctItems {
 public:
  DistinctItems(Configurations& configurations, Effects& effects, UniqueReader& reader, Lexer& lexer, Meter& meter)
      : configurations_(configurations),
        places_(configurations.places()),
        effects_(effects),
        reader_(reader),
        lexer_(lexer),
        meter_(meter) {}

  // Where a text no longer depends on the items before: after so many bytes, in this configuration.
  struct Exit {
    u32 bytes = 0;
    u32 configuration = kNone;  // kNone: there is no exit
  };
  // Some text goes on from the place that the state allows: the terminal that is being read can become a new text, and
  // the items can differ, as other ones exist or there is an exit.
  bool is_alive(const Place& p, const UniquenessState& state) {
    return reader_.has_new_text(p, state) && (!state.items().inside() || !state.items().pending() ||
                                              state.items().others_exist() || exit(p, state).configuration != kNone);
  }
  // Of a place with a pending item. Not always the nearest one.
  Exit exit(const Place& p, const UniquenessState& state);
  // The bytes to the exit from which the fewest bytes finish the text; nothing if there is none.
  std::optional<std::string> shortest_exit(const Place& p, const UniquenessState& state);

  // The items before matter at a place: one is pending, or one may end where others need not exist.
  bool matters(const Place& p, const UniquenessState& state) {
    const ItemScopes& items = state.items();
    return items.inside() && (items.pending() || (effects_.may_end_item(p) && !items.others_exist()));
  }

 private:
  class Search;
  u64 key(const Place& p, const UniquenessState& state);
  void remember(u64 key, const Exit& exit);
  const ByteSet& next_bytes(u32 configuration);

  Configurations& configurations_;
  Places& places_;
  Effects& effects_;
  UniqueReader& reader_;
  Lexer& lexer_;
  Meter& meter_;
  std::unordered_map<u64, Exit> exits_;          // by hash of place and state
  std::unordered_map<u32, ByteSet> next_bytes_;  // by configuration
};

}  // namespace structgen
