// Effects: what the terminals of a grammar record, open and close, found for parse states and lexer states.
//
// What is known here depends on the grammar alone, not on what a sequence has recorded.
#pragma once

#include <vector>

#include "places.h"
#include "uniqueness_state.h"

namespace structgen {

class Effects {
 public:
  Effects(Store& store, Places& places, const Terminals& terminals);

  u8 of(u32 terminal) const { return terminals_.effects[terminal]; }
  // Of the terminals that the parser gets where one ends.
  u8 at_end(u32 parse, u32 lexer);
  // Of those that the parser gets where a set of members of the lexer state accepts (Walks::accept_set).
  STRUCTGEN_OWN_FRAME u8 at_accept(u32 parse, u32 lexer, u32 accept);

  bool records(u32 parse) { return (at_start(parse) & Record) != 0; }         // some terminal that may begin there
  bool starts_with_item(u32 parse) { return (at_start(parse) & Item) != 0; }  // some terminal there ends an item
  bool is_recording(const Place& p) { return records(p.parse); }
  // The terminal that is being read may end, and the next one be recorded.
  bool may_record_next(const Place& p);
  // An item may end before the next byte, or with the terminal that is being read.
  bool may_end_item(const Place& p);
  // More texts can come of the lexer state than can be recorded.
  bool is_roomy(u32 lexer);

  bool has_items() const { return has_items_; }
  bool all_items_are_roomy() const { return all_roomy_; }

 private:
  u8 at_start(u32 parse);

  Store& store_;
  Places& places_;
  const Terminals& terminals_;
  bool has_items_ = false, all_roomy_ = true;
  std::vector<u8> at_start_;  // by parse state: effects of all terminals that may begin there; kUnknown
  Memo at_end_;
};

}  // namespace structgen
