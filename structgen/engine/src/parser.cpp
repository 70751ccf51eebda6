#include "parser.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kReference = 1u << 31;  // marks a continuation that is a reference, not a set

}  // namespace

Parser::Parser(const Source& source, u32 longest_token, Meter& meter)
    : meter_(meter), longest_token_(longest_token), terminal_lengths_(source.terminal_lengths) {
  registers_.intern({});
  read(source);
  find_lengths(source);
  lay_out();
  find_components();
  predicted_.resize(nodes_.size());
  for (u32 t : source.ignored)
    if (terminal_lengths_[t] < kFar) ignored_.push_back(t);
  std::sort(ignored_.begin(), ignored_.end());
  intern_flat({Item{0, 0, 0}});  // set 0: the text may end
  const NodeInfo& top = nodes_.back();
  std::vector<Item> items;
  flatten({Item{top.alternatives[0], 0, 0}}, items, nullptr);
  start_ = intern_flat(items);
}

u32 Parser::decremented(u32 reg) {
  const Span bounds = registers_[reg];
  const u32 next[] = {bounds[0] == 0 ? 0 : bounds[0] - 1, bounds[1] == kNone ? kNone : bounds[1] - 1};
  return registers_.intern(next, 2);
}

u32 Parser::with_member(u32 reg, u32 member) {
  const Span set = registers_[reg];
  std::vector<u32> next(set.begin(), set.end());
  next[member / 32] |= 1u << (member % 32);
  return registers_.intern(next);
}

bool Parser::all_required_used(const NodeInfo& node, u32 reg) const {
  for (u32 i = 0; i < node.members.size(); ++i)
    if (node.members[i].mode == 1 && !used(reg, i)) return false;
  return true;
}

bool Parser::any_left(const NodeInfo& node, u32 reg) const {
  if (node.alone) return false;
  for (u32 i = 0; i < node.members.size(); ++i)
    if (node.members[i].mode == 2 || !used(reg, i)) return true;
  return false;
}

u32 Parser::item_shortest(const Item& item) const {
  const Position& position = positions_[item.position];
  const NodeInfo* node = position.kind >= Loop ? &nodes_[position.value] : nullptr;
  if (position.kind == Loop) return times_length(symbol_shortest(node->body), registers_[item.reg][0]);
  if (position.kind == Choose || position.kind == More) {
    u32 sum = 0, required = 0, least = kFar;
    for (u32 i = 0; i < node->members.size(); ++i) {
      const Member& m = node->members[i];
      if (m.mode != 2 && used(item.reg, i)) continue;
      least = std::min(least, symbol_shortest(m.symbol));
      if (m.mode == 1) sum = add_lengths(sum, symbol_shortest(m.symbol)), ++required;
    }
    u32 separators = required;
    if (position.kind == Choose) {
      if (required == 0) return least;
      --separators;
    }
    return node->separated ? add_lengths(sum, times_length(symbol_shortest(node->body), separators)) : sum;
  }
  return position.shortest;
}

u32 Parser::continuation_shortest(u32 c) const {
  return c & kReference ? references_[c ^ kReference].shortest : infos_[c].shortest;
}

u32 Parser::continuation_canonical(u32 c) const {
  return c & kReference ? references_[c ^ kReference].canonical : infos_[c].canonical;
}

u32 Parser::continuation_depth(u32 c) const {
  return c & kReference ? references_[c ^ kReference].depth : infos_[c].depth;
}

u32 Parser::canonical_register(const Item& item) {
  const Position& position = positions_[item.position];
  if (position.kind != Loop) return item.reg;
  const Span bounds = registers_[item.reg];
  const u32 most = longest_token_ / std::max(1u, symbol_shortest(nodes_[position.value].body)) + 2;
  const u32 wide[] = {std::min(bounds[0], most), bounds[1] > most ? kNone : bounds[1]};
  return registers_.intern(wide, 2);
}

