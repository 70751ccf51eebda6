#include "masks.h"

#include <algorithm>
#include <utility>

namespace structgen {

namespace {

constexpr std::size_t kMostAsked = 256;  // rows of positions that are kept
constexpr std::size_t kShortText = 256;  // bytes of a text whose positions' rows are kept

void append(std::vector<u32>& to, const std::vector<u32>& from) { to.insert(to.end(), from.begin(), from.end()); }

}  // namespace

Masks::Masks(Store& store, Positions& positions, Meter& meter)
    : store_(store),
      positions_(positions),
      configurations_(positions.configurations()),
      places_(positions.places()),
      lexer_(store.lexer),
      uniqueness_(positions.uniqueness()),
      meter_(meter) {}

const RowTable::Numbered& Masks::entry(u32 configuration) const {
  static const RowTable::Numbered none;
  return configuration < rows_.size() ? rows_[configuration] : none;
}

void Masks::set_entry(u32 configuration, RowTable::Numbered row) {
  if (configuration >= rows_.size()) rows_.resize(std::max<std::size_t>(configuration + 1, rows_.size() * 2));
  rows_[configuration] = std::move(row);
}

const RowTable::Numbered& Masks::known_row(const Position& position) {
  static const RowTable::Numbered none;
  const u32 configuration = position.configuration;
  if (!entry(configuration).row) {
    meter_.begin();  // no call is under way
    const u32 canonical = configurations_.canonical(configuration);
    if (!entry(canonical).row) return none;
    set_entry(configuration, RowTable::Numbered(entry(canonical)));
    if (uniqueness_) uniqueness_->note_same(configuration, canonical);
  }
  if (uniqueness_ && !uniqueness_->is_unaffected(position)) return none;
  return entry(configuration);
}

const Row& Masks::row_of(u32 configuration) {
  if (entry(configuration).row) return entry(configuration).row;
  if (bytes_ > meter_.limits.row_bytes) forget();
  const u32 canonical = configurations_.canonical(configuration);
  if (!entry(canonical).row) set_entry(canonical, make_row(canonical));
  if (canonical != configuration) {
    set_entry(configuration, RowTable::Numbered(entry(canonical)));
    if (uniqueness_) uniqueness_->note_same(configuration, canonical);
  }
  return entry(configuration).row;
}

RowTable::Numbered Masks::make_row(u32 configuration) {
  Part made = new_part();
  if (configuration != kFinished) {
    const Place p = configurations_.place(configuration);
    if (p.fresh && !places_.dynamic()) {
      const Part& known = subtree(0, p.parse);
      made.tokens = known.tokens;
      if (made.doubts) *made.doubts = *known.doubts;
    } else {
      add_place(0, p, made);
    }
  }
  if (configurations_.can_stop(configuration))
    for (u32 t : configurations_.end_tokens()) made.tokens.add(t);
  if (made.tokens.empty()) return {};
  if (uniqueness_) uniqueness_->note(configuration, std::move(*made.doubts));
  RowTable::Numbered numbered = store_.rows.intern(std::move(made.tokens));
  bytes_ += numbered.row->bytes();
  ++rows_made_;
  return numbered;
}

void Masks::forget() {
  rows_.clear();
  if (uniqueness_) uniqueness_->forget_notes();
  asked_.clear();
  asked_bytes_ = 0;
  subtree_memo_.clear();
  subtrees_.clear();
  through_memo_.clear();
  throughs_.clear();
  bytes_ = 0;
  store_.rows.drop_unused();
}

// Rows of positions.

// Requests that write the same names ask for the same rows: the last of these are kept.
Row Masks::row(const Position& position) {
  const Row all = row_of(position.configuration);
  if (!uniqueness_ || !all || position.configuration == kFinished) return all;
  const UniquenessState& state = position.state;
  const bool blank = state.recorded() == 0 && !state.items().inside() &&
                     !uniqueness_->doubtful(position.configuration) && !uniqueness_->item_ends(position.configuration);
  if (blank || state.length() + state.items().length() > kShortText) return without_forbidden(position, all);
  const u64 key = mix(state.hash() + position.configuration);
  if (asked_.size() >= kMostAsked && !asked_.contains(key)) {
    asked_.clear();
    bytes_ -= asked_bytes_;
    asked_bytes_ = 0;
  }
  Asked& asked = asked_[key];
  if (asked.configuration != position.configuration || !asked.row || !asked.state.is_same(state)) {
    asked = {position.configuration, state, without_forbidden(position, all)};
    if (asked.row && asked.row != all) {
      bytes_ += asked.row->bytes();
      asked_bytes_ += asked.row->bytes();
    }
  }
  return asked.row;
}

Row Masks::without_forbidden(const Position& position, const Row& row) {
  std::vector<u32> forbidden = uniqueness_->forbidden_tokens(position);
  if (configurations_.can_stop(position.configuration) && !uniqueness_->can_stop(position))
    append(forbidden, configurations_.end_tokens());
  return without(row, forbidden);
}

Row Masks::without(const Row& row, const std::vector<u32>& tokens) {
  if (tokens.empty()) return row;
  auto rest = std::make_shared<TokenSet>(*row);
  for (u32 token : tokens) rest->remove(token);
  if (rest->empty()) return nullptr;
  return rest;
}

RowTable::Numbered Masks::number(const Position& position, const Row& row) {
  if (!row) return {};
  const RowTable::Numbered& own = entry(position.configuration);
  return own.row == row ? own : store_.rows.intern(row);
}

// Parts of masks.

Masks::Part Masks::new_part() const {
  return {TokenSet(store_.trie.words()), uniqueness_ ? std::make_unique<Doubts>() : nullptr};
}

// Adds the tokens below `node` that may be read from the place.
void Masks::add_place(u32 node, const Place& p, Part& out) {
  if (!places_.dynamic()) return add_one_place(node, p, out);
  for (const Place& one : places_.members(p)) {
    const std::vector<u32> singles = one.fresh ? places_.start(one.parse).singles : std::vector{one.lexer};
    for (u32 from : singles) {
      Part found = new_part();
      if (one.fresh)
        add_walk(store_.walks.walk(node, lexer_.normal(from, store_.trie.longest())), one.parse, from, true, found);
      else
        add_one_place(node, one, found);
      out.tokens.add(found.tokens);
    }
  }
}

void Masks::add_one_place(u32 node, const Place& p, Part& out) {
  const u32 from = places_.lexer_state(p);
  if (from != kDead)
    add_walk(store_.walks.walk(node, lexer_.normal(from, store_.trie.longest())), p.parse, from, p.fresh, out);
  // The terminal may end before the token, if it can't go on with the token's first byte.
  if (places_.may_end(p)) add_less(node, places_.after(p.parse, p.lexer), going_on(node, p.lexer), out);
}

// Adds what a walk of the lexer state `from` found, with what comes after it in the parse state. `fresh`: a terminal
// begins there.
void Masks::add_walk(const Walk::View& view, u32 parse, u32 from, bool fresh, Part& out) {
  const Walk& walk = *view.walk;
  if (walk.base.walk != nullptr) {
    add_walk(walk.base, parse, lexer_.renumbered(walk.base_state, lexer_.indices(from)), fresh, out);
    store_.walks.remove_subtrees(out.tokens, walk.cut);
  }
  add_own(view, parse, from, out);
  if (out.doubts) doubt_own(view, parse, from, fresh, *out.doubts);
  u32 accept = kNone, next = kNone;
  for (const auto& reference : walk.references) {
    if (reference.count < view.min || reference.count > view.max) continue;
    if (reference.accept != accept) accept = reference.accept, next = after_accept(parse, from, accept);
    add_less(reference.node, next, reference.forbidden, out);
    if (out.doubts) doubt_reference(reference, parse, next, from, fresh, *out.doubts);
  }
}

// Adds what a walk found without its base and references.
void Masks::add_own(const Walk::View& view, u32 parse, u32 from, Part& out) {
  auto counts = [&view](u32 count) { return view.min <= count && count <= view.max; };
  out.tokens.add(store_.walks.interior(view));
  for (const auto& entry : view.walk->tail)
    if (counts(entry.count)) out.tokens.add(entry.token);
  for (const auto& exit : view.walk->exits)
    for (const auto& entry : through(exit.residual, after_accept(parse, from, exit.accept)).entries)
      if (counts(entry.count)) out.tokens.add(entry.token);
}

// The parse state after the terminals that a set of members of the lexer state `from` stands for.
u32 Masks::after_accept(u32 parse, u32 from, u32 accept) {
  return places_.after(parse, places_.accepting(from, accept));
}

// Children of the node with which the terminal goes on.
std::vector<u32> Masks::going_on(u32 node, u32 lexer) {
  std::vector<u32> found;
  const u32* row = lexer_.row(lexer);
  for (u32 child = node + 1; child < store_.trie.end(node); child = store_.trie.end(child)) {
    u32 to = row[store_.trie.byte(child)];
    if (to == kNone) to = lexer_.compute_next(lexer, store_.trie.byte(child));
    if (to != kDead) found.push_back(child);
  }
  return found;
}

// Tokens below `node` that may be read where a terminal begins.
const Masks::Part& Masks::subtree(u32 node, u32 parse) {
  const u64 key = pair_key(node, parse);
  u32 at = subtree_memo_.find(key);
  if (at == kNone) {
    const Depth guard(depth_);
    auto made = std::make_unique<Part>(new_part());  // not on the stack, as this nests deeply
    add_place(node, places_.begin(parse), *made);
    made->tokens.shrink();
    bytes_ += made->tokens.bytes() + (made->doubts ? made->doubts->bytes() : 0);
    at = static_cast<u32>(subtrees_.size());
    subtrees_.push_back(std::move(made));
    subtree_memo_.put(key, at);
  }
  return *subtrees_[at];
}

// Adds what may be read below a node where a terminal begins, without some of its children.
void Masks::add_less(u32 node, u32 parse, const std::vector<u32>& children, Part& out) {
  const Part& from = subtree(node, parse);
  if (out.doubts) {
    append(out.doubts->tokens, from.doubts->tokens);
    append(out.doubts->item_ends, from.doubts->item_ends);
  }
  meter_.spend(children.size());
  store_.walks.add_without(out.tokens, from.tokens, node, children);
}

// The tokens of a residual that lexer and parser let through, from the beginning of a terminal.
class Masks::ResidualWalk {
 public:
  ResidualWalk(Masks& masks, const Residual& residual, Through& out)
      : masks_(masks), residual_(residual), uniqueness_(masks.uniqueness_), out_(out) {}

