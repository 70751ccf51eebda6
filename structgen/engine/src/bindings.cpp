// With expression_bindings.cpp and apply_bindings.cpp all that includes nanobind: converts, translates errors, releases
// the GIL, decides nothing. What is memoised is answered at once, without giving up the GIL (bindings.h).
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "bindings.h"
#include "matcher.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen;

namespace {

using Rows = nb::ndarray<std::int32_t, nb::ndim<2>, nb::device::cpu>;

// Python's classes for what the engine has to say.
[[noreturn]] void raise(const char* module, const char* name, const nb::tuple& arguments) {
  const nb::object error = nb::module_::import_(module).attr(name)(*arguments);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  throw nb::python_error();
}

// Runs `work` without the GIL, with the store locked and the meter of the grammar attached.
template <class Work>
auto locked(Grammar& grammar, Work&& work, std::unique_lock<std::mutex> taken = {}) {
  const nb::gil_scoped_release released;
  const std::unique_lock guard = taken.owns_lock() ? std::move(taken) : std::unique_lock(grammar.store().mutex);
  const Spending spending(grammar.store(), grammar.meter());
  return work();
}

// The same for what is mostly short: with the GIL for so long, and anew without it if that was not enough. Tables are
// whole in between, and what was found meanwhile is found again.
template <class Work>
auto step(Grammar& grammar, Work&& work, std::unique_lock<std::mutex> taken) {
  constexpr u64 kShort = 1000;
  struct Allowance {
    explicit Allowance(u64& limit) : work(limit), whole(limit) { work = kShort; }
    ~Allowance() { work = whole; }
    u64& work;
    const u64 whole;
  };
  if (grammar.meter().limits.work > kShort) {
    const Allowance allowance(grammar.meter().limits.work);
    const Spending spending(grammar.store(), grammar.meter());
    try {
      return work();
    } catch (const LimitExceeded& error) {
      if (error.value != kShort || std::string_view(error.which) != "work") throw;
    }
  }
  return locked(grammar, work, std::move(taken));
}

// The position of a number that came from here.
Position check(Grammar& grammar, std::int64_t number) {
  const u64 configuration = static_cast<u64>(number) & UINT32_MAX;
  if (number < 0 || configuration >= grammar.configurations())
    throw nb::index_error("no such configuration of this grammar");
  if (static_cast<u64>(number) == configuration) return {static_cast<u32>(configuration), {}};
  const auto lock = brief_lock(grammar.store());
  return grammar.position(static_cast<u64>(number));
}

std::int64_t number(Grammar& grammar, const Position& position) {
  if (position.memory.blank()) return position.configuration;
  const auto lock = brief_lock(grammar.store());
  return static_cast<std::int64_t>(grammar.number(position));
}

// Moves the position behind the token. False if it is not allowed. What its memory was is put into `before`, if that
// changes.
bool advance(Grammar& grammar, Position& position, std::int64_t token, std::optional<Memory>* before = nullptr) {
  if (token < 0 || token >= static_cast<std::int64_t>(kNone)) return false;
  const u32 id = static_cast<u32>(token);
  auto lock = brief_lock(grammar.store());
  if (grammar.advance_known(position, id)) return true;
  auto found = step(grammar, [&] { return grammar.advance(position, id); }, std::move(lock));
  if (!found) return false;
  if (before && grammar.records()) *before = std::move(position.memory);
  position = std::move(*found);
  return true;
}

// Writes the row of the position to `to`, `words` words wide. False in a dead end.
bool fill(Grammar& grammar, const Position& position, u32* to, std::size_t words) {
  const u32 own = grammar.store().trie.words();
  auto write = [&](const Row& row) {
    row->store(to);
    std::fill(to + own, to + words, 0u);
  };
  auto lock = brief_lock(grammar.store());
  if (const Row& known = grammar.known_row(position)) {
    write(known);
    return true;
  }
  auto make = [&] {
    const Row made = grammar.row(position);
    if (made) write(made);
    return made != nullptr;
  };
  return step(grammar, make, std::move(lock));
}

u32* place_of(const Rows& rows, std::int64_t row, const Trie& trie, std::size_t* words) {
  if (rows.stride(1) != 1 && rows.shape(1) > 1) throw nb::value_error("the words of a row must be contiguous");
  if (row < 0 || static_cast<std::size_t>(row) >= rows.shape(0)) throw nb::index_error("no such row in the array");
  if (rows.shape(1) < trie.words())
    throw nb::value_error("the array is too narrow: a row needs ceil(V / 32) words, V the size of the vocabulary");
  *words = rows.shape(1);
  return reinterpret_cast<u32*>(rows.data() + row * rows.stride(0));
}

nb::object read_only(const Row& row, u32 words) {
  using Array = nb::ndarray<nb::numpy, const std::int32_t, nb::ndim<1>>;
  if (row->dense()) {
    auto* keep = new Row(row);
    const nb::capsule owner(keep, [](void* p) noexcept { delete static_cast<Row*>(p); });
    return nb::cast(Array((*keep)->words().data(), {words}, owner));
  }
  auto* copy = new std::vector<u32>(words);
  const nb::capsule owner(copy, [](void* p) noexcept { delete static_cast<std::vector<u32>*>(p); });
  row->store(copy->data());
  return nb::cast(Array(copy->data(), {words}, owner));
}

// One sequence: a position, those before it, and where its rows go.
class Matcher {
 public:
  explicit Matcher(std::shared_ptr<Grammar> grammar) : grammar_(std::move(grammar)), now_{grammar_->initial(), {}} {}