const std::vector<Parser::Item>* Parser::items_of(u32 c, std::vector<Item>& scratch) const {
  if (c & kReference) return &references_[c ^ kReference].items;
  const Span words = sets_[c];
  scratch.clear();
  for (u32 i = 0; i < words.size; i += 3) scratch.push_back({words[i], words[i + 1], words[i + 2]});
  return &scratch;
}

// Replaces completed items by what follows them. References of an instance that is being made have no items yet:
// they are listed in `open_references` instead.
void Parser::flatten(std::vector<Item> raw, std::vector<Item>& out, std::vector<u32>* open_references) {
  std::vector<u32> entered;
  std::vector<Item> scratch;
  auto enter = [&](u32 continuation) {
    if (std::find(entered.begin(), entered.end(), continuation) != entered.end()) return;
    entered.push_back(continuation);
    if (open_references && (continuation & kReference) && references_[continuation ^ kReference].shortest == kNone) {
      open_references->push_back(continuation);
      return;
    }
    const auto* items = items_of(continuation, scratch);
    out.insert(out.end(), items->begin(), items->end());
  };
  while (!raw.empty()) {
    const Item item = raw.back();
    raw.pop_back();
    const Position& position = positions_[item.position];
    switch (position.kind) {
      case End:
        enter(item.continuation);
        break;
      case Node:
        out.push_back(item);
        if (nodes_[position.value].nullable) raw.push_back({item.position + 1, 0, item.continuation});
        break;
      case Loop: {
        const Span bounds = registers_[item.reg];
        if (bounds[1] != 0) out.push_back(item);
        if (bounds[0] == 0) enter(item.continuation);
        break;
      }
      case More: {
        const NodeInfo& node = nodes_[position.value];
        if (any_left(node, item.reg)) out.push_back(item);
        if (all_required_used(node, item.reg)) enter(item.continuation);
        break;
      }
      default:
        out.push_back(item);
    }
  }
  meter_.spend(out.size() + 1);
  if (out.size() > 1) {
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }
}

u32 Parser::intern(std::vector<Item> raw) {
  if (raw.size() == 1 && positions_[raw[0].position].kind == End) return raw[0].continuation;
  std::vector<Item> items;
  flatten(std::move(raw), items, nullptr);
  return intern_flat(items);
}

u32 Parser::intern_flat(const std::vector<Item>& items) {
  const u32* words = reinterpret_cast<const u32*>(items.data());
  const u32 size = static_cast<u32>(items.size() * 3);
  if (const u32 known = sets_.find(words, size); known != kNone) return known;
  SetInfo info;
  info.shortest = kFar;
  bool canonical = true;
  std::vector<Item> wide;
  for (const Item& item : items) {
    if (item.position == 0) {
      info.accepts = true;
      info.shortest = 0;
      wide.push_back(item);
      continue;
    }
    info.shortest = std::min(info.shortest, add_lengths(item_shortest(item), continuation_shortest(item.continuation)));
    info.depth = std::max(info.depth, continuation_depth(item.continuation) + 1);
    wide.push_back({item.position, canonical_register(item), continuation_canonical(item.continuation)});
    canonical &= wide.back() == item;
  }
  meter_.spend(items.size());
  meter_.states(sets_.size() + 1);
  meter_.nesting(info.depth);
  const u32 id = sets_.intern(words, size);
  info.canonical = id;
  infos_.push_back(info);
  closures_.emplace_back();
  item_count_ += items.size();
  if (!canonical) {
    std::sort(wide.begin(), wide.end());
    wide.erase(std::unique(wide.begin(), wide.end()), wide.end());
    const u32 found = intern_flat(wide);
    infos_[id].canonical = found;
  }
  return id;
}

