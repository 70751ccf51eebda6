#include "parser.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kFar = 1u << 30;
constexpr u32 kReference = 1u << 31;  // marks a continuation that is a reference, not a set

u32 add(u32 a, u32 b) { return std::min(kFar, a + b); }
u32 times(u32 a, u32 n) { return static_cast<u32>(std::min<u64>(kFar, static_cast<u64>(a) * n)); }

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

void Parser::read(const Source& source) {
  const std::vector<int>& flat = source.nodes;
  std::size_t at = 0;
  while (at < flat.size()) {
    NodeInfo node;
    node.kind = static_cast<NodeKind>(flat[at++]);
    if (node.kind == Rule) {
      for (int n = flat[at++]; n > 0; --n) {
        const int length = flat[at++];
        node.symbols.emplace_back(flat.begin() + static_cast<std::ptrdiff_t>(at),
                                  flat.begin() + static_cast<std::ptrdiff_t>(at) + length);
        at += static_cast<std::size_t>(length);
      }
    } else if (node.kind == Repetition) {
      node.body = flat[at];
      node.min = static_cast<u32>(flat[at + 1]);
      node.max = flat[at + 2] < 0 ? kNone : static_cast<u32>(flat[at + 2]);
      at += 3;
    } else {
      node.separated = flat[at] != 0;
      node.body = flat[at + 1];
      const int n = flat[at + 2];
      at += 3;
      for (int i = 0; i < n; ++i, at += 2) node.members.push_back({flat[at], flat[at + 1]});
    }
    nodes_.push_back(std::move(node));
  }
  NodeInfo top;  // holds the start symbol, so that it stands before a position
  top.symbols.push_back({static_cast<int>(source.start)});
  nodes_.push_back(std::move(top));
}

u32 Parser::symbol_shortest(int symbol) const {
  return symbol < 0 ? terminal_lengths_[static_cast<u32>(-symbol - 1)] : nodes_[static_cast<u32>(symbol)].shortest;
}

// The shortest text of each node (Knuth, A generalization of Dijkstra's algorithm, 1977); then drops what has none.
void Parser::find_lengths(const Source&) {
  std::vector<std::vector<u32>> users(nodes_.size());
  auto uses = [&](u32 node, int symbol) {
    if (symbol >= 0) users[static_cast<u32>(symbol)].push_back(node);
  };
  for (u32 i = 0; i < nodes_.size(); ++i) {
    for (const auto& alternative : nodes_[i].symbols)
      for (int s : alternative) uses(i, s);
    if (nodes_[i].kind == Repetition || nodes_[i].separated) uses(i, nodes_[i].body);
    for (const Member& m : nodes_[i].members) uses(i, m.symbol);
  }
  auto evaluate = [&](const NodeInfo& node) {
    u32 best = kFar;
    if (node.kind == Rule) {
      for (const auto& alternative : node.symbols) {
        u32 sum = 0;
        for (int s : alternative) sum = add(sum, symbol_shortest(s));
        best = std::min(best, sum);
      }
    } else if (node.kind == Repetition) {
      best = node.min == 0 ? 0 : times(symbol_shortest(node.body), node.min);
    } else {
      u32 sum = 0, required = 0;
      for (const Member& m : node.members)
        if (m.mode == 1) sum = add(sum, symbol_shortest(m.symbol)), ++required;
      if (node.separated && required > 1) sum = add(sum, times(symbol_shortest(node.body), required - 1));
      best = sum;
    }
    return best;
  };
  std::vector<u32> queue(nodes_.size());
  std::vector<bool> queued(nodes_.size(), true);
  for (u32 i = 0; i < queue.size(); ++i) queue[i] = static_cast<u32>(nodes_.size()) - 1 - i;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const u32 i = queue[at];
    queued[i] = false;
    const u32 length = evaluate(nodes_[i]);
    meter_.spend(1 + nodes_[i].symbols.size());
    if (length >= nodes_[i].shortest) continue;
    nodes_[i].shortest = length;
    for (u32 user : users[i])
      if (!queued[user]) {
        queued[user] = true;
        queue.push_back(user);
      }
  }
  if (nodes_.back().shortest >= kFar) throw EmptyLanguage{"no text can match: every way through the grammar needs a "
                                                          "rule that never finishes, or a terminal that denotes nothing"};
  for (NodeInfo& node : nodes_) {
    node.nullable = node.shortest == 0;
    std::erase_if(node.symbols, [&](const std::vector<int>& alternative) {
      return std::any_of(alternative.begin(), alternative.end(), [&](int s) { return symbol_shortest(s) >= kFar; });
    });
    if (node.kind == Repetition) {
      const u32 one = symbol_shortest(node.body);
      if (one == 0) node.min = 0;
      if (one >= kFar || node.max == 0) {  // nothing but the empty text is left
        node = NodeInfo{};
        node.symbols.emplace_back();
        node.shortest = 0;
        node.nullable = true;
      }
    }
    std::erase_if(node.members, [&](const Member& m) { return symbol_shortest(m.symbol) >= kFar; });
    for (Member& m : node.members)
      if (m.mode == 1 && symbol_shortest(m.symbol) == 0) m.mode = 0;
    node.alone = node.kind == Permutation && node.separated && symbol_shortest(node.body) >= kFar;
  }
}