  void advance(std::int64_t token) {
    if (!try_advance(token)) raise("structgen.matcher", "rejection", nb::make_tuple(nb::find(*this), token));
  }
  bool try_advance(std::int64_t token) {
    const u32 configuration = now_.configuration;
    std::optional<Memory> memory;
    if (!::advance(*grammar_, now_, token, &memory)) return false;
    if (memory) memories_.emplace_back(before_.size(), std::move(*memory));
    before_.push_back(configuration);
    return true;
  }
  void rollback(std::int64_t count) {
    if (count < 0 || static_cast<u64>(count) > before_.size())
      throw nb::value_error("cannot roll back more tokens than were advanced");
    if (count == 0) return;
    const std::size_t left = before_.size() - static_cast<std::size_t>(count);
    now_.configuration = before_[left];
    before_.resize(left);
    for (; !memories_.empty() && memories_.back().first >= left; memories_.pop_back())
      now_.memory = std::move(memories_.back().second);
  }
  void bind(Rows rows, std::int64_t row) {
    place_ = place_of(rows, row, grammar_->store().trie, &words_);
    rows_ = std::move(rows);
  }
  void fill() {
    if (!place_) throw nb::value_error("the matcher is not bound: call bind(array, row) first");
    fill_at(place_, words_);
  }
  void fill_bitmask(const Rows& rows, std::int64_t row) {
    std::size_t words = 0;
    u32* place = place_of(rows, row, grammar_->store().trie, &words);
    fill_at(place, words);
  }
  nb::object bitmask() {
    const u32 words = grammar_->store().trie.words();
    Row row;
    {
      const auto lock = brief_lock(grammar_->store());
      row = grammar_->known_row(now_);
    }
    if (!row) row = locked(*grammar_, [&] { return grammar_->row(now_); });
    if (!row) dead_end();
    return read_only(row, words);
  }
  bool can_stop() {
    return locked(*grammar_, [&] { return grammar_->can_stop(now_); });
  }
  void set_configuration(std::int64_t number) {
    now_ = check(*grammar_, number);
    before_.clear();
    memories_.clear();
  }
  std::int64_t configuration() { return number(*grammar_, now_); }
  bool is_finished() const { return now_.configuration == Grammar::kFinished; }
  std::size_t advanced() const { return before_.size(); }
  void copy_from(const Matcher& other) {
    if (other.grammar_ != grammar_) throw nb::value_error("matchers of different grammars");
    now_ = other.now_;
    before_ = other.before_;
    memories_ = other.memories_;
  }

 private:
  void fill_at(u32* place, std::size_t words) {
    if (!::fill(*grammar_, now_, place, words)) dead_end();
  }
  [[noreturn]] void dead_end() { raise("structgen.matcher", "dead_end", nb::make_tuple(nb::find(*this))); }