  // Returns how many nodes were read.
  u64 run(const Place& from) {
    std::vector<Frame> stack{{from, residual_.end[0], {}}};
    take(0, from, {});
    u64 steps = 1;
    for (u32 node = 1; node < residual_.end[0];) {
      while (node >= stack.back().end) stack.pop_back();
      Place p = stack.back().place;
      Noted noted = stack.back().noted;
      ++steps;
      if (!read(p, residual_.byte[node], noted)) {
        node = residual_.end[node];
        continue;
      }
      take(node, p, noted);
      if (residual_.end[node] > node + 1) stack.push_back({p, residual_.end[node], noted});
      ++node;
    }
    return steps;
  }

 private:
  // What happened to the state since the terminal began.
  struct Noted {
    bool recorded = false;  // or another item begins
    bool ended = false;     // an item
    int opened = 0;         // scopes; below 0: closed
  };
  struct Frame {
    Place place;
    u32 end;
    Noted noted;
  };

  bool read(Place& p, u8 byte, Noted& noted) {
    if (!uniqueness_) return masks_.places_.read(p, byte);
    return masks_.places_.read(p, byte, [&](u32 before, u32 lexer, bool) {
      const u8 effect = uniqueness_->effects().at_end(before, lexer);
      noted.recorded |= (effect & Record) != 0 || (effect & (Item | Close)) == Item;
      noted.ended |= (effect & Item) != 0;
      noted.opened += ((effect & Open) != 0) - ((effect & Close) != 0);
    });
  }

