// The only unit that includes nanobind.
#include <nanobind/nanobind.h>

#include <algorithm>

#include "reader.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen::repairing;

namespace {

// Packed edits as bytes, four numbers of 64 bits for each, and how many of them are guesses; None if there are none.
nb::object packed(const std::vector<Mark>& marks, std::size_t first, std::size_t last) {
  static_assert(sizeof(Mark) == 4 * sizeof(std::int64_t));
  if (first >= last) return nb::none();
  const auto begin = marks.begin() + static_cast<std::ptrdiff_t>(first);
  const auto guesses = std::count_if(begin, marks.begin() + static_cast<std::ptrdiff_t>(last),
                                     [](const Mark& mark) { return mark.change == Change::InnerQuotes; });
  return nb::make_tuple(nb::bytes(reinterpret_cast<const char*>(marks.data() + first), (last - first) * sizeof(Mark)),
                        guesses);
}

nb::tuple read_bound(nb::str text, Py_ssize_t start, Py_ssize_t stop, bool items) {
  const Py_ssize_t length = PyUnicode_GET_LENGTH(text.ptr());
  stop = std::clamp<Py_ssize_t>(stop, 0, length);
  start = std::clamp<Py_ssize_t>(start, 0, stop);
  bool failed = false;
  Outcome out = read(text.ptr(), start, stop, items ? What::Items : What::Value, failed);
  if (failed) throw nb::python_error();
  if (out.value) {
    nb::object value = nb::steal(out.value.release());
    return nb::make_tuple(value, out.end, packed(out.marks, 0, out.marks.size()), nb::none(), 0);
  }
  nb::list open;
  for (Frame& frame : out.open) {
    nb::object done = nb::none();
    if (!frame.is_object && PyList_GET_SIZE(frame.container.get()) > 0)
      done = nb::make_tuple(nb::steal(frame.container.release()), frame.last_start, frame.last_end,
                            packed(out.marks, frame.marks, frame.marks_done));
    open.append(nb::make_tuple(frame.start, done));
  }
  return nb::make_tuple(nb::none(), out.end, nb::none(), open, static_cast<int>(out.cut));
}

nb::tuple row(nb::str text, Py_ssize_t start, Py_ssize_t stop) {
  stop = std::clamp<Py_ssize_t>(stop, 0, PyUnicode_GET_LENGTH(text.ptr()));
  start = std::clamp<Py_ssize_t>(start, 0, stop);
  bool failed = false;
  Outcome out = read(text.ptr(), start, stop, What::Row, failed);
  if (failed) throw nb::python_error();
  const Frame& frame = out.open.front();
  nb::list spans;
  for (const auto& [first, last] : out.spans) spans.append(nb::make_tuple(first, last));
  return nb::make_tuple(nb::borrow(frame.container.get()), spans, frame.marks_done == 0, out.end);
}

}  // namespace

NB_MODULE(_reader, module) {
  module.doc() = "The native half of the JSON repair.";
  module.def(
      "check", [](nb::str text) { return check(text.ptr()); }, "text"_a,
      "0: not JSON; 1: JSON in which no object has a name twice; 2: JSON in which some object may.");
  module.def(
      "row", &row, "text"_a, "start"_a, "stop"_a,
      nb::sig("def row(text: str, start: int, stop: int) -> tuple[list[object], list[tuple[int, int]], bool, int]"),
      "Read containers with nothing but blanks between them.\n\n"
      "Returns them, their spans, whether nothing was repaired, and how far the text was read.");
  module.def(
      "read", &read_bound, "text"_a, "start"_a, "stop"_a, "items"_a,
      nb::sig("def read(text: str, start: int, stop: int, items: bool) -> tuple[object, int, tuple[bytes, int] | None, "
              "list[tuple[int, tuple[list[object], int, int, tuple[bytes, int] | None] | None]] | None, int]"),
      "Read the container at `start`, or the items of an array from there on.\n\n"
      "Returns (value, its end, marks, None, 0); or (None, how far the text was read, None, open brackets, cut).\n"
      "Of an open bracket: its start, and of an array (items, start of the last, its end, marks) as far as it is\n"
      "complete. `cut`: 0 if something is wrong; 1 if the text breaks off, 2 if it does in a string.");
}
