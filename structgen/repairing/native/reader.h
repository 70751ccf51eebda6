// The native half of the JSON repair: reads a value whose damage is local straight into Python objects, in one pass.
//
// Damage is local if it can be repaired in place, whatever the brackets around it mean: other quotes, a name without
// quotes, a comma or colon too many or too few, a comment, `True`, a quote inside a string. At anything else (a bracket
// that does not fit, a duplicate name, a text that breaks off) this unit stops, says where, and returns the complete
// items of the arrays that were open, so that nothing is read again. The rest is the work of the Python lexer and the
// bracket search, which would read all of this in the same way, at a hundredth of the speed.
//
// Invariants   What is accepted here means the same to lexer.py; a doubt is a stop, never a guess.
//              Every character that is not read as it is has a mark.
// Cost         One pass, some 10 ns for a character; most of it is Python's own making of objects. No recursion.
// Not here     What a mark is called (json/native_reader.py), prose, fences, schemas.
#pragma once

#include <Python.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "owned.h"

namespace structgen::repairing {

// A repair. json/native_reader.py has their names, in this order.
enum class Change : std::int64_t {
  OtherQuote,  // detail: the quote
  BareName,
  ForeignLiteral,
  TrailingComma,
  SurplusComma,
  MissingComma,
  Comment,
  InnerQuotes,  // detail: how many
  MissingColon,
  OtherColon,
  SurplusColon,
  ControlCharacter,
};

struct Mark {
  Change change;
  std::int64_t start, end, detail;
};

// An open bracket.
struct Frame {
  Owned container;
  bool is_object = false;
  Owned name;                               // of the member whose value is being read
  Py_ssize_t start = 0;                     // of the bracket
  Py_ssize_t last_start = 0, last_end = 0;  // of the last complete item
  std::size_t marks = 0, marks_done = 0;    // before the bracket, and after the last complete item
};

// Does the text break off, with nothing else wrong?
enum class Cut { No, Outside, InString };

struct Outcome {
  Owned value;                                           // null: not read to its end
  std::vector<std::pair<Py_ssize_t, Py_ssize_t>> spans;  // of the values in a row
  Py_ssize_t end = 0;                                    // of the value; or how far the text was read
  Cut cut = Cut::No;
  std::vector<Frame> open;  // where reading stopped, the outermost first
  std::vector<Mark> marks;
};

enum class What { Value, Items, Row };

// Reads the container at `start`, or the items of an array from `start` on, whose bracket stands somewhere before: that
// one is the first open frame then, and never closed here. Or containers in a row with nothing but blanks between them,
// such as JSON Lines. `failed` is set to true if a Python error is set.
Outcome read(PyObject* text, Py_ssize_t start, Py_ssize_t stop, What what, bool& failed);

// 0: not JSON; 1: JSON in which no object has a name twice; 2: JSON in which some object may.
int check(PyObject* text);

}  // namespace structgen::repairing
