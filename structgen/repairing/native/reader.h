// The fast half of the JSON repair: reads a value whose damage is local straight into Python objects, in one pass.
//
// Damage is local if it can be set right where it stands, whatever the brackets around it mean: other quotes, a name
// without quotes, a comma or colon too much or too few, a comment, `True`, a quote inside a string. Whatever else is
// met (a bracket that does not fit, a name that comes twice, a text that breaks off) is not for this unit: it stops,
// says where, and hands out the complete items of the arrays that were open, so that nothing is read again. The rest is
// the work of lexer.py and structure.py, which would read all of what is read here in the same way, at a hundredth of
// the speed.
//
// Invariants   What is accepted here means the same to lexer.py; a doubt is a stop, never a guess.
//              Every character that is not taken as it stands is under a mark.
// Cost         One pass, some 10 ns for a character; most of it is Python's own making of objects. No recursion.
// Not here     What a mark is called (marks.py), prose, fences, schemas.
#pragma once

#include <Python.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace structgen::repairing {

// What was set right. In marks.py these have their names, in this order.
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

// A reference that is given back.
class Owned {
 public:
  explicit Owned(PyObject* object = nullptr) : object_(object) {}
  Owned(Owned&& other) noexcept : object_(other.release()) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) {
      Py_XDECREF(object_);
      object_ = other.release();
    }
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { Py_XDECREF(object_); }
  PyObject* get() const { return object_; }
  PyObject* release() {
    PyObject* object = object_;
    object_ = nullptr;
    return object;
  }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_;
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

// Whether the text breaks off, and nothing else is wrong with it.
enum class Cut { No, Outside, InString };

struct Outcome {
  Owned value;                                           // null: not read to its end
  std::vector<std::pair<Py_ssize_t, Py_ssize_t>> spans;  // of the values in a row
  Py_ssize_t end = 0;                                    // of the value; or how far the text was looked at
  Cut cut = Cut::No;
  std::vector<Frame> open;  // where reading stopped, the outermost first
  std::vector<Mark> marks;
};

enum class What { Value, Items, Row };

// Reads the container at `start`, or the items of an array from `start` on, whose bracket stands somewhere before: that
// one is the first open frame then, and never closed here. Or containers in a row with nothing but blanks between them,
// such as JSON Lines. A Python error is left set, and told by `failed`.
Outcome read(PyObject* text, Py_ssize_t start, Py_ssize_t stop, What what, bool& failed);

// 0: not JSON; 1: JSON in which no object has a name twice; 2: JSON in which some object may.
int check(PyObject* text);

}  // namespace structgen::repairing