  std::shared_ptr<Grammar> grammar_;
  Position now_;
  std::vector<u32> before_;  // configurations
  std::vector<std::pair<std::size_t, Memory>>
      memories_;  // where tokens changed them: how many came before, what it was
  std::optional<Rows> rows_;
  u32* place_ = nullptr;
  std::size_t words_ = 0;
};

std::shared_ptr<Store> make_store(const nb::typed<nb::list, std::optional<nb::bytes>>& tokens, u32 size) {
  std::vector<std::optional<std::string>> native;
  native.reserve(tokens.size());
  for (const nb::handle token : tokens) {
    if (token.is_none()) {
      native.emplace_back(std::nullopt);
      continue;
    }
    char* data = nullptr;
    Py_ssize_t length = 0;
    if (PyBytes_AsStringAndSize(token.ptr(), &data, &length) != 0) throw nb::python_error();
    native.emplace_back(std::string(data, static_cast<std::size_t>(length)));
  }
  if (native.size() > size) throw nb::value_error("more tokens than the size of the vocabulary");
  const nb::gil_scoped_release released;
  return std::make_shared<Store>(std::move(native), size);
}

std::shared_ptr<Grammar> make_grammar(std::shared_ptr<Store> store, std::vector<int> nodes, u32 start,
                                      std::vector<u32> terminals, std::vector<int> priorities, std::vector<u32> guards,
                                      std::vector<u8> effects, std::vector<u32> ignored, std::vector<u32> end_tokens,
                                      bool dynamic, u64 expressions, u64 states, u64 work, u64 row_bytes, u64 nesting,
                                      u64 milliseconds) {
  Grammar::Source source;
  source.rules.nodes = std::move(nodes);
  source.rules.start = start;
  source.rules.ignored = std::move(ignored);
  source.terminals = std::move(terminals);
  source.priorities = std::move(priorities);
  source.guards = std::move(guards);
  source.effects = std::move(effects);
  source.end_tokens = std::move(end_tokens);
  source.dynamic = dynamic;
  source.limits = {expressions, states, work, row_bytes, nesting, milliseconds};
  const nb::gil_scoped_release released;
  const std::lock_guard guard(store->mutex);
  return std::make_shared<Grammar>(store, std::move(source));
}

}  // namespace

