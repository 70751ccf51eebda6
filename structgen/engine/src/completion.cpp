// The shortest way out: how a text can be finished, and what must come anyway. (What a number of tokens is enough for:
// budget.cpp.)
//
// Every parse state knows a lower bound of the bytes that finish it (the shortest terminals, in the shortest order).
// A witness is built along that bound and then read back through lexer and parser. It nearly always holds, and is then
// a shortest text, since nothing is below the bound. Where the longest match gets in its way (`a` and `ab` both
// terminals), a search over configurations (A*, with the same bound) decides.
#include <algorithm>
#include <queue>
#include <unordered_map>

#include "compiled_grammar.h"

namespace structgen {

namespace {

constexpr u32 kMostSearched = 20'000;  // configurations
constexpr u32 kMostDetours = 256;      // terminals that bring the end no nearer

}  // namespace

u32 CompiledGrammar::bytes_to_finish(const Place& p) {
  if (!dynamic_) return bytes_from(p);
  u32 best = kFar;
  for (const Place& one : places(p)) best = std::min(best, bytes_from(one));
  return best;
}

u32 CompiledGrammar::bytes_from(const Place& p) {
  if (p.fresh) return parser_.shortest(p.parse);
  u32 best = kFar;
  for (u32 i = 0; i < lexer_.members(p.lexer); ++i) {
    const u32 word = expressions_.shortest_length(lexer_.rest(p.lexer, i));
    const u32 parse = parser_.next(p.parse, {state(p.parse).terminals[lexer_.index(p.lexer, i)]});
    best = std::min(best, add_lengths(word, parser_.shortest(parse)));
  }
  return best;
}

std::optional<std::string> CompiledGrammar::shortest_text(const Place& from, const Memory& memory, Recorded* recorded) {
  const auto text = witness(from, memory, recorded);
  if (!text) return std::nullopt;
  Place p = from;
  Memory now = memory;
  if (read(p, now, *text) && stops(p, now)) return text;
  if (has_items_)
    if (auto found = text_beside_items(from, memory)) return found;
  auto found = search_text(from, memory);
  if (found && recorded) recorded->count = static_cast<u32>(found->size());
  return found;
}

// Along the lower bounds, beside the texts that are recorded; what the longest match and items that must differ make of
// it is for the caller to see.
std::optional<std::string> CompiledGrammar::witness(const Place& from, const Memory& memory, Recorded* recorded) {
  const std::vector<Place> all = places(from);
  std::vector<u32> left;
  for (const Place& one : all) left.push_back(bytes_from(one));
  Place p = all[static_cast<std::size_t>(std::min_element(left.begin(), left.end()) - left.begin())];
  Memory now = memory;
  int depth = 0;         // of scopes, beside that in which it begins
  bool outside = false;  // that one is closed
  u32 detours = 0;
  std::string text;
  struct Way {
    u32 total, terminal, parse;
    ExprId rest;
  };
  std::vector<Way> ways;
  std::unordered_map<ExprId, NewTexts> fresh_texts;  // of the scope
  while (!(p.fresh && parser_.accepts(p.parse))) {
    const u32 lexer = lexer_state(p);
    const std::vector<u32> terminals = state(p.parse).terminals;
    ways.clear();
    for (u32 i = 0; i < lexer_.members(lexer); ++i) {
      const ExprId rest = lexer_.rest(lexer, i);
      u32 word = expressions_.shortest_length(rest);
      if (p.fresh && word == 0) {
        word = kFar;
        for (u32 b = 0; b < 256; b = expressions_.interval(rest, static_cast<u8>(b)).second + 1u)
          word = std::min(word,
                          add_lengths(1, expressions_.shortest_length(expressions_.derive(rest, static_cast<u8>(b)))));
      }
      const u32 terminal = terminals[lexer_.index(lexer, i)];
      const u32 parse = parser_.next(p.parse, {terminal});
      ways.push_back({add_lengths(word, parser_.shortest(parse)), terminal, parse, rest});
    }
    std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.total < b.total; });
    const Way* taken = nullptr;
    std::string word;
    for (const Way& way : ways) {
      if (way.total >= kFar) break;
      const bool records = (effects_[way.terminal] & Record) != 0;
      if (records || (p.fresh && expressions_.nullable(way.rest))) {
        NewTexts own(expressions_, meter_, way.rest, p.fresh ? "" : now.written());
        const auto known = p.fresh && records ? fresh_texts.try_emplace(way.rest, own).first : fresh_texts.end();
        NewTexts& texts = known == fresh_texts.end() ? own : known->second;
        const auto found = texts.next(records ? now.texts() : TextsPtr());
        if (!found) continue;
        word = *found;
      } else {
        word = expressions_.shortest(way.rest);
      }
      taken = &way;
      break;
    }
    if (taken == nullptr) return std::nullopt;
    // Where a text that must come was recorded already, others may come for ever.
    if (parser_.shortest(taken->parse) >= parser_.shortest(p.parse) && ++detours > kMostDetours) return std::nullopt;
    text += word;
    meter_.spend(word.size() + 1);
    if (records_) {
      if (state(p.parse).records) now.write(word);
      const u8 effect = effects_[taken->terminal];
      if (recorded && (effect & Record)) ++recorded->count;
      if (recorded && effect == Item) ++recorded->items;
      if (recorded && (effect & Record) && !p.fresh)
        recorded->own = now.written();
      else if (recorded && (effect & Record) && depth == 0 && !outside)
        recorded->later.push_back(word), recorded->longest = std::max(recorded->longest, word.size());
      if (effect & Record)
        now.record();
      else
        now.drop();
      if (effect & Open) now.open(), ++depth, fresh_texts.clear();
      if (effect & Close) now.close(), outside |= --depth < 0, fresh_texts.clear();
    }
    p = {taken->parse, kDead, true};
  }
  return text;
}

