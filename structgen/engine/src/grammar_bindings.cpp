// Compiled grammars, for Python.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "grammar_bindings.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen;

// The position of a number that came from here.
Position structgen::position_of(CompiledGrammar& grammar, std::int64_t number) {
  const u64 configuration = static_cast<u64>(number) & UINT32_MAX;
  if (number < 0 || configuration >= grammar.configurations().size())
    throw nb::index_error("no such configuration of this grammar");
  if (static_cast<u64>(number) == configuration) return {static_cast<u32>(configuration), {}};
  const auto lock = brief_lock(grammar.store());
  return grammar.numbers().position(static_cast<u64>(number));
}

std::int64_t structgen::number_of(CompiledGrammar& grammar, const Position& position) {
  if (position.state.blank()) return position.configuration;
  const auto lock = brief_lock(grammar.store());
  return static_cast<std::int64_t>(grammar.numbers().number(position));
}

namespace {

std::shared_ptr<CompiledGrammar> make_grammar(std::shared_ptr<Store> store, std::vector<int> nodes, u32 start,
                                              std::vector<u32> terminals, std::vector<int> priorities,
                                              std::vector<u32> guards, std::vector<u8> effects,
                                              std::vector<u32> ignored, std::vector<u32> end_tokens, bool dynamic,
                                              u64 expressions, u64 states, u64 work, u64 row_bytes, u64 nesting,
                                              u64 milliseconds) {
  CompiledGrammar::Source source;
  source.rules.nodes = std::move(nodes);
  source.rules.start = start;
  source.rules.ignored = std::move(ignored);
  source.terminals = {std::move(terminals), std::move(priorities), std::move(guards), std::move(effects)};
  source.end_tokens = std::move(end_tokens);
  source.dynamic = dynamic;
  source.limits = {expressions, states, work, row_bytes, nesting, milliseconds};
  const nb::gil_scoped_release released;
  const std::lock_guard guard(store->mutex);
  return std::make_shared<CompiledGrammar>(store, std::move(source));
}

// Advances the position by the token; false if it is not allowed.
bool advance(CompiledGrammar& grammar, Position& position, u32 token) {
  if (token == kNone) return false;
  auto lock = brief_lock(grammar.store());
  if (grammar.positions().advance_known(position, token)) return true;
  auto found = step(grammar, [&] { return grammar.positions().advance(position, token); }, std::move(lock));
  if (found) position = std::move(*found);
  return found.has_value();
}

std::int64_t id_of(const RowTable::Numbered& row) { return row.row ? row.id : std::int64_t{-1}; }

using Class = nb::class_<CompiledGrammar>;

void define_positions(Class& c) {
  c.def("try_advance",
        [](CompiledGrammar& g, std::int64_t configuration, std::int64_t token) -> std::int64_t {
          Position position = position_of(g, configuration);
          return advance(g, position, token_of(token)) ? number_of(g, position) : -1;
        })
      .def(
          "try_read",
          [](CompiledGrammar& g, std::int64_t configuration, const nb::bytes& text) {
            Position at = position_of(g, configuration);
            const std::string bytes = bytes_of(text);
            return locked(g, [&]() -> std::pair<std::int64_t, std::size_t> {
              const std::size_t read = g.positions().read_text(at, bytes);
              return {static_cast<std::int64_t>(g.numbers().number(at)), read};
            });
          },
          "The configuration after as many bytes of the text as can be read, and how many these are.")
      .def("can_stop",
           [](CompiledGrammar& g, std::int64_t configuration) {
             const Position at = position_of(g, configuration);
             return locked(g, [&] { return g.positions().can_stop(at); });
           })
      .def("is_finished", [](CompiledGrammar& g, std::int64_t configuration) {
        return position_of(g, configuration).configuration == kFinished;
      });
}

using Numbers = nb::ndarray<nb::numpy, std::int64_t, nb::ndim<1>>;

// Numbers as a numpy array, which owns them.
Numbers array_of(std::vector<std::int64_t> numbers) {
  auto kept = std::make_unique<std::vector<std::int64_t>>(std::move(numbers));
  std::vector<std::int64_t>* raw = kept.release();
  const nb::capsule owner(raw, [](void* p) noexcept { delete static_cast<std::vector<std::int64_t>*>(p); });
  return {raw->data(), {raw->size()}, owner};
}

// The allowed tokens of a configuration, ascending, and the configuration after each.
std::pair<Numbers, Numbers> successors(CompiledGrammar& g, std::int64_t configuration) {
  const Position at = position_of(g, configuration);
  std::vector<std::int64_t> tokens, following;
  if (const RowTable::Numbered found = numbered_row(g, at); found.row) {
    found.row->each([&](u32 token) {
      Position after = at;
      if (!advance(g, after, token)) return;
      tokens.push_back(token);
      following.push_back(number_of(g, after));
    });
  }
  return {array_of(std::move(tokens)), array_of(std::move(following))};
}

void define_masks(Class& c) {
  c.def("successors", &successors, "configuration"_a,
        "The allowed tokens of a configuration, and the configuration after each.");
  c.def(
       "fill",
       [](CompiledGrammar& g, std::int64_t configuration, const Rows& rows, std::int64_t row) {
         const RowPlace place = place_of(rows, row, g.store().trie);
         return fill(g, position_of(g, configuration), place);
       },
       "configuration"_a, "array"_a.noconvert(), "row"_a, "Write the row of a configuration; False in a dead end.")
      .def(
          "fill_within",
          [](CompiledGrammar& g, std::int64_t configuration, u64 budget, const Rows& rows, std::int64_t row) {
            const RowPlace place = place_of(rows, row, g.store().trie);
            const Position at = position_of(g, configuration);
            return locked(g, [&] { return write(g.budget().row_within(at, budget), place, g.store().trie); });
          },
          "configuration"_a, "budget"_a, "array"_a.noconvert(), "row"_a)
      .def(
          "row_id",
          [](CompiledGrammar& g, std::int64_t configuration) {
            return id_of(numbered_row(g, position_of(g, configuration)));
          },
          "configuration"_a, "The id of the row of a configuration; -1 in a dead end.")
      .def(
          "row_id_within",
          [](CompiledGrammar& g, std::int64_t configuration, u64 budget) {
            const Position at = position_of(g, configuration);
            return id_of(locked(g, [&] { return g.masks().number(at, g.budget().row_within(at, budget)); }));
          },
          "configuration"_a, "budget"_a);
}

void define_completions(Class& c) {
  c.def("completion_tokens",
        [](CompiledGrammar& g, std::int64_t configuration) -> std::int64_t {
          const Position at = position_of(g, configuration);
          const u32 found = locked(g, [&] { return g.completions().tokens(at); });
          return found == kNone ? -1 : static_cast<std::int64_t>(found);
        })
      .def("completion",
           [](CompiledGrammar& g, std::int64_t configuration) -> std::optional<std::pair<nb::bytes, std::vector<u32>>> {
             const Position at = position_of(g, configuration);
             const auto found = locked(g, [&] { return g.completions().find(at); });
             if (!found) return std::nullopt;
             return std::make_pair(to_bytes(found->text), found->tokens);
           })
      .def("forced_tokens", [](CompiledGrammar& g, std::int64_t configuration, std::size_t most) {
        const Position at = position_of(g, configuration);
        return locked(g, [&] { return g.completions().forced_tokens(at, most); });
      });
}

nb::typed<nb::dict, nb::str, int> stats_of(CompiledGrammar& g) {
  const auto lock = brief_lock(g.store());
  const CompiledGrammar::Stats s = g.stats();
  nb::typed<nb::dict, nb::str, int> d;
  d["configurations"] = s.configurations;
  d["parse_states"] = s.parse_states;
  d["items"] = s.items;
  d["rows"] = s.rows;
  d["row_bytes"] = s.row_bytes;
  d["advances"] = s.advances;
  d["expressions"] = s.expressions;
  d["lexer_states"] = s.lexer_states;
  d["walks"] = s.walks;
  d["trie_nodes_walked"] = s.trie_nodes;
  d["store_bytes"] = s.store_bytes;
  d["parser_bytes"] = s.parser_bytes;
  return d;
}

void define_facts(Class& c) {
  c.def(
       "live_terminals",
       [](CompiledGrammar& g, std::int64_t configuration) {
         const Position at = position_of(g, configuration);
         return locked(g, [&] { return g.configurations().live_terminals(at.configuration); });
       },
       "Terminals that are being read, or that may begin.")
      .def(
          "next_bytes",
          [](CompiledGrammar& g, std::int64_t configuration) {
            const Position at = position_of(g, configuration);
            return to_bytes(locked(g, [&] { return g.positions().next_bytes(at); }));
          },
          "The bytes that may come next.")
      .def(
          "is_fresh",
          [](CompiledGrammar& g, std::int64_t configuration) {
            const Position at = position_of(g, configuration);
            const auto lock = brief_lock(g.store());
            return g.configurations().is_fresh(at.configuration);
          },
          "Returns True if nothing is read of a terminal.")
      .def("stats", &stats_of);
}

}  // namespace

void bind_grammar(nb::module_& m) {
  Class c(m, "CompiledGrammar", "A compiled grammar: rules over terminals, for one store.");
  c.def(nb::new_(&make_grammar), "store"_a, "nodes"_a, "start"_a, "terminals"_a, "priorities"_a, "guards"_a,
        "effects"_a, "ignored"_a, "end_tokens"_a, "dynamic"_a, "expressions"_a, "states"_a, "work"_a, "row_bytes"_a,
        "nesting"_a, "milliseconds"_a)
      .def_prop_ro("initial", &CompiledGrammar::initial)
      .def_prop_ro("has_unique_texts", &CompiledGrammar::has_unique_texts)
      .def_prop_ro("store", &CompiledGrammar::shared_store);
  define_positions(c);
  define_masks(c);
  define_completions(c);
  define_facts(c);
}
