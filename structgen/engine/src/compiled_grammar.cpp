#include "compiled_grammar.h"

#include <algorithm>

namespace structgen {

namespace {

std::vector<u32> terminal_lengths(Store& store, Meter& meter, const std::vector<ExprId>& terminals) {
  const Spending spending(store, meter);
  std::vector<u32> lengths;
  for (ExprId e : terminals) {
    u32 length = store.expressions.shortest_length(e);
    if (length == 0) {  // terminals are never empty: the shortest text but that one
      length = kFar;
      for (u32 b = 0; b < 256; b = store.expressions.interval(e, static_cast<u8>(b)).second + 1u) {
        const u32 rest = store.expressions.shortest_length(store.expressions.derive(e, static_cast<u8>(b)));
        length = std::min(length, std::min(kFar, rest + 1));
      }
    }
    lengths.push_back(length);
  }
  return lengths;
}

Parser::Source with_lengths(Parser::Source source, std::vector<u32> lengths) {
  source.terminal_lengths = std::move(lengths);
  return source;
}

}  // namespace

CompiledGrammar::CompiledGrammar(std::shared_ptr<Store> store, Source source)
    : store_(std::move(store)),
      meter_{source.limits},
      lexer_(store_->lexer),
      expressions_(store_->expressions),
      terminals_(std::move(source.terminals)),
      priorities_(std::move(source.priorities)),
      guards_(std::move(source.guards)),
      effects_(std::move(source.effects)),
      end_tokens_(std::move(source.end_tokens)),
      dynamic_(source.dynamic),
      parser_(with_lengths(std::move(source.rules), terminal_lengths(*store_, meter_, terminals_)),
              store_->trie.longest(), meter_) {
  for (u8 effect : effects_)
    records_ |= (effect & (Record | Items)) != 0, has_items_ |= (effect & Items) != 0,
        all_roomy_ &= (effect & (Items | Roomy)) != Items;
  for (u32 b = 0; b < 0xF5; ++b)
    if (b != 0xC0 && b != 0xC1) {
      const u32 node = store_->trie.child(0, static_cast<u8>(b));
      const bool is_token = node != kNone && store_->trie.first_token(node) != store_->trie.first_token(node + 1);
      spells_bytes_ &= is_token;
      spells_ascii_ &= is_token || b < 0x20 || b > 0x7E;
    }
  const u32 finished[] = {kNone, kNone};
  configurations_.intern(finished, 2);
  infos_.push_back({});
  infos_[kFinished].canonical = kFinished;
  infos_[kFinished].stop = 1;
  infos_[kFinished].completion = 1;
  initial_ = intern(begin(parser_.start()));
}

u32 CompiledGrammar::intern(const Place& p) {
  const u32 key[] = {p.parse, p.fresh ? kNone : p.lexer};
  if (const u32 known = configurations_.find(key, 2); known != kNone) return known;
  meter_.states(infos_.size() + 1);
  Info info;
  info.parse = p.parse;
  info.lexer = p.fresh ? kDead : p.lexer;
  info.fresh = p.fresh;
  infos_.push_back(std::move(info));
  published_.store(infos_.size(), std::memory_order_release);
  return configurations_.intern(key, 2);
}

const CompiledGrammar::State& CompiledGrammar::state(u32 parse) {
  if (parse >= states_.size()) states_.resize(std::max<std::size_t>(parse + 1, states_.size() * 2));
  State& s = states_[parse];
  if (!s.ready) {
    std::vector<u32> found;
    for (u32 t : parser_.terminals(parse)) found.push_back(t);
    std::stable_sort(found.begin(), found.end(), [this](u32 a, u32 b) { return terminals_[a] < terminals_[b]; });
    std::vector<ExprId> parts, guards;
    std::vector<u32> singles;
    for (u32 t : found) {
      s.records |= (effects_[t] & Record) != 0;
      s.ends_item |= (effects_[t] & Item) != 0;
      const std::vector<ExprId> guard(guards_[t] != kEmpty, guards_[t]);
      if (dynamic_)
        singles.push_back(lexer_.renumbered(lexer_.state({terminals_[t]}, guard), {static_cast<u32>(parts.size())}));
      parts.push_back(terminals_[t]);
      if (!guard.empty() && std::find(guards.begin(), guards.end(), guard[0]) == guards.end())
        guards.push_back(guard[0]);
    }
    std::sort(guards.begin(), guards.end());
    s.lexer = lexer_.state(parts, guards);
    s.terminals = std::move(found);
    s.singles = std::move(singles);
    s.ready = true;
  }
  return s;
}

std::vector<u32> CompiledGrammar::accepting(u32 lexer) const {
  std::vector<u32> indices;
  for (u32 i = 0; i < lexer_.members(lexer); ++i)
    if (expressions_.nullable(lexer_.rest(lexer, i))) indices.push_back(lexer_.index(lexer, i));
  return indices;
}

std::vector<u32> CompiledGrammar::handed(u32 parse, const std::vector<u32>& indices) {
  std::vector<u32> found;
  int best = INT32_MIN;
  const State& s = state(parse);
  for (u32 i : indices) best = std::max(best, priorities_[s.terminals[i]]);
  for (u32 i : indices)
    if (priorities_[s.terminals[i]] == best) found.push_back(s.terminals[i]);
  std::sort(found.begin(), found.end());
  return found;
}

// The parse state after the terminals at these indices of the lexer state's tuple have been read.
u32 CompiledGrammar::after(u32 parse, const std::vector<u32>& indices) {
  return parser_.next(parse, handed(parse, indices));
}

u32 CompiledGrammar::after(u32 parse, u32 lexer) {
  const u64 key = pair_key(parse, lexer);
  u32 found = after_.find(key);
  if (found == kNone) {
    found = after(parse, accepting(lexer));
    after_.put(key, found);
  }
  return found;
}

bool CompiledGrammar::read(Place& p, std::string_view bytes) {
  if (!p.fresh && bytes.size() > 1)
    if (const auto next = store_->walks.read_counted(p.lexer, bytes)) {
      p.lexer = *next;
      return true;
    }
  for (char c : bytes)
    if (!read(p, static_cast<u8>(c))) return false;
  return true;
}

bool CompiledGrammar::stops(const Place& p) {
  if (dynamic_) {
    const std::vector<Place> all = places(p);
    return std::any_of(all.begin(), all.end(), [this](const Place& one) {
      if (one.fresh) return parser_.accepts(one.parse);
      return lexer_.accepting(one.lexer) && parser_.accepts(after(one.parse, one.lexer));
    });
  }
  if (p.fresh) return parser_.accepts(p.parse);
  return lexer_.accepting(p.lexer) && parser_.accepts(after(p.parse, p.lexer));
}

bool CompiledGrammar::can_stop(u32 configuration) {
  if (infos_[configuration].stop == 2) {
    const bool found = stops(place(configuration));
    infos_[configuration].stop = found;
  }
  return infos_[configuration].stop == 1;
}

u32 CompiledGrammar::advance(u32 configuration, u32 token) {
  const u64 key = pair_key(configuration, token);
  const u32 known = advances_.find(key);
  if (known != kNone) return known;
  u32 found = kNone;
  if (std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end()) {
    if (can_stop(configuration)) found = kFinished;
  } else if (configuration != kFinished && token < store_->trie.tokens() && !store_->trie.bytes(token).empty()) {
    Place p = place(configuration);
    if (read(p, store_->trie.bytes(token))) found = intern(p);
  }
  if (found != kNone) {
    if (advances_.size() > 4'000'000) advances_.clear();
    advances_.put(key, found);
  }
  return found;
}

u32 CompiledGrammar::canonical(u32 configuration) {
  if (infos_[configuration].canonical == kNone) {
    std::vector<Place> wide = places(place(configuration));
    for (Place& p : wide) {
      p.parse = parser_.canonical(p.parse);
      if (!p.fresh) p.lexer = lexer_.clipped(p.lexer, store_->trie.longest());
    }
    const u32 found = intern(dynamic_ ? together(std::move(wide)) : wide[0]);
    infos_[configuration].canonical = found;
    infos_[found].canonical = found;
  }
  return infos_[configuration].canonical;
}

void CompiledGrammar::forget_masks() {
  for (Info& info : infos_) info.row.reset(), info.doubtful.reset(), info.ends.reset();
  asked_.clear();
  asked_bytes_ = 0;
  subtree_memo_.clear();
  subtrees_.clear();
  through_memo_.clear();
  throughs_.clear();
  row_bytes_ = 0;
}

// Whether the terminal that is being read may end, and the next one be recorded.
bool CompiledGrammar::may_record_next(const Place& p) {
  return !p.fresh && lexer_.accepting(p.lexer) && state(after(p.parse, p.lexer)).records;
}

const Row& CompiledGrammar::row(u32 configuration) {
  if (infos_[configuration].row) return infos_[configuration].row;
  if (row_bytes_ > meter_.limits.row_bytes) forget_masks();
  const u32 wide = canonical(configuration);
  if (!infos_[wide].row) {
    Mask mask_of{TokenSet(store_->trie.words()), {}, {}, {}, {}};
    if (wide != kFinished && infos_[wide].fresh && !dynamic_) {
      const Mask& known = subtree(0, infos_[wide].parse);
      mask_of.tokens = known.tokens;
      mask_of.doubtful = known.doubtful;
      mask_of.ends = known.ends;
    } else if (wide != kFinished) {
      mask(0, place(wide), mask_of);
    }
    if (can_stop(wide))
      for (u32 t : end_tokens_) mask_of.tokens.add(t);
    auto made = std::make_shared<TokenSet>(std::move(mask_of.tokens));
    made->shrink();
    if (made->empty()) {
      static const Row none;
      return none;
    }
    if (!mask_of.doubtful.empty())
      infos_[wide].doubtful = std::make_shared<const std::vector<u32>>(std::move(mask_of.doubtful));
    if (!mask_of.ends.empty()) infos_[wide].ends = std::make_shared<const std::vector<u32>>(std::move(mask_of.ends));
    row_bytes_ += made->bytes();
    ++rows_;
    infos_[wide].row = std::move(made);
  }
  infos_[configuration].row = infos_[wide].row;
  infos_[configuration].doubtful = infos_[wide].doubtful;
  infos_[configuration].ends = infos_[wide].ends;
  if (records_ && configuration != kFinished) {
    const bool here = is_recording(place(configuration)), next = may_record_next(place(configuration));
    infos_[configuration].recording = here;
    infos_[configuration].recording_next = next;
    infos_[configuration].ends_item = ends_item(place(configuration));
  }
  return infos_[configuration].row;
}

// What a walk of the lexer state `from` found, with what follows it in the parse state. `fresh`: a terminal begins
// there.
void CompiledGrammar::add_walk(const Walk::View& view, u32 parse, u32 from, bool fresh, Mask& out) {
  const Walk& walk = *view.walk;
  if (walk.base.walk != nullptr) {
    add_walk(walk.base, parse, lexer_.renumbered(walk.base_state, lexer_.indices(from)), fresh, out);
    store_->walks.remove_subtrees(out.tokens, walk.cut);
  }
  const bool begins = fresh && records_ && (state(parse).records || state(parse).ends_item);
  add_own(view, parse, from, begins, out);
  u32 accept = kNone, next = kNone;
  for (const auto& reference : walk.references) {
    if (reference.count < view.min || reference.count > view.max) continue;
    if (reference.accept != accept) accept = reference.accept, next = after_accept(parse, from, accept);
    add_less(reference.node, next, reference.forbidden, true, begins, out);
    if (const u8 effect = records_ ? accept_effects(parse, from, accept) : u8{None}; effect & Item)
      subtree(reference.node, next).tokens.each([&](u32 token) {
        (effect & Close ? out.ends : out.doubtful).push_back(token);
      });
  }
}

// The parse state after the terminals that a set of members of the lexer state `from` stands for.
u32 CompiledGrammar::after_accept(u32 parse, u32 from, u32 accept) {
  std::vector<u32> indices;
  for (u32 member : store_->walks.accept_set(accept)) indices.push_back(lexer_.index(from, member));
  return after(parse, indices);
}

// What a walk found without its base and references.
void CompiledGrammar::add_own(const Walk::View& view, u32 parse, u32 from, bool begins, Mask& out) {
  const Walk& walk = *view.walk;
  const TokenSet& interior = store_->walks.interior(view);
  out.tokens.add(interior);
  auto counts = [&view](u32 count) { return view.min <= count && count <= view.max; };
  for (const auto& entry : walk.tail)
    if (counts(entry.count)) out.tokens.add(entry.token);
  if (begins && state(parse).ends_item) {
    interior.each([&](u32 token) { out.begun_ends.push_back(token); });
    for (const auto& entry : walk.tail) out.begun_ends.push_back(entry.token);
  }
  if (begins &&
      (walk.counted || !std::all_of(walk.ends.begin(), walk.ends.end(), [this](u32 end) { return is_roomy(end); }))) {
    interior.each([&](u32 token) { out.begun.push_back(token); });
    for (const auto& entry : walk.tail) out.begun.push_back(entry.token);
  }
  for (const auto& exit : walk.exits) {
    const Through& found = through(exit.residual, after_accept(parse, from, exit.accept));
    const u8 effect = records_ ? accept_effects(parse, from, exit.accept) : u8{None};
    for (const auto& entry : found.entries) {
      if (!counts(entry.count)) continue;
      out.tokens.add(entry.token);
      if (effect & Item) (effect & Close ? out.ends : out.doubtful).push_back(entry.token);
      if (begins) out.begun.push_back(entry.token);  // a whole text is recorded within it
    }
    out.doubtful.insert(out.doubtful.end(), found.doubtful.begin(), found.doubtful.end());
    out.ends.insert(out.ends.end(), found.ends.begin(), found.ends.end());
  }
}

// Tokens below `node` that may be read from the place.
void CompiledGrammar::mask(u32 node, const Place& p, Mask& out) {
  if (!dynamic_) return mask_one(node, p, out);
  for (const Place& one : places(p)) {
    const std::vector<u32> singles = one.fresh ? state(one.parse).singles : std::vector{one.lexer};
    for (u32 from : singles) {
      Mask found{TokenSet(store_->trie.words()), {}, {}, {}, {}};
      if (one.fresh)
        add_walk(store_->walks.walk(node, lexer_.normal(from, store_->trie.longest())), one.parse, from, true, found);
      else
        mask_one(node, one, found);
      out.tokens.add(found.tokens);
    }
  }
}

void CompiledGrammar::mask_one(u32 node, const Place& p, Mask& out) {
  const u32 from = lexer_state(p);
  if (from != kDead)
    add_walk(store_->walks.walk(node, lexer_.normal(from, store_->trie.longest())), p.parse, from, p.fresh, out);
  // The terminal may end before the token, where it can't go on with the token's first byte.
  if (!p.fresh && lexer_.accepting(p.lexer))
    add_less(node, after(p.parse, p.lexer), going_on(node, p.lexer), false, false, out);
}

// Children of the node with which the terminal goes on.
std::vector<u32> CompiledGrammar::going_on(u32 node, u32 lexer) {
  std::vector<u32> found;
  const u32* row = lexer_.row(lexer);
  for (u32 child = node + 1; child < store_->trie.end(node); child = store_->trie.end(child)) {
    u32 to = row[store_->trie.byte(child)];
    if (to == kNone) to = lexer_.compute_next(lexer, store_->trie.byte(child));
    if (to != kDead) found.push_back(child);
  }
  return found;
}

// Tokens below `node` that may be read where a terminal begins.
const CompiledGrammar::Mask& CompiledGrammar::subtree(u32 node, u32 parse) {
  const u64 key = pair_key(node, parse);
  u32 at = subtree_memo_.find(key);
  if (at == kNone) {
    const Depth guard(depth_);
    auto made = std::make_unique<Mask>();  // not on the stack, nor what only a dynamic lexer needs: this nests deeply
    made->tokens = TokenSet(store_->trie.words());
    if (dynamic_)
      mask(node, begin(parse), *made);
    else
      mask_one(node, {parse, kDead, true}, *made);
    made->tokens.shrink();
    row_bytes_ +=
        made->tokens.bytes() +
        (made->doubtful.size() + made->begun.size() + made->ends.size() + made->begun_ends.size()) * sizeof(u32);
    at = static_cast<u32>(subtrees_.size());
    subtrees_.push_back(std::move(made));
    subtree_memo_.put(key, at);
  }
  return *subtrees_[at];
}

// Adds what may be read below a node where a terminal begins, without some of its children. `behind`: that stands
// behind the beginning of the token; `begins`: a text is recorded before it.
void CompiledGrammar::add_less(u32 node, u32 parse, const std::vector<u32>& children, bool behind, bool begins,
                               Mask& out) {
  const Mask& from = subtree(node, parse);
  if (begins) from.tokens.each([&](u32 token) { out.begun.push_back(token); });
  out.doubtful.insert(out.doubtful.end(), from.doubtful.begin(), from.doubtful.end());
  out.ends.insert(out.ends.end(), from.ends.begin(), from.ends.end());
  if (behind) out.ends.insert(out.ends.end(), from.begun_ends.begin(), from.begun_ends.end());
  if (behind) out.doubtful.insert(out.doubtful.end(), from.begun.begin(), from.begun.end());
  meter_.spend(children.size());
  store_->walks.add_without(out.tokens, from.tokens, node, children);
}

// Of a residual, what lexer and parser let through from the beginning of a terminal.
const CompiledGrammar::Through& CompiledGrammar::through(u32 id, u32 parse) {
  const u64 key = pair_key(id, parse);
  u32 at = through_memo_.find(key);
  if (at != kNone) return *throughs_[at];
  auto found = std::make_unique<Through>();
  const Residual& r = store_->walks.residual(id);
  struct Frame {
    Place place;
    u32 end;
    Noted noted;
  };
  auto take = [&](u32 node, const Place& p, const Noted& noted) {
    const u32 first = r.first[node], last = r.first[node + 1];
    found->entries.insert(found->entries.end(), r.entries.begin() + first, r.entries.begin() + last);
    if (!records_ || first == last) return;
    // A memory may forbid it where a text is recorded within the token, or can only be one of a few.
    const bool doubtful = noted.recorded || (noted.opened <= 0 && !p.fresh && is_recording(p) && !is_roomy(p.lexer));
    if (doubtful || noted.ended || (!p.fresh && ends_item(p)))
      for (u32 i = first; i < last; ++i) (doubtful ? found->doubtful : found->ends).push_back(r.entries[i].token);
  };
  std::vector<Frame> stack{{begin(parse), r.end[0], {}}};
  take(0, stack[0].place, {});
  u64 steps = 1;
  for (u32 node = 1; node < r.end[0];) {
    while (node >= stack.back().end) stack.pop_back();
    Place p = stack.back().place;
    Noted noted = stack.back().noted;
    ++steps;
    const bool goes_on = read(p, r.byte[node], [&](u32 before, u32 lexer, bool) {
      const u8 effect = records_ ? effects(before, lexer) : u8{None};
      noted.recorded |= (effect & Record) != 0 || (effect & (Item | Close)) == Item;
      noted.ended |= (effect & Item) != 0;
      noted.opened += ((effect & Open) != 0) - ((effect & Close) != 0);
    });
    if (!goes_on) {
      node = r.end[node];
      continue;
    }
    take(node, p, noted);
    if (r.end[node] > node + 1) stack.push_back({p, r.end[node], noted});
    ++node;
  }
  meter_.spend(steps);
  row_bytes_ += found->entries.size() * sizeof(Residual::Entry) +
                (found->doubtful.size() + found->ends.size()) * sizeof(u32) + 32;
  at = static_cast<u32>(throughs_.size());
  throughs_.push_back(std::move(found));
  through_memo_.put(key, at);
  return *throughs_[at];
}

std::vector<u32> CompiledGrammar::live_terminals(u32 configuration) {
  std::vector<u32> found;
  if (configuration == kFinished) return found;
  for (const Place& p : places(place(configuration))) {
    const State& s = state(p.parse);
    if (p.fresh) found.insert(found.end(), s.terminals.begin(), s.terminals.end());
    for (u32 i = 0; i < lexer_.members(p.lexer); ++i) found.push_back(s.terminals[lexer_.index(p.lexer, i)]);
  }
  return found;
}

bool CompiledGrammar::is_fresh(u32 configuration) const {
  const std::vector<Place> all = places(place(configuration));
  return configuration == kFinished || std::all_of(all.begin(), all.end(), [](const Place& p) { return p.fresh; });
}

CompiledGrammar::Stats CompiledGrammar::stats() const {
  return {infos_.size(),        parser_.states(),        parser_.items(),     rows_,
          row_bytes_,           advances_.size(),        expressions_.size(), lexer_.size(),
          store_->walks.size(), store_->walks.visited(), store_->bytes(),     parser_.bytes()};
}

}  // namespace structgen