std::optional<std::string> CompiledGrammar::search_text(const Place& from, const Memory& memory) {
  struct Step {
    u32 parent, configuration, distance;
    u8 byte;
    Memory memory;
  };
  std::vector<Step> steps{{kNone, intern(from), 0, 0, memory}};
  using Entry = std::pair<u32, u32>;  // estimate, step
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  std::unordered_map<u32, u32> best{{steps[0].configuration, 0}};
  queue.push({bytes_to_finish(from), 0});
  for (u32 searched = 0; !queue.empty() && searched < kMostSearched; ++searched) {
    const u32 at = queue.top().second;
    queue.pop();
    const Step step = steps[at];
    if (best[step.configuration] < step.distance) continue;
    if (can_stop(Position{step.configuration, step.memory})) {
      std::string text;
      for (u32 i = at; steps[i].parent != kNone; i = steps[i].parent) text.push_back(static_cast<char>(steps[i].byte));
      std::reverse(text.begin(), text.end());
      return text;
    }
    for (u32 b = 0; b < 256; ++b) {
      Place p = place(step.configuration);
      Memory now = step.memory;
      if (!read(p, now, static_cast<u8>(b)) || !is_alive(p, now)) continue;
      const u32 left = bytes_to_finish(p);
      if (left >= kFar) continue;
      const u32 to = intern(p);
      const auto [known, added] = best.emplace(to, step.distance + 1);
      if (!added && known->second <= step.distance + 1) continue;
      known->second = step.distance + 1;
      queue.push({add_lengths(step.distance + 1, left), static_cast<u32>(steps.size())});
      steps.push_back({at, to, step.distance + 1, static_cast<u8>(b), std::move(now)});
    }
    meter_.spend(256);
  }
  return std::nullopt;
}