  // Takes the tokens that end at a node.
  void take(u32 node, const Place& p, const Noted& noted) {
    const u32 first = residual_.first[node], last = residual_.first[node + 1];
    out_.entries.insert(out_.entries.end(), residual_.entries.begin() + first, residual_.entries.begin() + last);
    if (!uniqueness_ || first == last) return;
    // A state may forbid it where a text is recorded within the token, or can only be one of a few.
    Effects& effects = uniqueness_->effects();
    const bool doubtful =
        noted.recorded || (noted.opened <= 0 && !p.fresh && effects.is_recording(p) && !effects.is_roomy(p.lexer));
    if (!doubtful && !noted.ended && (p.fresh || !effects.may_end_item(p))) return;
    std::vector<u32>& doubts = doubtful ? out_.doubts->tokens : out_.doubts->item_ends;
    for (u32 i = first; i < last; ++i) doubts.push_back(residual_.entries[i].token);
  }

  Masks& masks_;
  const Residual& residual_;
  Uniqueness* const uniqueness_;
  Through& out_;
};

const Masks::Through& Masks::through(u32 residual, u32 parse) {
  const u64 key = pair_key(residual, parse);
  if (const u32 known = through_memo_.find(key); known != kNone) return *throughs_[known];
  auto found = std::make_unique<Through>();
  if (uniqueness_) found->doubts = std::make_unique<Doubts>();
  meter_.spend(ResidualWalk(*this, store_.walks.residual(residual), *found).run(places_.begin(parse)));
  bytes_ += found->entries.size() * sizeof(Residual::Entry) + (found->doubts ? found->doubts->bytes() : 0) + 32;
  const u32 at = static_cast<u32>(throughs_.size());
  throughs_.push_back(std::move(found));
  through_memo_.put(key, at);
  return *throughs_[at];
}

// Doubts: tokens of walks that a state may forbid.

bool Masks::begins_unique_text(u32 parse) {
  return uniqueness_->effects().records(parse) || uniqueness_->effects().starts_with_item(parse);
}

// Of what add_own adds.
void Masks::doubt_own(const Walk::View& view, u32 parse, u32 from, bool fresh, Doubts& doubts) {
  const bool begins = fresh && begins_unique_text(parse);
  if (begins) doubt_begun(*view.walk, store_.walks.interior(view), parse, doubts);
  for (const auto& exit : view.walk->exits) {
    const Through& found = through(exit.residual, after_accept(parse, from, exit.accept));
    const u8 effect = uniqueness_->effects().at_accept(parse, from, exit.accept);
    for (const auto& entry : found.entries) {
      if (entry.count < view.min || entry.count > view.max) continue;
      if (effect & Item) (effect & Close ? doubts.item_ends : doubts.tokens).push_back(entry.token);
      if (begins) doubts.begun.push_back(entry.token);  // a whole text is recorded within it
    }
    append(doubts.tokens, found.doubts->tokens);
    append(doubts.item_ends, found.doubts->item_ends);
  }
}

// Of tokens that end inside a terminal which is recorded, or ends an item, and began within the part.
void Masks::doubt_begun(const Walk& walk, const TokenSet& interior, u32 parse, Doubts& doubts) {
  auto add_to = [&](std::vector<u32>& tokens) {
    interior.each([&](u32 token) { tokens.push_back(token); });
    for (const auto& entry : walk.tail) tokens.push_back(entry.token);
  };
  if (uniqueness_->effects().starts_with_item(parse)) add_to(doubts.begun_ends);
  const bool roomy = !walk.counted && std::all_of(walk.ends.begin(), walk.ends.end(),
                                                  [this](u32 end) { return uniqueness_->effects().is_roomy(end); });
  if (!roomy) add_to(doubts.begun);
}

// Of what comes after the beginning of a token, in the parse state `next`.
void Masks::doubt_reference(const Walk::Reference& reference, u32 parse, u32 next, u32 from, bool fresh,
                            Doubts& doubts) {
  const Part& part = subtree(reference.node, next);
  append(doubts.item_ends, part.doubts->begun_ends);
  append(doubts.tokens, part.doubts->begun);
  if (fresh && begins_unique_text(parse)) part.tokens.each([&](u32 token) { doubts.begun.push_back(token); });
  const u8 effect = uniqueness_->effects().at_accept(parse, from, reference.accept);
  if (effect & Item)
    part.tokens.each([&](u32 token) { (effect & Close ? doubts.item_ends : doubts.tokens).push_back(token); });
}

}  // namespace structgen