// The continuation of `node`, where the component is entered with these continuations from outside.
u32 Parser::reference(u32 component, const std::vector<std::pair<u32, u32>>& outside, u32 node) {
  std::vector<u32> key{component};
  for (const auto& [n, c] : outside) {
    key.push_back(n);
    key.push_back(c);
  }
  bool added = false;
  const u32 instance = instances_.intern(key, &added);
  if (added) {
    const Meter::Hold hold(meter_);
    // Nodes that can stand at the left corner of those entered.
    std::vector<u32> active;
    for (const auto& entry : outside) active.push_back(entry.first);
    auto is_active = [&](u32 n) { return std::find(active.begin(), active.end(), n) != active.end(); };
    for (std::size_t i = 0; i < active.size(); ++i)
      for (const Edge& e : edges_[component])
        if (e.from == active[i] && !is_active(e.to)) active.push_back(e.to);
    const u32 first = static_cast<u32>(references_.size());
    instance_ranges_.push_back({first, first + static_cast<u32>(active.size())});
    auto id_of = [&](u32 n) {
      return kReference | (first + static_cast<u32>(std::find(active.begin(), active.end(), n) - active.begin()));
    };
    u32 depth = 1;
    for (const auto& entry : outside) depth = std::max(depth, continuation_depth(entry.second) + 1);
    for (u32 n : active) references_.push_back({instance, n, {}, kNone, kNone, depth});
    std::vector<std::vector<Item>> direct(active.size());
    std::vector<std::vector<u32>> links(active.size());
    std::vector<u32> shortest(active.size(), kFar);
    std::vector<Item> scratch;
    for (std::size_t i = 0; i < active.size(); ++i) {
      std::vector<Item> raw;
      for (const Edge& e : edges_[component])
        if (e.to == active[i] && is_active(e.from)) raw.push_back({e.rest.position, e.rest.reg, id_of(e.from)});
      flatten(std::move(raw), direct[i], &links[i]);
      for (const auto& [n, c] : outside)
        if (n == active[i]) {
          const auto* items = items_of(c, scratch);
          direct[i].insert(direct[i].end(), items->begin(), items->end());
          shortest[i] = continuation_shortest(c);
        }
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (const Edge& e : edges_[component]) {
        if (!is_active(e.from)) continue;
        const u32 way = add_lengths(item_shortest(e.rest), shortest[(id_of(e.from) ^ kReference) - first]);
        u32& known = shortest[(id_of(e.to) ^ kReference) - first];
        if (way < known) known = way, changed = true;
      }
    }
    for (std::size_t i = 0; i < active.size(); ++i) {
      std::vector<bool> seen(active.size(), false);
      std::vector<std::size_t> todo{i};
      seen[i] = true;
      std::vector<Item> items;
      while (!todo.empty()) {
        const std::size_t at = todo.back();
        todo.pop_back();
        items.insert(items.end(), direct[at].begin(), direct[at].end());
        for (u32 link : links[at]) {
          const std::size_t to = (link ^ kReference) - first;
          if (!seen[to]) seen[to] = true, todo.push_back(to);
        }
      }
      std::sort(items.begin(), items.end());
      items.erase(std::unique(items.begin(), items.end()), items.end());
      item_count_ += items.size();
      meter_.spend(items.size() + 1);
      Reference& made = references_[first + i];
      made.items = std::move(items);
      made.shortest = shortest[i];
    }
    std::vector<std::pair<u32, u32>> wide = outside;
    for (auto& entry : wide) entry.second = continuation_canonical(entry.second);
    for (std::size_t i = 0; i < active.size(); ++i) {
      const u32 found =
          wide == outside ? kReference | (first + static_cast<u32>(i)) : reference(component, wide, active[i]);
      references_[first + i].canonical = found;
    }
  }
  for (u32 r = instance_ranges_[instance].first; r < instance_ranges_[instance].second; ++r)
    if (references_[r].node == node) return kReference | r;
  return kNone;  // not reached: callers name nodes that are active
}

