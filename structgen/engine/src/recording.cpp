// What a memory changes: terminals whose text was recorded in the same scope before are not read again.
//
// Rows, and what follows a token, are found as if nothing were recorded; they are the same for all memories. Then
//
//   a row          loses tokens that go on with a recorded text until it is repeated, or until nothing else can come of
//   it
//                  (forbid_repeats: only the paths of recorded texts through the trie are looked at), and doubtful
//                  tokens that don't fit when they are read byte by byte: those in which a whole text is recorded, or
//                  one is begun that can only be one of a few. Most rows have none.
//   an advance     has a program, kept for (configuration, token): which bytes are written down, what is recorded,
//   opened and
//                  closed. It is replayed; only where it would repeat a text is the token read byte by byte.
//
// A terminal that records and one that does not may match the same text. Where the text was recorded, the one that does
// not is read.
#include <algorithm>

#include "compiled_grammar.h"

namespace structgen {

namespace {

enum Step : u32 { Skip, Write, End };  // of a program; the upper four bits of a word, below them bytes or effects
constexpr u32 kStepShift = 28;
constexpr u32 kRoomy = Texts::kMost * 2;  // texts that can't all be recorded
constexpr u64 kRemembered = 1u << 18;     // numbers of positions that are known at a time
constexpr std::size_t kAsked = 256;       // rows of positions that are kept
constexpr std::size_t kShortText = 256;   // bytes of a text whose positions' rows are

}  // namespace

// Of the terminals that the parser gets where a terminal ends.
u8 CompiledGrammar::effects(u32 parse, u32 lexer) {
  const u64 key = pair_key(parse, lexer);
  u32 found = effects_memo_.find(key);
  if (found == kNone) {
    found = 0;
    bool roomy = true;
    for (u32 t : handed(parse, accepting(lexer))) {
      found |= effects_[t];
      roomy &= (effects_[t] & (Items | Roomy)) != Items;
    }
    if (!roomy) found &= ~u32{Roomy};
    effects_memo_.put(key, found);
  }
  return static_cast<u8>(found);
}

// Of the terminals that a set of members of the lexer state `from` stands for.
u8 CompiledGrammar::accept_effects(u32 parse, u32 from, u32 accept) {
  std::vector<u32> indices;
  for (u32 member : store_->walks.accept_set(accept)) indices.push_back(lexer_.index(from, member));
  u8 found = 0;
  for (u32 t : handed(parse, indices)) found |= effects_[t];
  return found;
}

// The terminal that is being read ends. False if it repeats a text.
bool CompiledGrammar::end(Place& p, u32 lexer, Memory& memory) {
  u32 effect = effects(p.parse, lexer);
  u32 forbidden = (effect & Record) && memory.repeats() ? u32{Record} : u32{None};
  if ((effect & Item) && memory.repeats_item()) forbidden |= Item;
  if (forbidden != None) {
    std::vector<u32> others;
    effect = 0;
    for (u32 t : handed(p.parse, accepting(lexer)))
      if (!(effects_[t] & forbidden)) others.push_back(t), effect |= effects_[t];
    if (others.empty()) return false;
    p = {parser_.next(p.parse, others), kDead, true};
  } else {
    p = {after(p.parse, lexer), kDead, true};
  }
  if (effect & Record)
    memory.record();
  else
    memory.drop();
  memory.settle();
  if (effect & Open) memory.open();
  if (effect & Close) memory.close();
  if (effect & Items) memory.open_items((effect & Roomy) != 0);
  return true;
}

bool CompiledGrammar::read(Place& p, Memory& memory, u8 byte) {
  if (!records_) return read(p, byte);
  u32 next = lexer_.next(lexer_state(p), byte);
  if (next == kDead) {
    if (p.fresh || !lexer_.accepting(p.lexer) || !end(p, p.lexer, memory)) return false;
    next = lexer_.next(state(p.parse).lexer, byte);
    if (next == kDead) return false;
  }
  if (next == kBlocked) return false;
  const char character = static_cast<char>(byte);
  if (state(p.parse).records) memory.write({&character, 1});
  memory.log({&character, 1});
  if (lexer_.ended(next)) return end(p, next, memory);
  p = {p.parse, next, false};
  return true;
}

bool CompiledGrammar::read(Place& p, Memory& memory, std::string_view bytes) {
  if (!records_) return read(p, bytes);
  return std::all_of(bytes.begin(), bytes.end(), [&](char c) { return read(p, memory, static_cast<u8>(c)); });
}

std::size_t CompiledGrammar::read_text(Position& position, std::string_view text) {
  if (position.configuration == kFinished) return 0;
  Place p = place(position.configuration);
  std::size_t length = 0;
  for (; length < text.size(); ++length) {
    Place next = p;
    if (!records_) {
      if (!read(next, static_cast<u8>(text[length]))) break;
    } else {
      Memory memory = position.memory;
      if (!read(next, memory, static_cast<u8>(text[length])) || !is_alive(next, memory)) break;
      position.memory = std::move(memory);
    }
    p = next;
  }
  position.configuration = intern(p);
  return length;
}

bool CompiledGrammar::stops(const Place& p, const Memory& memory) {
  if (!stops(p)) return false;
  if (p.fresh || !(is_recording(p) || ends_item(p))) return true;
  Place behind = p;
  Memory left = memory;
  return end(behind, p.lexer, left) && parser_.accepts(behind.parse);
}

bool CompiledGrammar::can_stop(const Position& position) {
  return can_stop(position.configuration) &&
         (!records_ || position.configuration == kFinished || stops(place(position.configuration), position.memory));
}

// Whether more texts can come of the state than can be recorded.
bool CompiledGrammar::is_roomy(u32 lexer) {
  for (u32 i = 0; i < lexer_.members(lexer); ++i)
    if (expressions_.texts_at_least(lexer_.rest(lexer, i)) >= kRoomy) return true;
  return false;
}

// Whether the terminal that is being read can become something that may be read.
bool CompiledGrammar::has_new_text(const Place& p, const Memory& memory) {
  if (p.fresh || !is_recording(p) || !memory.may_repeat()) return true;
  const std::vector<u32> terminals = state(p.parse).terminals;
  for (u32 i = 0; i < lexer_.members(p.lexer); ++i) {
    const u32 terminal = terminals[lexer_.index(p.lexer, i)];
    std::vector<ExprId> unrecorded{lexer_.rest(p.lexer, i)};
    if (!(effects_[terminal] & Record)) {
      // Of those that match one text, the ones with the highest priority count.
      for (u32 j = 0; j < lexer_.members(p.lexer); ++j) {
        const u32 other = terminals[lexer_.index(p.lexer, j)];
        if ((effects_[other] & Record) && priorities_[other] > priorities_[terminal])
          unrecorded.push_back(expressions_.negate(lexer_.rest(p.lexer, j)));
      }
      if (unrecorded.size() == 1 || !expressions_.is_empty(expressions_.intersect(unrecorded))) return true;
    }
    if (has_new_text(lexer_.rest(p.lexer, i), memory.written(), memory.texts())) return true;
  }
  return false;
}

// Whether some text of the expression makes what is begun one that is not among the texts.
bool CompiledGrammar::has_new_text(ExprId e, std::string begun, const TextsPtr& texts) {
  std::vector<std::pair<ExprId, std::string>> left{{e, std::move(begun)}};
  while (!left.empty()) {
    const auto [at, text] = std::move(left.back());
    left.pop_back();
    if (!Texts::has_prefix(texts, text) || (expressions_.nullable(at) && !Texts::has(texts, text))) return true;
    for (u32 low = 0, high = 0; low < 256; low = high + 1) {
      high = expressions_.interval(at, static_cast<u8>(low)).second;
      const ExprId rest = expressions_.derive(at, static_cast<u8>(low));
      if (rest == kEmpty || expressions_.is_empty(rest)) continue;
      for (u32 byte = low; byte <= high; ++byte) {
        std::string longer = text + static_cast<char>(byte);
        if (!Texts::has_prefix(texts, longer)) return true;
        left.emplace_back(rest, std::move(longer));
      }
    }
    meter_.spend(8);
  }
  return false;
}

NewTexts::NewTexts(Expressions& expressions, Meter& meter, ExprId e, std::string begun)
    : expressions_(expressions), meter_(meter), begun_(std::move(begun)) {
  if (const u32 length = expressions_.shortest_length(e); length < kFar) ways_.push({length, "", e});
}

// The shortest text of the expression that makes what is begun one that is not among the texts, and not empty.
std::optional<std::string> NewTexts::next(const TextsPtr& texts) {
  while (!ways_.empty()) {
    const Way way = ways_.top();
    const std::string whole = begun_ + way.text;
    // It stays: texts that go on with this one may be asked for next.
    if (!whole.empty() && !Texts::has_prefix(texts, whole)) return way.text + expressions_.shortest(way.rest);
    if (expressions_.nullable(way.rest) && !whole.empty() && !Texts::has(texts, whole)) return way.text;
    ways_.pop();
    for (u32 low = 0, high = 0; low < 256; low = high + 1) {
      high = expressions_.interval(way.rest, static_cast<u8>(low)).second;
      const ExprId rest = expressions_.derive(way.rest, static_cast<u8>(low));
      if (rest == kEmpty) continue;
      const u32 left = expressions_.shortest_length(rest);
      if (left >= kFar) continue;
      auto push = [&](u32 byte) {
        std::string longer = way.text + static_cast<char>(byte);
        const u32 length = add_lengths(static_cast<u32>(longer.size()), left);
        ways_.push({length, std::move(longer), rest});
      };
      for (u32 byte = low; byte <= high; ++byte) push(byte);
    }
    meter_.spend(64);
  }
  return std::nullopt;
}

// What a token does to a memory, as numbers in programs_.
u32 CompiledGrammar::program(u32 configuration, u32 token) {
  const u64 key = pair_key(configuration, token);
  const u32 known = program_memo_.find(key);
  if (known != kNone) return known;
  std::vector<u32> steps;
  auto add = [&steps](Step step, u32 value) {
    if (step != End && !steps.empty() && steps.back() >> kStepShift == step)
      ++steps.back();
    else
      steps.push_back((step << kStepShift) | value);
  };
  Place p = place(configuration);
  for (char c : store_->trie.bytes(token)) {
    u32 within = p.parse, behind = kNone;
    read(p, static_cast<u8>(c), [&](u32 parse, u32 lexer, bool with_byte) {
      const u32 effect = effects(parse, lexer);
      if (with_byte) {
        behind = effect;
        return;
      }
      if (effect != None || state(parse).records) add(End, effect);
      within = after(parse, lexer);
    });
    add(state(within).records ? Write : Skip, 1);
    if (behind != kNone && (behind != None || state(within).records)) add(End, behind);
  }
  while (!steps.empty() && steps.back() >> kStepShift == Skip) steps.pop_back();
  const u32 found = programs_.intern(steps);
  if (program_memo_.size() > 4'000'000) program_memo_.clear();
  program_memo_.put(key, found);
  return found;
}

// False where a text is repeated.
bool CompiledGrammar::replay(Span program, std::string_view bytes, Memory& memory) {
  for (u32 word : program) {
    const u32 value = word & ((1u << kStepShift) - 1);
    if (word >> kStepShift == End) {
      if (((value & Record) && memory.repeats()) || ((value & Item) && memory.repeats_item())) return false;
      memory.settle();
      if (value & Record)
        memory.record();
      else
        memory.drop();
      if (value & Open) memory.open();
      if (value & Close) memory.close();
      if (value & Items) memory.open_items((value & Roomy) != 0);
      continue;
    }
    if (word >> kStepShift == Write) memory.write(bytes.substr(0, value));
    memory.log(bytes.substr(0, value));
    bytes.remove_prefix(value);
  }
  memory.log(bytes);
  return true;
}

std::optional<Position> CompiledGrammar::advance(const Position& from, u32 token) {
  u32 to = advance(from.configuration, token);
  if (to == kNone) return std::nullopt;
  if (!records_) return Position{to, {}};
  if (to == kFinished) return can_stop(from) ? std::optional(Position{}) : std::nullopt;
  const std::string_view bytes = store_->trie.bytes(token);
  const Span steps = programs_[program(from.configuration, token)];
  Memory memory = from.memory;
  if ((steps.size != 0 || memory.in_items()) && !replay(steps, bytes, memory)) {
    Place p = place(from.configuration);
    memory = from.memory;
    if (!read(p, memory, bytes)) return std::nullopt;
    to = intern(p);
  }
  if (!is_alive(place(to), memory)) return std::nullopt;
  return Position{to, std::move(memory)};
}

// Tokens that go on with a recorded text until it is repeated, or nothing else can come of it; from here, and from
// where the terminal that is being read ends before the token.
void CompiledGrammar::forbid_repeats(const Position& position, std::vector<u32>& forbidden) {
  const Place here = place(position.configuration);
  forbid_repeats(position, here, position.memory, forbidden);
  if (here.fresh || !lexer_.accepting(here.lexer)) return;
  Place behind = here;
  Memory memory = position.memory;
  if (end(behind, here.lexer, memory)) forbid_repeats(position, behind, memory, forbidden);
}

void CompiledGrammar::forbid_repeats(const Position& position, const Place& here, const Memory& from,
                                     std::vector<u32>& forbidden) {
  if (!from.texts() || !is_recording(here) || (!here.fresh && !from.may_repeat())) return;
  const bool ended = !place(position.configuration).fresh && here.fresh;
  const TextsPtr& texts = from.texts();
  const Trie& trie = store_->trie;
  auto forbid = [&](u32 node, bool all) {
    for (u32 i = trie.first_token(node); i < trie.first_token(trie.end(node)); ++i)
      if ((all && !ended) || !fits(position, trie.order()[i])) forbidden.push_back(trie.order()[i]);
    meter_.spend(trie.subtree_tokens(node));
  };
  struct Frame {
    Place place;
    u32 end;
    std::string text;  // of the terminal
    Texts::Next next;  // with which recorded texts go on
  };
  const std::string begun = here.fresh ? "" : from.written();
  std::vector<Frame> stack{{here, trie.end(0), begun, Texts::next(texts, begun)}};
  for (u32 node = 1; node < trie.end(0);) {
    while (node >= stack.back().end) stack.pop_back();
    const Frame& top = stack.back();
    const u8 byte = trie.byte(node);
    // Only a byte with which a recorded text goes on, or before which one may end, can lead to a repetition.
    if (!top.next.ends && !contains(top.next.bytes, byte)) {
      node = trie.end(node);
      continue;
    }
    Place p = top.place;
    bool ends = false, repeats = false, others = false;
    const bool goes_on = read(p, byte, [&](u32 parse, u32 lexer, bool with_byte) {
      if (ends) return;
      ends = true;
      repeats = (effects(parse, lexer) & Record) != 0 &&
                Texts::has(texts, with_byte ? top.text + static_cast<char>(byte) : top.text);
      if (!repeats) return;
      for (u32 t : handed(parse, accepting(lexer))) others |= !(effects_[t] & Record);
    });
    meter_.spend(1);
    if (ends && goes_on && repeats) forbid(node, !others);
    if (ends || !goes_on || !contains(top.next.bytes, byte)) {
      node = trie.end(node);
      continue;
    }
    std::string text = top.text + static_cast<char>(byte);
    Memory memory = from;
    memory.write(std::string_view(text).substr(begun.size()));
    if (!is_alive(p, memory)) {
      forbid(node, true);
      node = trie.end(node);
      continue;
    }
    if (trie.end(node) > node + 1) {
      const Texts::Next next = Texts::next(texts, text);
      stack.push_back({p, trie.end(node), std::move(text), next});
    }
    ++node;
  }
}

// Whether a token may be read, byte by byte.
bool CompiledGrammar::fits(const Position& position, u32 token) {
  Place p = place(position.configuration);
  Memory memory = position.memory;
  meter_.spend(store_->trie.bytes(token).size());
  return read(p, memory, store_->trie.bytes(token)) && is_alive(p, memory);
}

// Requests that write the same names ask for the same rows.
Row CompiledGrammar::row(const Position& position) {
  const Row all = row(position.configuration);
  if (!records_ || !all || position.configuration == kFinished) return all;
  const Memory& memory = position.memory;
  const Info& info = infos_[position.configuration];
  const bool open = memory.recorded() == 0 && !memory.in_items() && !info.doubtful && !info.ends;
  if (open || memory.length() + memory.log_length() > kShortText) return without_forbidden(position, all);
  const u64 key = mix(memory.hash() + position.configuration);
  if (asked_.size() >= kAsked && !asked_.contains(key)) {
    asked_.clear();
    row_bytes_ -= asked_bytes_;
    asked_bytes_ = 0;
  }
  Asked& asked = asked_[key];
  if (asked.configuration != position.configuration || !asked.row || !asked.memory.is_same(memory)) {
    asked = {position.configuration, memory, without_forbidden(position, all)};
    if (asked.row && asked.row != all) {
      row_bytes_ += asked.row->bytes();
      asked_bytes_ += asked.row->bytes();
    }
  }
  return asked.row;
}

Row CompiledGrammar::without_forbidden(const Position& position, const Row& all) {
  const Tokens doubtful = infos_[position.configuration].doubtful, ends = infos_[position.configuration].ends;
  std::vector<u32> forbidden;
  forbid_repeats(position, forbidden);
  std::vector<u32> pending;
  if (position.memory.in_items()) find_equal_items(position, forbidden, pending);
  if (doubtful)
    for (u32 token : *doubtful)
      if (!fits(position, token)) forbidden.push_back(token);
  if (ends && (position.memory.items_pending() || !position.memory.items_left()))
    for (u32 token : *ends)
      if (!fits(position, token)) forbidden.push_back(token);
  if (can_stop(position.configuration) && !can_stop(position))
    forbidden.insert(forbidden.end(), end_tokens_.begin(), end_tokens_.end());
  if (forbidden.empty()) return all;
  auto left = std::make_shared<TokenSet>(*all);
  for (u32 token : forbidden) left->remove(token);
  if (left->empty()) return nullptr;
  return left;
}

u64 CompiledGrammar::number(const Position& position) {
  if (position.memory.blank()) return position.configuration;
  const u64 name = position.memory.name();
  if (name != 0 && remembered_[name % kRemembered].first == name) return (name << 32) | position.configuration;
  numbered_ = numbered_ % INT32_MAX + 1;  // positive as a signed number
  const std::size_t slot = numbered_ % kRemembered;
  if (slot >= remembered_.size()) remembered_.resize(slot + 1);
  position.memory.set_name(numbered_);
  remembered_[slot] = {numbered_, position.memory};
  return (numbered_ << 32) | position.configuration;
}

Position CompiledGrammar::position(u64 number) const {
  Position found{static_cast<u32>(number), {}};
  if (const u64 serial = number >> 32; serial != 0) {
    const std::size_t slot = serial % kRemembered;
    if (slot >= remembered_.size() || remembered_[slot].first != serial) throw Forgotten{};
    found.memory = remembered_[slot].second;
  }
  return found;
}

std::string CompiledGrammar::next_bytes(const Position& position) {
  std::string found;
  if (position.configuration == kFinished) return found;
  for (u32 b = 0; b < 256; ++b) {
    Place p = place(position.configuration);
    Memory memory = position.memory;
    if (read(p, memory, static_cast<u8>(b)) && is_alive(p, memory)) found.push_back(static_cast<char>(b));
  }
  return found;
}

}  // namespace structgen
