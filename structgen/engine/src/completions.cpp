#include "completions.h"

#include <algorithm>
#include <utility>

#include "position_search.h"

namespace structgen {

namespace {

constexpr u32 kMostTries = 4096;  // exits from equal items, in one completion

}  // namespace

Completions::Completions(Store& store, Positions& positions, Masks& masks, const Terminals& terminals, Meter& meter)
    : store_(store),
      positions_(positions),
      configurations_(positions.configurations()),
      places_(positions.places()),
      masks_(masks),
      terminals_(terminals),
      meter_(meter) {
  for (u32 b = 0; b < 0xF5; ++b) {
    if (b == 0xC0 || b == 0xC1) continue;  // UTF-8 never has these
    const u32 node = store.trie.child(0, static_cast<u8>(b));
    const bool is_token = node != kNone && store.trie.first_token(node) != store.trie.first_token(node + 1);
    spells_bytes_ &= is_token;
    spells_ascii_ &= is_token || b < 0x20 || b > 0x7E;
  }
  known(kFinished).tokens = 1;
}

Completions::Known& Completions::known(u32 configuration) {
  if (configuration >= known_.size()) known_.resize(std::max<std::size_t>(configuration + 1, known_.size() * 2));
  return known_[configuration];
}

std::optional<Completion> Completions::find(const Position& position) {
  if (position.configuration == kFinished) return Completion{};
  return find(configurations_.place(position.configuration), position.state);
}

std::optional<Completion> Completions::find(const Place& p, const UniquenessState& state, RecordedTexts* recorded) {
  std::optional<std::vector<u32>> tokens;
  if (const auto text = shortest_text(p, state, recorded)) tokens = store_.trie.segment(*text);
  if (!tokens && !spells_bytes_) tokens = search_tokens({configurations_.intern(p), state});
  if (!tokens) return std::nullopt;
  std::string text;
  for (u32 token : *tokens)
    if (!store_.trie.is_special(token)) text += store_.trie.bytes(token);
  return Completion{std::move(text), std::move(*tokens)};
}

u32 Completions::tokens(const Position& position) {
  if (position.configuration == kFinished) return 1;
  const bool blank = position.state.recorded() == 0 && !position.state.writing() && !position.state.items().inside();
  if (blank && known(position.configuration).tokens != kUnknown) return known(position.configuration).tokens;
  RecordedTexts recorded;
  const auto found = find(configurations_.place(position.configuration), position.state, &recorded);
  const u32 tokens = found ? static_cast<u32>(found->tokens.size()) + 1 : kNone;
  if (blank) {
    const u32 first = found && !found->text.empty() ? static_cast<u8>(found->text[0]) : kNone;
    known(position.configuration) = {tokens, first, recorded.count, recorded.items};
  }
  return tokens;
}

Completions::Cost Completions::own_cost(u32 configuration) {
  if (known(configuration).tokens == kUnknown) tokens({configuration, {}});
  const Known& found = known(configuration);
  return {found.tokens, found.records, found.items};
}

Completions::Cost Completions::cost(u32 configuration) {
  const Place p = configurations_.place(configuration);
  if (p.fresh || places_.dynamic() || !spells_bytes_ || known(configuration).tokens != kUnknown)
    return own_cost(configuration);
  Lexer& lexer = store_.lexer;
  ExprId nearest = kEmpty;
  u32 least = kFar;
  for (u32 i = 0; i < lexer.members(p.lexer); ++i) {
    const ExprId rest = lexer.rest(p.lexer, i);
    const u32 parse = places_.parser().next(p.parse, {places_.terminal(p, p.lexer, i)});
    const u32 length = add_lengths(store_.languages.shortest_length(rest), places_.parser().shortest(parse));
    if (length < least) least = length, nearest = rest;
  }
  if (least >= kFar) return own_cost(configuration);
  const std::string word = store_.languages.shortest(nearest);
  Place end = p;
  if (!places_.read(end, word) || (!end.fresh && !places_.may_end(end))) return own_cost(configuration);
  const u32 after = configurations_.intern(end.fresh ? end : places_.begin(places_.after(end.parse, end.lexer)));
  const Cost rest = own_cost(after);
  const u32 first = known(after).first;
  // The longest match must end there.
  if (rest.tokens == kNone || (!end.fresh && first != kNone && lexer.next(end.lexer, static_cast<u8>(first)) != kDead))
    return own_cost(configuration);
  const auto spelt = store_.trie.segment(word);
  if (!spelt) return own_cost(configuration);
  const bool records = positions_.uniqueness() && positions_.uniqueness()->effects().is_recording(p);
  return {add_lengths(static_cast<u32>(spelt->size()), rest.tokens), rest.records + records, rest.items};
}

std::optional<std::string> Completions::shortest_text(const Place& from, const UniquenessState& state,
                                                      RecordedTexts* recorded) {
  Witness witness(store_, positions_, terminals_, meter_, from, state);
  auto text = witness.find();
  if (recorded) *recorded = witness.recorded();
  if (!text) return std::nullopt;
  Place p = from;
  UniquenessState now = state;
  if (positions_.read(p, now, *text) && positions_.stops(p, now)) return text;
  if (positions_.uniqueness() && positions_.uniqueness()->effects().has_items())
    if (auto found = text_with_distinct_items(from, state)) return found;
  auto found = search_text(from, state);
  if (found && recorded) recorded->count = static_cast<u32>(found->size());
  return found;
}

// A text that finishes this one: out of items that may be equal to earlier ones on the shortest way, and on along the
// lower bounds until another item begins. (So a completion goes on in the same way when its first bytes are read.)
std::optional<std::string> Completions::text_with_distinct_items(const Place& from, const UniquenessState& state) {
  DistinctItems& items = positions_.uniqueness()->items();
  Place p = from;
  UniquenessState now = state;
  std::string text;
  for (u32 tries = 0; tries < kMostTries; ++tries) {
    if (now.items().pending()) {
      const auto exit = items.shortest_exit(p, now);
      if (!exit || !positions_.read(p, now, *exit)) return std::nullopt;
      text += *exit;
    }
    const auto rest = Witness(store_, positions_, terminals_, meter_, p, now).find();
    if (!rest) return std::nullopt;
    std::size_t length = 0;
    while (length < rest->size() && !now.items().pending())
      if (!positions_.read(p, now, static_cast<u8>((*rest)[length++]))) return std::nullopt;
    text.append(*rest, 0, length);
    if (!now.items().pending()) return positions_.stops(p, now) ? std::optional(text) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> Completions::search_text(const Place& from, const UniquenessState& state) {
  PositionSearch<char> search({configurations_.intern(from), state});
  while (const auto at = search.next()) {
    const auto step = search[*at];
    if (positions_.can_stop(step.position)) {
      const std::vector<char> bytes = search.labels(*at);
      return std::string(bytes.begin(), bytes.end());
    }
    for (u32 b = 0; b < 256; ++b) {
      Place p = configurations_.place(step.position.configuration);
      UniquenessState now = step.position.state;
      if (!positions_.read_alive(p, now, static_cast<u8>(b))) continue;
      const u32 remaining = places_.min_remaining_bytes(p);
      if (remaining >= kFar) continue;
      search.add(*at, step.distance + 1, remaining, static_cast<char>(b), {configurations_.intern(p), std::move(now)});
    }
    meter_.spend(256);
  }
  return std::nullopt;
}

// For vocabularies that lack the bytes of a shortest text.
std::optional<std::vector<u32>> Completions::search_tokens(const Position& from) {
  PositionSearch<u32> search(from);
  while (const auto at = search.next()) {
    const auto step = search[*at];
    if (positions_.can_stop(step.position)) return search.labels(*at);
    const Row allowed = masks_.row(step.position);
    if (!allowed) continue;
    std::vector<u32> tokens;
    allowed->each([&](u32 token) { tokens.push_back(token); });
    std::sort(tokens.begin(), tokens.end());
    for (u32 token : tokens) {
      if (token >= store_.trie.tokens()) break;
      meter_.spend(1);
      auto to = positions_.advance(step.position, token);
      if (!to || to->configuration == kFinished) continue;
      const u32 distance = step.distance + static_cast<u32>(store_.trie.bytes(token).size());
      const u32 remaining = places_.min_remaining_bytes(configurations_.place(to->configuration));
      search.add(*at, distance, remaining, token, std::move(*to));
    }
    meter_.spend(store_.trie.words());
  }
  return std::nullopt;
}

std::string Completions::forced_bytes(const Position& position, std::size_t most) {
  std::string text;
  if (position.configuration == kFinished) return text;
  Place p = configurations_.place(position.configuration);
  UniquenessState state = position.state;
  while (text.size() < most && !positions_.stops(p, state)) {
    const auto byte = only_byte(p, state);
    if (!byte) break;
    text.push_back(static_cast<char>(*byte));
    meter_.spend(256);
  }
  return text;
}

// Reads the byte that must come next, if there is only one.
std::optional<u8> Completions::only_byte(Place& p, UniquenessState& state) {
  std::optional<u8> only;
  Place after;
  UniquenessState state_after;
  for (u32 b = 0; b < 256; ++b) {
    Place q = p;
    UniquenessState with_byte = state;
    if (!positions_.read_alive(q, with_byte, static_cast<u8>(b))) continue;
    if (only) return std::nullopt;
    only = static_cast<u8>(b);
    after = q;
    state_after = std::move(with_byte);
  }
  if (only) p = after, state = std::move(state_after);
  return only;
}

std::vector<u32> Completions::forced_tokens(const Position& position, std::size_t most_bytes) {
  const std::string text = forced_bytes(position, most_bytes);
  const Trie& trie = store_.trie;
  std::vector<u32> found;
  for (std::size_t at = 0; at < text.size();) {
    u32 node = 0, token = kNone;
    for (std::size_t i = at; i < text.size(); ++i) {
      node = trie.child(node, static_cast<u8>(text[i]));
      if (node == kNone) break;
      if (trie.first_token(node) != trie.first_token(node + 1)) token = trie.order()[trie.first_token(node)];
    }
    if (token == kNone) break;
    found.push_back(token);
    at += trie.bytes(token).size();
  }
  return found;
}

}  // namespace structgen
