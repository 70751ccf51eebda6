// The shortest way out: how a text can be finished, and what must come anyway.
//
// Every parse state knows a lower bound of the bytes that finish it (the shortest terminals, in the shortest order).
// A witness is built along that bound and then read back through lexer and parser. It nearly always holds, and is then a
// shortest text, since nothing is below the bound. Where the longest match gets in its way (`a` and `ab` both
// terminals), a search over configurations (A*, with the same bound) decides.
#include <algorithm>
#include <map>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "matcher.h"

namespace structgen {

namespace {

constexpr u32 kUnknown = kNone - 1;
constexpr u32 kMostSearched = 20'000;  // configurations
constexpr u64 kSparseStep = 16;        // bytes by which a text is longer than the next shorter one, where texts are few

}  // namespace

u32 Grammar::bytes_to_finish(const Place& p) {
  if (!dynamic_) return bytes_from(p);
  u32 best = kFar;
  for (const Place& one : places(p)) best = std::min(best, bytes_from(one));
  return best;
}

u32 Grammar::bytes_from(const Place& p) {
  if (p.fresh) return parser_.shortest(p.parse);
  u32 best = kFar;
  for (u32 i = 0; i < lexer_.members(p.lexer); ++i) {
    const u32 word = expressions_.shortest_length(lexer_.rest(p.lexer, i));
    const u32 parse = parser_.next(p.parse, {state(p.parse).terminals[lexer_.index(p.lexer, i)]});
    best = std::min(best, add_lengths(word, parser_.shortest(parse)));
  }
  return best;
}

std::optional<std::string> Grammar::shortest_text(const Place& from, const Memory& memory, Recorded* recorded) {
  const std::vector<Place> all = places(from);
  std::vector<u32> left;
  for (const Place& one : all) left.push_back(bytes_from(one));
  Place p = all[static_cast<std::size_t>(std::min_element(left.begin(), left.end()) - left.begin())];
  Memory now = memory;
  int depth = 0;          // of scopes, beside that in which it begins
  bool outside = false;   // that one is closed
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
          word = std::min(word, add_lengths(1, expressions_.shortest_length(expressions_.derive(rest, static_cast<u8>(b)))));
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
      const bool records = effects_[way.terminal] == Record;
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
    text += word;
    meter_.spend(word.size() + 1);
    if (records_) {
      if (state(p.parse).records) now.write(word);
      if (recorded && effects_[taken->terminal] == Record) ++recorded->count;
      if (recorded && effects_[taken->terminal] == Record && !p.fresh)
        recorded->own = now.written();
      else if (recorded && effects_[taken->terminal] == Record && depth == 0 && !outside)
        recorded->later.push_back(word), recorded->longest = std::max(recorded->longest, word.size());
      if (effects_[taken->terminal] == Record)
        now.record();
      else
        now.drop();
      if (effects_[taken->terminal] == Open) now.open(), ++depth, fresh_texts.clear();
      if (effects_[taken->terminal] == Close) now.close(), outside |= --depth < 0, fresh_texts.clear();
    }
    p = {taken->parse, kDead, true};
  }
  Place check = from;
  now = memory;
  if (read(check, now, text) && stops(check, now)) return text;
  auto found = search_text(from, memory);
  if (found && recorded) recorded->count = static_cast<u32>(found->size());
  return found;
}