// Everything that the state predicts. Components are taken from the outside in, so that all continuations that
// lead into one are known when its turn comes.
void Parser::close(u32 state) {
  std::vector<std::pair<u32, Item>>& moves = moves_;
  moves.clear();
  waiting_.clear();
  for (u32 node : touched_) predicted_[node].clear();  // left behind by an error
  touched_.clear();
  auto take = [&](int symbol, const Item& after) {
    if (symbol < 0) {
      moves.push_back({static_cast<u32>(-symbol - 1), after});
      return;
    }
    std::vector<Item>& list = predicted_[static_cast<u32>(symbol)];
    if (list.empty()) {
      waiting_.push_back(nodes_[static_cast<u32>(symbol)].component);
      std::push_heap(waiting_.begin(), waiting_.end());
      touched_.push_back(static_cast<u32>(symbol));
    }
    if (list.empty() || !(list.back() == after)) list.push_back(after);
  };
  items_of(state, items_);
  for (const Item& item : items_) choices(item, take);
  while (!waiting_.empty()) {
    const u32 component = waiting_.front();
    while (!waiting_.empty() && waiting_.front() == component) {
      std::pop_heap(waiting_.begin(), waiting_.end());
      waiting_.pop_back();
    }
    meter_.spend(1);
    if (!recursive_[component]) {
      const u32 node = components_[component][0];
      std::vector<Item> raw;
      raw.swap(predicted_[node]);
      const u32 continuation = intern(std::move(raw));
      first_items(node, continuation, [&](const Item& item) { choices(item, take); });
      continue;
    }
    std::vector<std::pair<u32, u32>> outside;
    for (u32 node : components_[component])
      if (!predicted_[node].empty()) {
        std::vector<Item> raw;
        raw.swap(predicted_[node]);
        outside.push_back({node, intern(std::move(raw))});
      }
    const u32 instance = references_[reference(component, outside, outside[0].first) ^ kReference].instance;
    const auto [first, last] = instance_ranges_[instance];
    for (u32 r = first; r < last; ++r)
      first_items(references_[r].node, kReference | r, [&](const Item& item) {
        choices(item, [&](int symbol, const Item& after) {
          if (symbol >= 0 && nodes_[static_cast<u32>(symbol)].component == component) return;  // an inner edge
          take(symbol, after);
        });
      });
  }
  std::sort(moves.begin(), moves.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first < b.first : a.second < b.second; });
  moves.erase(std::unique(moves.begin(), moves.end()), moves.end());
  meter_.spend(moves.size());
  item_count_ += moves.size();
  Closure& closure = closures_[state];
  for (const auto& move : moves)
    if (closure.terminals.empty() || closure.terminals.back() != move.first) closure.terminals.push_back(move.first);
  if (!ignored_.empty()) {
    std::vector<u32> merged;
    std::set_union(closure.terminals.begin(), closure.terminals.end(), ignored_.begin(), ignored_.end(),
                   std::back_inserter(merged));
    closure.terminals.swap(merged);
  }
  closure.moves = moves;
  closure.done = true;
}

const std::vector<u32>& Parser::terminals(u32 state) {
  if (!closures_[state].done) close(state);
  return closures_[state].terminals;
}

u32 Parser::next(u32 state, const std::vector<u32>& terminals) {
  key_.assign(1, state);
  key_.insert(key_.end(), terminals.begin(), terminals.end());
  bool added = false;
  const u32 at = next_keys_.intern(key_, &added);
  if (added) next_values_.push_back(kNone);
  if (next_values_[at] != kNone) return next_values_[at];
  if (!closures_[state].done) close(state);
  std::vector<Item> raw;
  for (u32 t : terminals) {
    if (std::binary_search(ignored_.begin(), ignored_.end(), t)) {
      std::vector<Item> own;
      items_of(state, own);
      raw.insert(raw.end(), own.begin(), own.end());
    }
    const auto& moves = closures_[state].moves;
    auto from = std::lower_bound(moves.begin(), moves.end(), t,
                                 [](const std::pair<u32, Item>& m, u32 terminal) { return m.first < terminal; });
    for (; from != moves.end() && from->first == t; ++from) raw.push_back(from->second);
  }
  std::vector<Item> items;
  flatten(std::move(raw), items, nullptr);
  const u32 result = intern_flat(items);
  next_values_[at] = result;
  return result;
}

}  // namespace structgen
