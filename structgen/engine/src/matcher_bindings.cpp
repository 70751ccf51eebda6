// Matchers, for Python.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <utility>

#include "grammar_bindings.h"
#include "matcher.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen;

namespace {

[[noreturn]] void raise(const char* name, const nb::tuple& arguments) {
  const nb::object error = nb::module_::import_("structgen.matcher").attr(name)(*arguments);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  throw nb::python_error();
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

// A matcher, and the row that it is bound to.
class BoundMatcher {
 public:
  explicit BoundMatcher(std::shared_ptr<CompiledGrammar> grammar) : matcher_(std::move(grammar)) {}

  void advance(std::int64_t token) {
    if (!try_advance(token)) raise("rejection", nb::make_tuple(nb::find(*this), token));
  }
  bool try_advance(std::int64_t token) {
    const u32 id = token_of(token);
    if (id == kNone) return false;
    auto lock = brief_lock(grammar().store());
    if (matcher_.advance_known(id)) return true;
    return step(grammar(), [&] { return matcher_.advance(id); }, std::move(lock));
  }
  void rollback(std::int64_t count) {
    if (count < 0 || !matcher_.rollback(static_cast<std::size_t>(count)))
      throw nb::value_error("cannot roll back more tokens than were advanced");
  }
  void bind(Rows rows, std::int64_t row) {
    place_ = place_of(rows, row, grammar().store().trie);
    rows_ = std::move(rows);
  }
  void fill() {
    if (!place_.words) throw nb::value_error("the matcher is not bound: call bind(array, row) first");
    fill_at(place_);
  }
  bool try_fill(const Rows& rows, std::int64_t row) {
    return structgen::fill(grammar(), matcher_.position(), place_of(rows, row, grammar().store().trie));
  }
  void fill_bitmask(const Rows& rows, std::int64_t row) { fill_at(place_of(rows, row, grammar().store().trie)); }
  nb::object bitmask() {
    Row row;
    {
      const auto lock = brief_lock(grammar().store());
      row = grammar().masks().known_row(matcher_.position()).row;
    }
    if (!row) row = locked(grammar(), [&] { return grammar().masks().row(matcher_.position()); });
    if (!row) dead_end();
    return read_only(row, grammar().store().trie.words());
  }
  u32 row_id() {
    handed_out_ = numbered_row(grammar(), matcher_.position());
    if (!handed_out_.row) dead_end();
    return handed_out_.id;
  }
  bool can_stop() {
    return locked(grammar(), [&] { return grammar().positions().can_stop(matcher_.position()); });
  }
  void set_configuration(std::int64_t number) { matcher_.move_to(position_of(grammar(), number)); }
  std::int64_t configuration() { return number_of(grammar(), matcher_.position()); }
  bool is_finished() const { return matcher_.is_finished(); }
  std::size_t advanced() const { return matcher_.advanced(); }
  void copy_from(const BoundMatcher& other) {
    if (!matcher_.copy_from(other.matcher_)) throw nb::value_error("matchers of different grammars");
  }

 private:
  CompiledGrammar& grammar() const { return matcher_.grammar(); }
  void fill_at(const RowPlace& place) {
    if (!structgen::fill(grammar(), matcher_.position(), place)) dead_end();
  }
  [[noreturn]] void dead_end() { raise("dead_end", nb::make_tuple(nb::find(*this))); }

  Matcher matcher_;
  std::optional<Rows> rows_;  // keeps the memory of the row alive
  RowPlace place_;
  RowTable::Numbered handed_out_;  // keeps its id
};

// Fills a row of an array for each matcher. The place in the list of the first one in a dead end; -1: there is none.
std::int64_t fill_all(const std::vector<BoundMatcher*>& matchers, const Rows& array,
                      const std::vector<std::int64_t>& rows) {
  for (std::size_t i = 0; i < matchers.size(); ++i)
    if (!matchers[i]->try_fill(array, rows.at(i))) return static_cast<std::int64_t>(i);
  return -1;
}

// Advances each matcher by its token. The place in the list of the first one that may not: the others before it have
// advanced. -1: all have.
std::int64_t advance_all(const std::vector<BoundMatcher*>& matchers, const std::vector<std::int64_t>& tokens) {
  for (std::size_t i = 0; i < matchers.size(); ++i)
    if (!matchers[i]->try_advance(tokens.at(i))) return static_cast<std::int64_t>(i);
  return -1;
}

// Advances by as many tokens as may come; their number.
std::size_t accept_prefix(BoundMatcher& matcher, const std::vector<std::int64_t>& tokens) {
  std::size_t count = 0;
  while (count < tokens.size() && matcher.try_advance(tokens[count])) ++count;
  return count;
}

}  // namespace

void bind_matcher(nb::module_& m) {
  nb::class_<BoundMatcher>(m, "Matcher", "One sequence's position in a compiled grammar.")
      .def(
          "__init__",
          [](BoundMatcher* self, std::shared_ptr<CompiledGrammar> grammar) {
            new (self) BoundMatcher(std::move(grammar));
          },
          "grammar"_a)
      .def("advance", &BoundMatcher::advance, "token_id"_a)
      .def("try_advance", &BoundMatcher::try_advance, "token_id"_a)
      .def("rollback", &BoundMatcher::rollback, "count"_a)
      .def("bind", &BoundMatcher::bind, "array"_a.noconvert(), "row"_a)  // of another type a copy would be filled
      .def("fill", &BoundMatcher::fill)
      .def("fill_bitmask", &BoundMatcher::fill_bitmask, "array"_a.noconvert(), "row"_a)
      .def("bitmask", &BoundMatcher::bitmask)
      .def("row_id", &BoundMatcher::row_id)
      .def("copy_from", &BoundMatcher::copy_from, "other"_a)
      .def_prop_ro("can_stop", &BoundMatcher::can_stop)
      .def_prop_ro("is_finished", &BoundMatcher::is_finished)
      .def_prop_ro("advanced", &BoundMatcher::advanced)
      .def_prop_rw("configuration", &BoundMatcher::configuration, &BoundMatcher::set_configuration);
  m.def("fill_all", &fill_all, "matchers"_a, "array"_a.noconvert(), "rows"_a,
        "Fill a row of an array for each matcher; the place of the first one in a dead end, or -1.");
  m.def("advance_all", &advance_all, "matchers"_a, "tokens"_a,
        "Advance each matcher by its token; the place of the first one that may not, or -1. Those before it have.");
  m.def("accept_prefix", &accept_prefix, "matcher"_a, "tokens"_a,
        "Advance by as many tokens as may come; their number.");
}
