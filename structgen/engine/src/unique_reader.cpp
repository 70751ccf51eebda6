#include "unique_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace structgen {

bool UniqueReader::end(Place& p, u32 lexer, UniquenessState& state) {
  u32 effect = effects_.at_end(p.parse, lexer);
  u32 forbidden = (effect & Record) && state.repeats() ? u32{Record} : u32{None};
  if ((effect & Item) && state.items().repeats()) forbidden |= Item;
  if (forbidden == None) {
    p = {places_.after(p.parse, lexer), kDead, true};
  } else {
    std::vector<u32> others;
    effect = None;
    for (u32 t : places_.handed(p.parse, places_.accepting(lexer)))
      if (!(effects_.of(t) & forbidden)) others.push_back(t), effect |= effects_.of(t);
    if (others.empty()) return false;
    p = {places_.parser().next(p.parse, others), kDead, true};
  }
  if (effect & Record)
    state.record();
  else
    state.drop();
  state.settle_items();
  if (effect & Open) state.open();
  if (effect & Close) state.close();
  if (effect & Items) state.open_items((effect & Roomy) != 0);
  return true;
}

bool UniqueReader::read(Place& p, UniquenessState& state, u8 byte) {
  Lexer& lexer = store_.lexer;
  u32 next = lexer.next(places_.lexer_state(p), byte);
  if (next == kDead) {
    if (!places_.may_end(p) || !end(p, p.lexer, state)) return false;
    next = lexer.next(places_.start(p.parse).lexer, byte);
    if (next == kDead) return false;
  }
  if (next == kBlocked) return false;
  const char character = static_cast<char>(byte);
  if (effects_.is_recording(p)) state.write({&character, 1});
  state.log({&character, 1});
  if (lexer.ended(next)) return end(p, next, state);
  p = {p.parse, next, false};
  return true;
}

bool UniqueReader::read(Place& p, UniquenessState& state, std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [&](char c) { return read(p, state, static_cast<u8>(c)); });
}

bool UniqueReader::stops(const Place& p, const UniquenessState& state) {
  if (!places_.stops(p)) return false;
  if (p.fresh || !(effects_.is_recording(p) || effects_.may_end_item(p))) return true;
  Place after = p;
  UniquenessState now = state;
  return end(after, p.lexer, now) && places_.parser().accepts(after.parse);
}

bool UniqueReader::has_new_text(const Place& p, const UniquenessState& state) {
  if (p.fresh || !effects_.is_recording(p) || !state.may_repeat()) return true;
  for (u32 i = 0; i < store_.lexer.members(p.lexer); ++i) {
    if (!(effects_.of(places_.terminal(p, p.lexer, i)) & Record) && has_other_terminal(p, i)) return true;
    if (has_new_text(store_.lexer.rest(p.lexer, i), state.written(), state.seen())) return true;
  }
  return false;
}

// A terminal that does not record can be read, whatever was recorded: some text of it belongs to no recording terminal
// of a higher priority.
bool UniqueReader::has_other_terminal(const Place& p, u32 member) {
  Lexer& lexer = store_.lexer;
  const int priority = terminals_.priorities[places_.terminal(p, p.lexer, member)];
  std::vector<ExprId> unrecorded{lexer.rest(p.lexer, member)};
  for (u32 i = 0; i < lexer.members(p.lexer); ++i) {
    const u32 other = places_.terminal(p, p.lexer, i);
    if ((effects_.of(other) & Record) && terminals_.priorities[other] > priority)
      unrecorded.push_back(store_.expressions.negate(lexer.rest(p.lexer, i)));
  }
  return unrecorded.size() == 1 || !store_.languages.is_empty(store_.expressions.intersect(unrecorded));
}

// Some text of the expression completes what is begun to one that was not seen.
bool UniqueReader::has_new_text(ExprId e, std::string begun, const TextSetPtr& seen) {
  Expressions& expressions = store_.expressions;
  std::vector<std::pair<ExprId, std::string>> stack{{e, std::move(begun)}};
  while (!stack.empty()) {
    const auto [at, text] = std::move(stack.back());
    stack.pop_back();
    if (!TextSet::has_prefix(seen, text) || (expressions.nullable(at) && !TextSet::has(seen, text))) return true;
    for (u32 low = 0, high = 0; low < 256; low = high + 1) {
      high = expressions.interval(at, static_cast<u8>(low)).second;
      const ExprId rest = expressions.derive(at, static_cast<u8>(low));
      if (rest == kEmpty || store_.languages.is_empty(rest)) continue;
      for (u32 byte = low; byte <= high; ++byte) {
        std::string longer = text + static_cast<char>(byte);
        if (!TextSet::has_prefix(seen, longer)) return true;
        stack.emplace_back(rest, std::move(longer));
      }
    }
    meter_.spend(8);
  }
  return false;
}

}  // namespace structgen