void Parser::lay_out() {
  positions_.push_back({Accept, 0, 0});
  for (u32 i = 0; i < nodes_.size(); ++i) {
    NodeInfo& node = nodes_[i];
    for (const auto& alternative : node.symbols) {
      node.alternatives.push_back(static_cast<u32>(positions_.size()));
      const std::size_t from = positions_.size();
      for (int s : alternative)
        positions_.push_back({s < 0 ? Terminal : Node, static_cast<u32>(s < 0 ? -s - 1 : s), 0});
      positions_.push_back({End, 0, 0});
      u32 rest = 0;
      for (std::size_t k = alternative.size(); k-- > 0;) {
        rest = add(rest, symbol_shortest(alternative[k]));
        positions_[from + k].shortest = rest;
      }
    }
    if (node.kind == Repetition) {
      const u32 bounds[] = {node.min, node.max};
      node.first_register = registers_.intern(bounds, 2);
      node.loop = static_cast<u32>(positions_.size());
      positions_.push_back({Loop, i, 0});
    } else if (node.kind == Permutation) {
      node.first_register = registers_.intern(std::vector<u32>((node.members.size() + 31) / 32, 0));
      node.choose = static_cast<u32>(positions_.size());
      positions_.push_back({Choose, i, 0});
      node.more = static_cast<u32>(positions_.size());
      positions_.push_back({More, i, 0});
    }
    node.symbols.clear();
    node.symbols.shrink_to_fit();
  }
}

// Calls visit for each item with which a text of the node can begin, nullable symbols stepped over.
template <class Visit>
void Parser::first_items(u32 n, u32 continuation, Visit&& visit) const {
  const NodeInfo& node = nodes_[n];
  if (node.kind == Repetition) return visit(Item{node.loop, node.first_register, continuation});
  if (node.kind == Permutation) {
    if (!node.members.empty()) visit(Item{node.choose, node.first_register, continuation});
    return;
  }
  for (u32 p : node.alternatives)
    for (;; ++p) {
      const Position& position = positions_[p];
      if (position.kind == End) break;
      visit(Item{p, 0, continuation});
      if (position.kind != Node || !nodes_[position.value].nullable) break;
    }
}