std::optional<std::string> Grammar::search_text(const Place& from, const Memory& memory) {
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
std::optional<std::vector<u32>> Grammar::search_tokens(const Position& from) {
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

std::optional<Completion> Grammar::completion(const Position& position) {
  if (position.configuration == kFinished) return Completion{};
  return completion(place(position.configuration), position.memory);
}

std::optional<Completion> Grammar::completion(const Place& p, const Memory& memory, Recorded* recorded) {
  std::optional<std::vector<u32>> tokens;
  if (const auto text = shortest_text(p, memory, recorded)) tokens = store_->trie.segment(*text);
  if (!tokens && !spells_bytes_) tokens = search_tokens({intern(p), memory});
  if (!tokens) return std::nullopt;
  std::string text;
  for (u32 token : *tokens)
    if (!store_->trie.is_special(token)) text += store_->trie.bytes(token);
  return Completion{std::move(text), std::move(*tokens)};
}

u32 Grammar::completion_tokens(const Position& position) {
  if (position.configuration == kFinished) return 1;
  const bool plain = position.memory.recorded() == 0 && !position.memory.writing();
  if (plain && infos_[position.configuration].completion != kUnknown) return infos_[position.configuration].completion;
  Recorded recorded;
  const auto found = completion(place(position.configuration), position.memory, &recorded);
  const u32 tokens = found ? static_cast<u32>(found->tokens.size()) + 1 : kNone;
  if (plain) {
    infos_[position.configuration].completion = tokens;
    infos_[position.configuration].completion_records = recorded.count;
  }
  return tokens;
}

// Where the tokens allowed below `node` lead. What is asked for twice is looked at once.
void Grammar::destinations(u32 node, const Place& p, Destinations& found) {
  if (p.fresh && !found.seen.insert(pair_key(node, p.parse)).second) return;
  const Depth guard(depth_);
  if (!dynamic_) return destinations_of_one(node, p, found);
  for (const Place& one : places(p)) {
    if (!one.fresh) {
      destinations_of_one(node, one, found);
      continue;
    }
    const std::vector<u32> singles = state(one.parse).singles;
    for (u32 single : singles)
      destinations(store_->walks.walk(node, lexer_.normal(single, store_->trie.longest())), one.parse, single, found);
  }
}

void Grammar::destinations_of_one(u32 node, const Place& p, Destinations& found) {
  const u32 from = lexer_state(p);
  if (from != kDead)
    destinations(store_->walks.walk(node, lexer_.normal(from, store_->trie.longest())), p.parse, from, found);
  if (!p.fresh && lexer_.accepting(p.lexer)) destinations(node, begin(after(p.parse, p.lexer)), found);
}

// Of a walk with a base, where tokens that were cut would lead is found too: the bound is no longer exact.
void Grammar::destinations(const Walk::View& view, u32 parse, u32 from, Destinations& found) {
  const Walk& walk = *view.walk;
  const std::vector<u32> members = lexer_.indices(from);
  if (walk.base.walk != nullptr) destinations(walk.base, parse, lexer_.renumbered(walk.base_state, members), found);
  if (walk.counted && (!walk.by_count.empty() || !walk.tail.empty())) {
    const u32 word = add_lengths(walk.farthest, expressions_.shortest_length(lexer_.rest(from, 0)));
    const u32 parse_behind = parser_.next(parse, {state(parse).terminals[members[0]]});
    found.bytes = std::max(found.bytes, add_lengths(word, parser_.shortest(parse_behind)));
    if (records_) found.behind.insert(intern(begin(parse_behind)));
  }
  // A walk begins in the state without counts that no token reaches, and what is left to count is lost in its ends.
  for (u32 i = 0; i < members.size() && !walk.counted; ++i)
    if (expressions_.is_clipped_below(lexer_.rest(from, i), store_->trie.longest())) found.bytes = kFar;
  meter_.spend(walk.ends.size() + members.size() + 1);
  for (u32 end : walk.ends) found.configurations.insert(intern(alone({parse, lexer_.renumbered(end, members), false})));
  auto parse_after = [&](u32 accept) {
    std::vector<u32> indices;
    for (u32 member : store_->walks.accept_set(accept)) indices.push_back(members[member]);
    return after(parse, indices);
  };
  for (const auto& exit : walk.exits) {
    const Residual& r = store_->walks.residual(exit.residual);
    const Place start = begin(parse_after(exit.accept));
    if (r.first[0] != r.first[1]) found.configurations.insert(intern(start));
    std::vector<std::pair<Place, u32>> stack{{start, r.end[0]}};
    for (u32 n = 1; n < r.end[0];) {
      while (n >= stack.back().second) stack.pop_back();
      Place q = stack.back().first;
      meter_.spend(1);
      if (!read(q, r.byte[n])) {
        n = r.end[n];
        continue;
      }
      if (r.first[n] != r.first[n + 1]) found.configurations.insert(intern(q));
      stack.push_back({q, r.end[n]});
      ++n;
    }
  }
  for (const auto& reference : walk.references) destinations(reference.node, begin(parse_after(reference.accept)), found);
}

// The most tokens that any token allowed here leaves to be read, the end-of-text token included.
u32 Grammar::farthest(u32 configuration) {
  if (infos_[configuration].farthest == kUnknown) {
    Destinations found;
    u32 most = 1;
    destinations(0, place(configuration), found);
    if (found.bytes != 0) most = spells_bytes_ && found.bytes < kFar ? found.bytes + 1 : kNone;
    u32 records = 0;
    auto add = [&](u32 to, u32 own) {
      if (const u32 tokens = completion_tokens({to, {}}); own == 0) most = std::max(most, tokens);
      records = std::max(records, infos_[to].completion_records + own);
    };
    for (auto to = found.configurations.begin(); to != found.configurations.end() && most != kNone; ++to) add(*to, 0);
    for (const u32 to : found.behind) add(to, 1);
    infos_[configuration].farthest = most;
    infos_[configuration].farthest_records = records;
  }
  return infos_[configuration].farthest;
}

// The most bytes of a text that is recorded; kFar if there is no bound.
u32 Grammar::longest_record() {
  u32 longest = 0;
  for (u32 t = 0; t < terminals_.size(); ++t)
    if (effects_[t] == Record) longest = std::max(longest, expressions_.longest(terminals_[t]));
  return longest;
}

// Whether a budget is enough to finish the text after any token that is allowed, as far as that is plain to see.
bool Grammar::is_enough(const Position& position, u64 budget) {
  const u32 configuration = position.configuration;
  // Far from the end: no token leads to where ten times as much is left to read.
  const u64 near = bytes_to_finish(place(configuration));
  const u64 before = position.memory.recorded() + position.memory.writing(), texts = before + store_->trie.longest();
  if (budget > 10 * near + 2048 + (!records_ ? 0 : is_dense() ? texts : (near + 1) * texts)) return true;
  const u32 most = farthest(configuration);
  if (most == kNone || budget <= most) return false;
  // A way out on which nothing is recorded is open whatever was recorded before.
  const u64 records = infos_[configuration].farthest_records;
  if (!records_ || records == 0) return true;
  // Where short texts are many, each that is recorded makes one that is still to come at most two bytes longer.
  if (is_dense()) return texts < 2048 && budget > most + 4 * records + 16;
  const u64 longer = std::min<u64>(longest_record(), kSparseStep * (before + 1));
  return budget > 10 * u64{most} + 64 + (records + 1) * longer;
}

Row Grammar::row_within(const Position& position, u64 budget) {
  const Row all = row(position);
  const u32 configuration = position.configuration;
  if (!all || configuration == kFinished) return all;
  if (is_enough(position, budget)) return all;
  auto kept = std::make_shared<TokenSet>(store_->trie.words());
  // Down the trie, only where the row has tokens; what follows a place is asked for once.
  const Trie& trie = store_->trie;
  // A text that is being read and that nothing recorded begins with is finished as any other one there, unless that
  // makes it one of the texts that are recorded after it.
  struct Verdict {
    bool fits;
    Recorded recorded;
    std::size_t begun;  // bytes of the text when it was looked at
  };
  std::map<std::tuple<u32, u32, std::shared_ptr<const void>>, Verdict> verdicts;
  // Bytes on the way to a node. (Not asked for at every node: they lie far apart.)
  auto way = [&trie](u32 node, u32 from, u32 to) {
    return trie.bytes(trie.order()[trie.first_token(node)]).substr(from, to - from);
  };
  // `written`: bytes on the way to the node that the memory has; it has all of other texts.
  auto fits_in_time = [&](const Place& p, const Memory& memory, u32 node, u32 written) {
    const u32 depth = trie.depth(node);
    const std::tuple key{p.parse, p.fresh ? kNone : p.lexer, memory.scopes()};
    const bool shared = !memory.writing() || memory.differs();
    if (const auto known = shared ? verdicts.find(key) : verdicts.end(); known != verdicts.end()) {
      const Verdict& v = known->second;
      if (!memory.writing() || v.recorded.later.empty()) return v.fits;
      const std::size_t rest = v.recorded.own.size() - v.begun;
      if (memory.length() + (depth - written) + rest > v.recorded.longest) return v.fits;
      std::string own = memory.written();
      own.append(way(node, written, depth)).append(v.recorded.own, v.begun);
      if (std::find(v.recorded.later.begin(), v.recorded.later.end(), own) == v.recorded.later.end()) return v.fits;
    }
    Recorded recorded;
    u32 needed = kNone;
    Memory whole = memory;
    if (written < depth) whole.write(way(node, written, depth));
    if (!records_)
      needed = completion_tokens({intern(p), {}});
    else if (const auto found = completion(p, whole, &recorded))
      needed = static_cast<u32>(found->tokens.size()) + 1;
    const bool fits = needed != kNone && needed < budget;
    // What is longer than all that comes after it takes none of these away.
    if (shared && (!memory.writing() || recorded.own.size() > recorded.longest))
      verdicts.try_emplace(key, Verdict{fits, std::move(recorded), whole.length()});
    return fits;
  };
  struct Frame {
    Place place;
    u32 memory, end;
    u32 written;  // bytes on the way here that the memory has; it need not have those of a text that nothing begins with
  };
  std::vector<Memory> memories{position.memory};  // of the frames; most have that of the one before
  std::vector<Frame> stack{{place(configuration), 0, trie.end(0), 0}};
  for (u32 node = 1; node < trie.end(0);) {
    while (node >= stack.back().end) stack.pop_back();
    const Frame top = stack.back();
    memories.resize(top.memory + 1);
    Frame next{top.place, top.memory, trie.end(node), trie.depth(node)};
    bool ends = false;
    if (!read(next.place, trie.byte(node), [&](u32, u32, bool) { ends = true; })) {
      node = trie.end(node);
      continue;
    }
    if (records_ && !ends && memories.back().differs()) {
      next.written = top.written;
    } else if (records_ && (ends || (!next.place.fresh && is_recording(next.place)))) {
      Memory memory = memories.back();
      if (memory.writing() && top.written + 1 < next.written)
        memory.write(way(node, top.written, next.written - 1));
      next.place = top.place;
      if (!read(next.place, memory, trie.byte(node)) || !is_alive(next.place, memory)) {
        node = trie.end(node);
        continue;
      }
      memories.push_back(std::move(memory));
      next.memory = top.memory + 1;
    }
    if (trie.first_token(node) != trie.first_token(node + 1) &&
        fits_in_time(next.place, memories.back(), node, next.written))
      for (u32 i = trie.first_token(node); i < trie.first_token(node + 1); ++i) kept->add(trie.order()[i]);
    stack.push_back(next);
    ++node;
  }
  meter_.spend(trie.nodes());
  if (budget >= 1 && can_stop(position))
    for (u32 t : end_tokens_) kept->add(t);
  if (kept->empty()) return nullptr;
  return kept;
}

std::string Grammar::forced_bytes(const Position& position, std::size_t most) {
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

std::vector<u32> Grammar::forced_tokens(const Position& position, std::size_t most_bytes) {
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
