#include "uniqueness.h"

#include <algorithm>
#include <utility>

namespace structgen {

Uniqueness::Uniqueness(Store& store, Configurations& configurations, const Terminals& terminals, Meter& meter)
    : trie_(store.trie),
      configurations_(configurations),
      effects_(store, configurations.places(), terminals),
      reader_(store, configurations.places(), terminals, effects_, meter),
      items_(configurations, effects_, reader_, store.lexer, meter),
      forbidden_(store.trie, configurations, effects_, reader_, items_, meter),
      programs_(configurations, effects_) {}

std::optional<Position> Uniqueness::advance(const Position& from, u32 token, u32 to) {
  if (to == kFinished) return can_stop(from) ? std::optional(Position{}) : std::nullopt;
  const std::string_view bytes = trie_.bytes(token);
  const Span program = programs_.find(from.configuration, token, bytes);
  UniquenessState state = from.state;
  if ((program.size != 0 || state.items().inside()) && !TokenPrograms::replay(program, bytes, state)) {
    Place p = configurations_.place(from.configuration);
    state = from.state;
    if (!reader_.read(p, state, bytes)) return std::nullopt;
    to = configurations_.intern(p);
  }
  if (!items_.is_alive(configurations_.place(to), state)) return std::nullopt;
  return Position{to, std::move(state)};
}

const Uniqueness::Notes& Uniqueness::noted(u32 configuration) const {
  static const Notes none;
  return configuration < notes_.size() ? notes_[configuration] : none;
}

Uniqueness::Notes& Uniqueness::notes(u32 configuration) {
  if (configuration >= notes_.size()) notes_.resize(std::max<std::size_t>(configuration + 1, notes_.size() * 2));
  return notes_[configuration];
}

void Uniqueness::note(u32 configuration, Doubts doubts) {
  auto shared = [](std::vector<u32>&& tokens) {
    return tokens.empty() ? nullptr : std::make_shared<const std::vector<u32>>(std::move(tokens));
  };
  Notes& n = notes(configuration);
  n.tokens = shared(std::move(doubts.tokens));
  n.item_ends = shared(std::move(doubts.item_ends));
}

void Uniqueness::note_same(u32 configuration, u32 canonical) {
  if (configuration == canonical) return;
  const Notes& same = noted(canonical);
  const Tokens tokens = same.tokens, item_ends = same.item_ends;
  Notes& n = notes(configuration);
  n.tokens = tokens;
  n.item_ends = item_ends;
}

void Uniqueness::examine(u32 configuration) {
  if (noted(configuration).examined) return;
  const Place p = configurations_.place(configuration);
  const bool recording = effects_.is_recording(p), next = effects_.may_record_next(p), item = effects_.may_end_item(p);
  Notes& n = notes(configuration);
  n.recording = recording;
  n.recording_next = next;
  n.may_end_item = item;
  n.examined = true;
}

bool Uniqueness::is_unaffected(const Position& position) const {
  const Notes& n = noted(position.configuration);
  const UniquenessState& state = position.state;
  if (n.tokens) return false;
  if (n.recording && state.recorded() != 0) return false;
  if (n.recording_next && (state.recorded() != 0 || state.writing())) return false;
  const ItemScopes& items = state.items();
  if (!items.inside()) return n.item_ends == nullptr;
  return !items.pending() && (!(n.may_end_item || n.item_ends) || items.others_exist());
}

std::vector<u32> Uniqueness::forbidden_tokens(const Position& position) {
  examine(position.configuration);
  const Tokens doubtful = noted(position.configuration).tokens, ends = noted(position.configuration).item_ends;
  const ItemScopes& items = position.state.items();
  std::vector<u32> found, pending;
  forbidden_.add_repeats(position, found);
  if (items.inside()) forbidden_.add_equal_items(position, found, pending);
  auto add_unfit = [&](const std::vector<u32>& tokens) {
    for (u32 token : tokens)
      if (!forbidden_.fits(position, token)) found.push_back(token);
  };
  if (doubtful) add_unfit(*doubtful);
  if (ends && (items.pending() || !items.others_exist())) add_unfit(*ends);
  return found;
}

}  // namespace structgen