void bind_expressions(nb::module_& m);  // expression_bindings.cpp
void bind_apply(nb::module_& m);        // apply_bindings.cpp

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);  // what lives as long as the process is not a leak
  m.doc() = "The native engine of structgen. Use structgen.compile() instead.";

  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const LimitExceeded& error) {
      const nb::object made = nb::module_::import_("structgen.errors").attr("LimitExceeded")(error.which, error.value);
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
    } catch (const Forgotten&) {
      PyErr_SetString(
          PyExc_IndexError,
          "this configuration of the grammar was given too many configurations ago: a Matcher keeps its own");
    } catch (const EmptyLanguage& error) {
      const nb::object made = nb::module_::import_("structgen.errors").attr("EmptyLanguageError")(error.what);
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
    }
  });

  nb::class_<Store>(m, "Store", nb::dynamic_attr(),
                    "What all grammars of a vocabulary share: trie, expressions, lexer states, walks.")
      .def(nb::new_(&make_store), "tokens"_a, "size"_a)
      .def_prop_ro("size", [](const Store& s) { return s.trie.width(); })
      .def_prop_ro("words", [](const Store& s) { return s.trie.words(); })
      .def_prop_ro("bytes", [](Store& s) {
        const auto lock = brief_lock(s);
        return s.bytes();
      });

  bind_expressions(m);

  nb::class_<Grammar>(m, "Grammar", "A compiled grammar: rules over terminals, for one store.")
      .def(nb::new_(&make_grammar), "store"_a, "nodes"_a, "start"_a, "terminals"_a, "priorities"_a, "guards"_a,
           "effects"_a, "ignored"_a, "end_tokens"_a, "dynamic"_a, "expressions"_a, "states"_a, "work"_a, "row_bytes"_a,
           "nesting"_a, "milliseconds"_a)
      .def_prop_ro("initial", &Grammar::initial)
      .def("try_advance",
           [](Grammar& g, std::int64_t configuration, std::int64_t token) -> std::int64_t {
             Position position = check(g, configuration);
             if (!advance(g, position, token)) return -1;
             return number(g, position);
           })
      .def(
          "try_read",
          [](Grammar& g, std::int64_t configuration, const nb::bytes& text) {
            Position at = check(g, configuration);
            const std::string bytes = bytes_of(text);
            return locked(g, [&]() -> std::pair<std::int64_t, std::size_t> {
              const std::size_t read = g.read_text(at, bytes);
              return {static_cast<std::int64_t>(g.number(at)), read};
            });
          },
          "The configuration after as many bytes of the text as can be read, and how many these are.")
      .def(
          "fill",
          [](Grammar& g, std::int64_t configuration, const Rows& rows, std::int64_t row) {
            std::size_t words = 0;
            u32* place = place_of(rows, row, g.store().trie, &words);
            return fill(g, check(g, configuration), place, words);
          },
          "configuration"_a, "array"_a.noconvert(), "row"_a, "Write the row of a configuration; False in a dead end.")
      .def(
          "fill_within",
          [](Grammar& g, std::int64_t configuration, u64 budget, const Rows& rows, std::int64_t row) {
            std::size_t words = 0;
            u32* place = place_of(rows, row, g.store().trie, &words);
            const Position at = check(g, configuration);
            return locked(g, [&] {
              const Row made = g.row_within(at, budget);
              if (!made) return false;
              made->store(place);
              std::fill(place + g.store().trie.words(), place + words, 0u);
              return true;
            });
          },
          "configuration"_a, "budget"_a, "array"_a.noconvert(), "row"_a)
      .def("can_stop",
           [](Grammar& g, std::int64_t configuration) {
             const Position at = check(g, configuration);
             return locked(g, [&] { return g.can_stop(at); });
           })
      .def("is_finished",
           [](Grammar& g, std::int64_t configuration) {
             return check(g, configuration).configuration == Grammar::kFinished;
           })
      .def("completion_tokens",
           [](Grammar& g, std::int64_t configuration) -> std::int64_t {
             const Position at = check(g, configuration);
             const u32 found = locked(g, [&] { return g.completion_tokens(at); });
             return found == kNone ? -1 : static_cast<std::int64_t>(found);
           })
      .def("completion",
           [](Grammar& g, std::int64_t configuration) -> std::optional<std::pair<nb::bytes, std::vector<u32>>> {
             const Position at = check(g, configuration);
             const auto found = locked(g, [&] { return g.completion(at); });
             if (!found) return std::nullopt;
             return std::make_pair(to_bytes(found->text), found->tokens);
           })
      .def("forced_tokens",
           [](Grammar& g, std::int64_t configuration, std::size_t most) {
             const Position at = check(g, configuration);
             return locked(g, [&] { return g.forced_tokens(at, most); });
           })
      .def(
          "live_terminals",
          [](Grammar& g, std::int64_t configuration) {
            const Position at = check(g, configuration);
            return locked(g, [&] { return g.live_terminals(at.configuration); });
          },
          "Terminals that are being read, or that may begin.")
      .def(
          "next_bytes",
          [](Grammar& g, std::int64_t configuration) {
            const Position at = check(g, configuration);
            return to_bytes(locked(g, [&] { return g.next_bytes(at); }));
          },
          "The bytes that may come next.")
      .def(
          "is_fresh",
          [](Grammar& g, std::int64_t configuration) {
            const Position at = check(g, configuration);
            const auto lock = brief_lock(g.store());
            return g.is_fresh(at.configuration);
          },
          "Whether nothing is read of a terminal.")
      .def("stats", [](Grammar& g) {
        const auto lock = brief_lock(g.store());
        const Grammar::Stats s = g.stats();
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
      });

  nb::class_<Matcher>(m, "Matcher", "One sequence's position in a compiled grammar.")
      .def(
          "__init__", [](Matcher* self, std::shared_ptr<Grammar> grammar) { new (self) Matcher(std::move(grammar)); },
          "grammar"_a)
      .def("advance", &Matcher::advance, "token_id"_a)
      .def("try_advance", &Matcher::try_advance, "token_id"_a)
      .def("rollback", &Matcher::rollback, "count"_a)
      .def("bind", &Matcher::bind, "array"_a.noconvert(), "row"_a)  // of another type a copy would be filled
      .def("fill", &Matcher::fill)
      .def("fill_bitmask", &Matcher::fill_bitmask, "array"_a.noconvert(), "row"_a)
      .def("bitmask", &Matcher::bitmask)
      .def("copy_from", &Matcher::copy_from, "other"_a)
      .def_prop_ro("can_stop", &Matcher::can_stop)
      .def_prop_ro("is_finished", &Matcher::is_finished)
      .def_prop_ro("advanced", &Matcher::advanced)
      .def_prop_rw("configuration", &Matcher::configuration, &Matcher::set_configuration);

  bind_apply(m);
}
