#include "effects.h"

namespace structgen {

namespace {

constexpr u32 kUncountable = TextSet::kMost * 2;  // texts that can't all be recorded
constexpr u8 kUnknown = 255;                      // no effects: of these at most 63 is a sum

bool opens_items_without_room(u8 effect) { return (effect & (Items | Roomy)) == Items; }

}  // namespace

Effects::Effects(Store& store, Places& places, const Terminals& terminals)
    : store_(store), places_(places), terminals_(terminals) {
  for (u8 effect : terminals.effects) {
    has_items_ |= (effect & Items) != 0;
    all_roomy_ &= !opens_items_without_room(effect);
  }
}

u8 Effects::at_start(u32 parse) {
  if (parse >= at_start_.size()) at_start_.resize(std::max<std::size_t>(parse + 1, at_start_.size() * 2), kUnknown);
  if (at_start_[parse] == kUnknown) {
    u8 found = None;
    for (u32 t : places_.start(parse).terminals) found |= of(t);
    at_start_[parse] = found;
  }
  return at_start_[parse];
}

u8 Effects::at_end(u32 parse, u32 lexer) {
  const u64 key = pair_key(parse, lexer);
  u32 found = at_end_.find(key);
  if (found == kNone) {
    found = None;
    bool roomy = true;
    for (u32 t : places_.handed(parse, places_.accepting(lexer))) {
      found |= of(t);
      roomy &= !opens_items_without_room(of(t));
    }
    if (!roomy) found &= ~u32{Roomy};
    at_end_.put(key, found);
  }
  return static_cast<u8>(found);
}

u8 Effects::at_accept(u32 parse, u32 lexer, u32 accept) {
  u8 found = None;
  for (u32 t : places_.handed(parse, places_.accepting(lexer, accept))) found |= of(t);
  return found;
}

bool Effects::may_record_next(const Place& p) { return places_.may_end(p) && records(places_.after(p.parse, p.lexer)); }

bool Effects::may_end_item(const Place& p) {
  if (!has_items_ || places_.dynamic()) return false;
  if (p.fresh) return starts_with_item(p.parse);
  for (u32 i = 0; i < store_.lexer.members(p.lexer); ++i)
    if (of(places_.terminal(p, p.lexer, i)) & Item) return true;
  return places_.may_end(p) && starts_with_item(places_.after(p.parse, p.lexer));
}

bool Effects::is_roomy(u32 lexer) {
  for (u32 i = 0; i < store_.lexer.members(lexer); ++i)
    if (store_.counts.at_least(store_.lexer.rest(lexer, i)) >= kUncountable) return true;
  return false;
}

}  // namespace structgen
