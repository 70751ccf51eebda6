// Budgets: the tokens after which so many more tokens can finish the text.
//
// Far from the end all tokens are. How near it must be for a look at each is known of a configuration: the most tokens
// that any token allowed there leaves to be written (farthest), from the ends of its walks, without a walk along the
// vocabulary.
//
// What a memory forbids makes completions longer than they are without one. A way out on which nothing is recorded is
// open whatever was recorded; otherwise there must be room for the longest texts that may have to be recorded instead,
// and where these could run out, so that other ways have to be gone, each token is looked at.
#include <algorithm>
#include <bit>
#include <map>
#include <tuple>
#include <unordered_set>

#include "compiled_grammar.h"

namespace structgen {

namespace {

constexpr u32 kMostLooks = 1000;                   // completions of single tokens, for a mask
constexpr u64 kFewTexts = 256, kManyTexts = 4096;  // that are looked for at least; the latter where some are excluded

}  // namespace

// Where the tokens allowed below `node` lead. What is asked for twice is looked at once.
void CompiledGrammar::destinations(u32 node, const Place& p, Destinations& found) {
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

void CompiledGrammar::destinations_of_one(u32 node, const Place& p, Destinations& found) {
  const u32 from = lexer_state(p);
  if (from != kDead)
    destinations(store_->walks.walk(node, lexer_.normal(from, store_->trie.longest())), p.parse, from, found);
  if (!p.fresh && lexer_.accepting(p.lexer)) destinations(node, begin(after(p.parse, p.lexer)), found);
}

// Of a walk with a base, where tokens that were cut would lead is found too: the bound is no longer exact.
void CompiledGrammar::destinations(const Walk::View& view, u32 parse, u32 from, Destinations& found) {
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
    found.lost = std::max(found.lost, expressions_.clipped_below(lexer_.rest(from, i), store_->trie.longest()));
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
  for (const auto& reference : walk.references)
    destinations(reference.node, begin(parse_after(reference.accept)), found);
}

// Tokens that finish the text, at most, and texts that are recorded then. The terminal that is being read is finished
// by itself: what comes behind it is the same after many tokens, and found once.
CompiledGrammar::Cost CompiledGrammar::tokens_to_finish(u32 configuration) {
  auto exact = [&]() -> Cost {
    const u32 tokens = completion_tokens({configuration, {}});
    return {tokens, infos_[configuration].completion_records, infos_[configuration].completion_items};
  };
  const Place p = place(configuration);
  if (p.fresh || dynamic_ || !spells_bytes_ || infos_[configuration].completion != Info::kUnknown) return exact();
  const std::vector<u32> terminals = state(p.parse).terminals;
  ExprId nearest = kEmpty;
  u32 least = kFar;
  for (u32 i = 0; i < lexer_.members(p.lexer); ++i) {
    const ExprId rest = lexer_.rest(p.lexer, i);
    const u32 behind = parser_.shortest(parser_.next(p.parse, {terminals[lexer_.index(p.lexer, i)]}));
    if (const u32 length = add_lengths(expressions_.shortest_length(rest), behind); length < least)
      least = length, nearest = rest;
  }
  if (least >= kFar) return exact();
  const std::string word = expressions_.shortest(nearest);
  Place q = p;
  if (!read(q, word) || (!q.fresh && !lexer_.accepting(q.lexer))) return exact();
  const u32 behind = intern(q.fresh ? q : begin(after(q.parse, q.lexer)));
  const u32 rest = completion_tokens({behind, {}});
  const u32 first = infos_[behind].completion_first;
  // The longest match must end there.
  if (rest == kNone || (!q.fresh && first != kNone && lexer_.next(q.lexer, static_cast<u8>(first)) != kDead))
    return exact();
  const auto tokens = store_->trie.segment(word);
  if (!tokens) return exact();
  return {add_lengths(static_cast<u32>(tokens->size()), rest), infos_[behind].completion_records + is_recording(p),
          infos_[behind].completion_items};
}

// The most tokens that any token allowed here leaves to be read, the end-of-text token included.
u32 CompiledGrammar::farthest(u32 configuration) {
  if (infos_[configuration].farthest == Info::kUnknown) {
    Destinations found;
    u32 most = 1;
    destinations(0, place(configuration), found);
    if (found.bytes != 0) most = spells_bytes_ && found.bytes < kFar ? found.bytes + 1 : kNone;
    u32 records = 0, items = 0;
    for (auto to = found.configurations.begin(); to != found.configurations.end() && most != kNone; ++to) {
      const Cost cost = tokens_to_finish(*to);
      most = std::max(most, cost.tokens);
      records = std::max(records, cost.records);
      items = std::max(items, cost.items);
    }
    for (const u32 to : found.behind) {
      completion_tokens({to, {}});
      records = std::max(records, infos_[to].completion_records + 1);
      items = std::max(items, infos_[to].completion_items);
    }
    if (found.lost != 0) most = spells_bytes_ && most != kNone && found.lost < kFar ? most + found.lost : kNone;
    infos_[configuration].farthest = most;
    infos_[configuration].farthest_records = records;
    infos_[configuration].farthest_items = items;
  }
  return infos_[configuration].farthest;
}

// No more bytes are in one that is new, where so many texts at most were recorded; kFar if these may run out.
u32 CompiledGrammar::longest_new_text(u64 recorded) {
  const u64 texts = std::max(kFewTexts, std::bit_ceil(2 * recorded));
  const u64 beside_excluded = std::max(kManyTexts, texts);
  if (texts > Expressions::kMany) return kFar;
  const std::size_t at = static_cast<std::size_t>(std::bit_width(texts));
  if (at >= longest_new_.size()) longest_new_.resize(at + 1, kNone);
  if (longest_new_[at] == kNone) {
    u32 longest = 0;
    for (u32 t = 0; t < terminals_.size() && longest < kFar; ++t) {
      if (effects_[t] != Record || expressions_.is_empty(terminals_[t])) continue;
      const ExprId plain = expressions_.plainer(terminals_[t]);
      const u64 looked_for = plain == terminals_[t] ? texts : beside_excluded;
      longest = std::max(longest, expressions_.longest_of(plain, static_cast<u32>(looked_for)));
    }
    longest_new_[at] = longest;
  }
  return longest_new_[at];
}

// Whether a budget is enough to finish the text after any token that is allowed, as far as that is plain to see.
bool CompiledGrammar::is_enough(const Position& position, u64 budget) {
  const u32 configuration = position.configuration;
  const u32 most = farthest(configuration);
  if (most == kNone || budget <= most) return false;
  // Items that must differ from others are longer than those that need not.
  const u64 items = infos_[configuration].farthest_items;
  const bool roomy = all_roomy_ && (!position.memory.in_items() || position.memory.items_roomy());
  if (items != 0 && !roomy) return false;
  if (has_items_ && roomy && (!spells_ascii_ || budget <= most + (items + 1) * (kRoom + 2))) return false;
  // A way out on which nothing is recorded is open whatever was recorded before.
  const u64 records = infos_[configuration].farthest_records;
  if (!records_ || records == 0) return true;
  const u32 longest = longest_new_text(position.memory.recorded() + store_->trie.longest() + records + 1);
  // Each text is spelt by itself then, which may part a token from what is before it and behind it.
  return spells_ascii_ && longest < kFar && budget > most + (items + 1) * (kRoom + 2) + records * (longest + u64{2});
}

// Whether fewer tokens than the budget finish the text.
bool CompiledGrammar::is_in_time(const Place& p, const Memory& memory, u64 budget) {
  const auto found = completion(p, memory);
  return found && found->tokens.size() + 1 < budget;
}

// Where the budget is enough for all that does not come to be equal to an item: each token that still may is looked at.
Row CompiledGrammar::without_late_items(const Position& position, const Row& all, u64 budget) {
  std::vector<u32> late;
  auto look = [&](u32 token) {
    Place p = place(position.configuration);
    Memory memory = position.memory;
    if (!read(p, memory, store_->trie.bytes(token)) || !is_alive(p, memory)) return;
    u64 tokens = kFar;
    if (memory.items_pending() && !memory.items_left()) {
      tokens = tokens_beside_items(p, memory);
    } else if (const Cost cost = tokens_to_finish(intern(p)); cost.records == 0 && spells_ascii_) {
      // An item may have to come, and that in which this one stands may have to be another.
      if (!memory.in_items() || memory.items_roomy()) tokens = cost.tokens + (cost.items + u64{1}) * (kRoom + 2);
    }
    if (tokens >= budget && !is_in_time(p, memory, budget)) late.push_back(token);
  };
  std::vector<u32> forbidden, tokens;
  find_equal_items(position, forbidden, tokens);
  if (const Tokens doubtful = infos_[position.configuration].doubtful)
    tokens.insert(tokens.end(), doubtful->begin(), doubtful->end());
  const Tokens ends = infos_[position.configuration].ends;
  if (ends && !position.memory.items_roomy()) tokens.insert(tokens.end(), ends->begin(), ends->end());
  for (u32 token : tokens) look(token);
  if (late.empty()) return all;
  auto left = std::make_shared<TokenSet>(*all);
  for (u32 token : late) left->remove(token);
  if (left->empty()) return nullptr;
  return left;
}

Row CompiledGrammar::row_within(const Position& position, u64 budget) {
  const Row all = row(position);
  const u32 configuration = position.configuration;
  if (!all || configuration == kFinished) return all;
  if (is_enough(position, budget)) {
    const Info& info = infos_[configuration];
    const bool items = position.memory.in_items() || (has_items_ && (info.doubtful || info.ends));
    return items ? without_late_items(position, all, budget) : all;
  }
  auto kept = std::make_shared<TokenSet>(store_->trie.words());
  // Down the trie, only where the row has tokens; what follows a place is asked for once.
  const Trie& trie = store_->trie;
  // A text that is being read and that nothing recorded begins with is finished as any other one there, unless that
  // makes it one of the texts that are recorded after it.
  struct Verdict {
    bool fits;
    u32 needed;
    Recorded recorded;
    std::size_t begun;  // bytes of the text when it was looked at
  };
  std::map<std::tuple<u32, u32, std::shared_ptr<const void>, std::shared_ptr<const void>>, Verdict> verdicts;
  u32 looks = 0;
  // Bytes on the way to a node. (Not asked for at every node: they lie far apart.)
  auto way = [&trie](u32 node, u32 from, u32 to) {
    return trie.bytes(trie.order()[trie.first_token(node)]).substr(from, to - from);
  };
  // `written`: bytes on the way to the node that the memory has; it has all of other texts.
  auto fits_in_time = [&](const Place& p, const Memory& memory, u32 node, u32 written) {
    const u32 depth = trie.depth(node);
    const std::tuple key{p.parse, p.fresh ? kNone : p.lexer, memory.scopes(), memory.items()};
    const bool shared = (!memory.writing() || memory.differs()) && !(memory.in_items() && memory.items_pending());
    if (const auto known = shared ? verdicts.find(key) : verdicts.end(); known != verdicts.end()) {
      const Verdict& v = known->second;
      // The item that is being read may be one of those after it: that one is another then, and somewhat longer.
      if (v.recorded.items != 0 && v.fits && v.needed + kRoom + 2 < budget) return true;
      if (v.recorded.items != 0 && v.fits) return looks++ < kMostLooks && is_in_time(p, memory, budget);
      if (!memory.writing() || v.recorded.later.empty()) return v.fits;
      const std::size_t rest = v.recorded.own.size() - v.begun;
      if (memory.length() + (depth - written) + rest > v.recorded.longest) return v.fits;
      std::string own = memory.written();
      own.append(way(node, written, depth)).append(v.recorded.own, v.begun);
      if (std::find(v.recorded.later.begin(), v.recorded.later.end(), own) == v.recorded.later.end()) return v.fits;
    }
    if (memory.in_items() && shared && memory.items_roomy() && all_roomy_ && spells_ascii_) {
      const Cost cost = tokens_to_finish(intern(p));
      if (cost.records == 0 && cost.tokens + (cost.items + u64{1}) * (kRoom + 2) < budget) return true;
    }
    // Near the end of a budget some tokens are left out rather than all looked at; the way that is known stays open,
    // below.
    if (memory.in_items() && looks++ >= kMostLooks) return false;
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
    const bool roomy = all_roomy_ && memory.items_roomy() && spells_ascii_;
    if (shared && (!memory.in_items() || recorded.items == 0 || roomy) &&
        (!memory.writing() || recorded.own.size() > recorded.longest))
      verdicts.try_emplace(key, Verdict{fits, needed, std::move(recorded), whole.length()});
    return fits;
  };
  struct Frame {
    Place place;
    u32 memory, end;
    u32 written;  // bytes on the way here that the memory has; it need not have those of a text that nothing begins
                  // with
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
    const bool in_items = memories.back().in_items();
    if (records_ && !ends && !in_items && memories.back().differs()) {
      next.written = top.written;
    } else if (records_ && (ends || in_items || (!next.place.fresh && is_recording(next.place)))) {
      Memory memory = memories.back();
      if (memory.writing() && top.written + 1 < next.written) memory.write(way(node, top.written, next.written - 1));
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
  if (looks > kMostLooks)
    if (const auto out = completion(position); out && !out->tokens.empty() && out->tokens.size() < budget)
      kept->add(out->tokens[0]);
  if (budget >= 1 && can_stop(position))
    for (u32 t : end_tokens_) kept->add(t);
  if (kept->empty()) return nullptr;
  return kept;
}

}  // namespace structgen