// Where the vocabulary lacks the bytes of a shortest text: a search over tokens, with the same bound.
std::optional<std::vector<u32>> CompiledGrammar::search_tokens(const Position& from) {
  struct Step {
    u32 parent, distance, token;
    Position position;
  };
  std::vector<Step> steps{{kNone, 0, kNone, from}};
  using Entry = std::pair<u32, u32>;  // estimate, step
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  std::unordered_map<u32, u32> best{{from.configuration, 0}};
  queue.push({0, 0});
  for (u32 searched = 0; !queue.empty() && searched < kMostSearched; ++searched) {
    const u32 at = queue.top().second;
    queue.pop();
    const Step step = steps[at];
    if (best[step.position.configuration] < step.distance) continue;
    if (can_stop(step.position)) {
      std::vector<u32> tokens;
      for (u32 i = at; steps[i].parent != kNone; i = steps[i].parent) tokens.push_back(steps[i].token);
      std::reverse(tokens.begin(), tokens.end());
      return tokens;
    }
    const Row allowed = row(step.position);
    if (!allowed) continue;
    std::vector<u32> words(store_->trie.words());
    allowed->store(words.data());
    for (u32 token = 0; token < store_->trie.tokens(); ++token) {
      if (!((words[token >> 5] >> (token & 31)) & 1)) continue;
      meter_.spend(1);
      auto to = advance(step.position, token);
      if (!to || to->configuration == kFinished) continue;
      const u32 distance = step.distance + static_cast<u32>(store_->trie.bytes(token).size());
      const auto [known, added] = best.emplace(to->configuration, distance);
      if (!added && known->second <= distance) continue;
      known->second = distance;
      queue.push({add_lengths(distance, bytes_to_finish(place(to->configuration))), static_cast<u32>(steps.size())});
      steps.push_back({at, distance, token, std::move(*to)});
    }
    meter_.spend(words.size());
  }
  return std::nullopt;
}

std::optional<Completion> CompiledGrammar::completion(const Position& position) {
  if (position.configuration == kFinished) return Completion{};
  return completion(place(position.configuration), position.memory);
}

std::optional<Completion> CompiledGrammar::completion(const Place& p, const Memory& memory, Recorded* recorded) {
  std::optional<std::vector<u32>> tokens;
  if (const auto text = shortest_text(p, memory, recorded)) tokens = store_->trie.segment(*text);
  if (!tokens && !spells_bytes_) tokens = search_tokens({intern(p), memory});
  if (!tokens) return std::nullopt;
  std::string text;
  for (u32 token : *tokens)
    if (!store_->trie.is_special(token)) text += store_->trie.bytes(token);
  return Completion{std::move(text), std::move(*tokens)};
}

u32 CompiledGrammar::completion_tokens(const Position& position) {
  if (position.configuration == kFinished) return 1;
  const bool plain = position.memory.recorded() == 0 && !position.memory.writing() && !position.memory.in_items();
  if (plain && infos_[position.configuration].completion != Info::kUnknown)
    return infos_[position.configuration].completion;
  Recorded recorded;
  const auto found = completion(place(position.configuration), position.memory, &recorded);
  const u32 tokens = found ? static_cast<u32>(found->tokens.size()) + 1 : kNone;
  if (plain) {
    infos_[position.configuration].completion = tokens;
    infos_[position.configuration].completion_records = recorded.count;
    infos_[position.configuration].completion_items = recorded.items;
    infos_[position.configuration].completion_first =
        found && !found->text.empty() ? static_cast<u8>(found->text[0]) : kNone;
  }
  return tokens;
}

std::string CompiledGrammar::forced_bytes(const Position& position, std::size_t most) {
  std::string text;
  if (position.configuration == kFinished) return text;
  Place p = place(position.configuration);
  Memory memory = position.memory;
  while (text.size() < most && !stops(p, memory)) {
    Place only{};
    Memory with_only;
    u32 ways = 0, byte = 0;
    for (u32 b = 0; b < 256 && ways < 2; ++b) {
      Place q = p;
      Memory with_byte = memory;
      if (read(q, with_byte, static_cast<u8>(b)) && is_alive(q, with_byte))
        only = q, with_only = std::move(with_byte), byte = b, ++ways;
    }
    if (ways != 1) break;
    text.push_back(static_cast<char>(byte));
    p = only;
    memory = std::move(with_only);
    meter_.spend(256);
  }
  return text;
}

std::vector<u32> CompiledGrammar::forced_tokens(const Position& position, std::size_t most_bytes) {
  const std::string text = forced_bytes(position, most_bytes);
  const Trie& trie = store_->trie;
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
