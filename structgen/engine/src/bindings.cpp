// The module. With the other *_bindings.cpp all that includes nanobind: they convert, translate errors and release the
// GIL, and decide nothing.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <utility>

#include "bindings.h"
#include "positions.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen;

namespace {

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
  std::shared_ptr<Store> store;
  {
    const nb::gil_scoped_release released;
    store = std::make_shared<Store>(std::move(native), size);
  }
  guard_at_fork(store);
  return store;
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);  // what lives as long as the process is not a leak
  m.doc() = "The native engine of structgen. Use structgen.compile() instead.";

  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const LimitExceeded& error) {
      const nb::object made = nb::module_::import_("structgen.errors").attr("LimitExceeded")(error.which, error.value);
      PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(made.ptr())), made.ptr());
    } catch (const PositionNumbers::Forgotten&) {
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

  guard_forks();
  bind_rows(m);
  bind_expressions(m);
  bind_grammar(m);
  bind_matcher(m);
  bind_apply(m);
}