// Calls visit(symbol, item after it) for each symbol that the item takes next.
template <class Visit>
void Parser::choices(const Item& item, Visit&& visit) {
  const Position& position = positions_[item.position];
  switch (position.kind) {
    case Terminal:
      visit(-static_cast<int>(position.value) - 1, Item{item.position + 1, 0, item.continuation});
      break;
    case Node:
      visit(static_cast<int>(position.value), Item{item.position + 1, 0, item.continuation});
      break;
    case Loop:
      visit(nodes_[position.value].body, Item{item.position, decremented(item.reg), item.continuation});
      break;
    case More:
      if (nodes_[position.value].separated) {
        visit(nodes_[position.value].body, Item{nodes_[position.value].choose, item.reg, item.continuation});
        break;
      }
      [[fallthrough]];
    case Choose: {
      const NodeInfo& node = nodes_[position.value];
      for (u32 i = 0; i < node.members.size(); ++i) {
        const Member& member = node.members[i];
        if (member.mode != 2 && used(item.reg, i)) continue;
        const u32 reg = member.mode == 2 ? item.reg : with_member(item.reg, i);
        if (node.alone && !all_required_used(node, reg)) continue;
        visit(member.symbol, Item{node.more, reg, item.continuation});
      }
      break;
    }
    default:
      break;
  }
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

// Tarjan's strongly connected components of the left-corner graph; a component comes before those that begin with it.
void Parser::find_components() {
  const u32 n = static_cast<u32>(nodes_.size());
  std::vector<std::vector<Edge>> corners(n);
  for (u32 i = 0; i < n; ++i)
    first_items(i, 0, [&](const Item& item) {
      choices(item, [&](int symbol, const Item& after) {
        if (symbol >= 0) corners[i].push_back({i, static_cast<u32>(symbol), after});
      });
    });
  std::vector<u32> order(n, kNone), low(n, 0), stack;
  std::vector<bool> open(n, false);
  u32 counter = 0;
  struct Frame {
    u32 node;
    u32 edge;
  };
  for (u32 root = 0; root < n; ++root) {
    if (order[root] != kNone) continue;
    std::vector<Frame> frames{{root, 0}};
    while (!frames.empty()) {
      const u32 node = frames.back().node;
      if (frames.back().edge == 0 && order[node] == kNone) {
        order[node] = low[node] = counter++;
        stack.push_back(node);
        open[node] = true;
      }
      if (frames.back().edge < corners[node].size()) {
        const u32 to = corners[node][frames.back().edge++].to;
        if (order[to] == kNone)
          frames.push_back({to, 0});
        else if (open[to])
          low[node] = std::min(low[node], order[to]);
        continue;
      }
      if (low[node] == order[node]) {
        std::vector<u32> component;
        u32 member;
        do {
          member = stack.back();
          stack.pop_back();
          open[member] = false;
          nodes_[member].component = static_cast<u32>(components_.size());
          component.push_back(member);
        } while (member != node);
        std::sort(component.begin(), component.end());
        components_.push_back(std::move(component));
      }
      frames.pop_back();
      if (!frames.empty()) low[frames.back().node] = std::min(low[frames.back().node], low[node]);
    }
  }
  recursive_.assign(components_.size(), false);
  edges_.resize(components_.size());
  for (u32 i = 0; i < n; ++i)
    for (const Edge& e : corners[i])
      if (nodes_[e.from].component == nodes_[e.to].component) {
        recursive_[nodes_[i].component] = true;
        edges_[nodes_[i].component].push_back(e);
      }
}

u32 Parser::item_shortest(const Item& item) const {
  const Position& position = positions_[item.position];
  const NodeInfo* node = position.kind >= Loop ? &nodes_[position.value] : nullptr;
  if (position.kind == Loop) return times(symbol_shortest(node->body), registers_[item.reg][0]);
  if (position.kind == Choose || position.kind == More) {
    u32 sum = 0, required = 0, least = kFar;
    for (u32 i = 0; i < node->members.size(); ++i) {
      const Member& m = node->members[i];
      if (m.mode != 2 && used(item.reg, i)) continue;
      least = std::min(least, symbol_shortest(m.symbol));
      if (m.mode == 1) sum = add(sum, symbol_shortest(m.symbol)), ++required;
    }
    u32 separators = required;
    if (position.kind == Choose) {
      if (required == 0) return least;
      --separators;
    }
    return node->separated ? add(sum, times(symbol_shortest(node->body), separators)) : sum;
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
  bool added = false;
  const u32 id = sets_.intern(reinterpret_cast<const u32*>(items.data()), static_cast<u32>(items.size() * 3), &added);
  if (!added) return id;
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
    info.shortest = std::min(info.shortest, add(item_shortest(item), continuation_shortest(item.continuation)));
    info.depth = std::max(info.depth, continuation_depth(item.continuation) + 1);
    wide.push_back({item.position, canonical_register(item), continuation_canonical(item.continuation)});
    canonical &= wide.back() == item;
  }
  info.canonical = id;
  infos_.push_back(info);
  closures_.emplace_back();
  item_count_ += items.size();
  meter_.spend(items.size());
  meter_.states(sets_.size());
  meter_.nesting(info.depth);
  u32 found = id;
  if (!canonical) {
    std::sort(wide.begin(), wide.end());
    wide.erase(std::unique(wide.begin(), wide.end()), wide.end());
    found = intern_flat(wide);
  }
  infos_[id].canonical = found;
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
        const u32 way = add(item_shortest(e.rest), shortest[(id_of(e.from) ^ kReference) - first]);
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
      const u32 found = wide == outside ? kReference | (first + static_cast<u32>(i))
                                        : reference(component, wide, active[i]);
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
  std::sort(moves.begin(), moves.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second < b.second;
  });
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
